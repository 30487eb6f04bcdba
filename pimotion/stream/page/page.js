// The page: live pictures, what the cameras are doing, and the last events. It asks for the state
// once a second. Everything that comes from the server is shown as text, never as HTML, and every
// address is relative, so that the page works behind any path of a reverse proxy.

const POLL_MS = 1000;
const EVENTS_EVERY = 5; // polls; at once when a camera's event changes
const RETRY_MS = 2000;
const RENEW_MS = 30 * 60 * 1000; // Chrome's memory grows on an endless stream (ustreamer issue 30)
const MAX_STREAMS = 4; // a browser opens six connections to a host; two are left for the rest
const HERE = location.origin + location.pathname; // without a login that stands in the address
const BLANK = "static/blank.svg"; // loading anything else is what makes a browser close a stream

const $ = (id) => document.getElementById(id);
const tiles = new Map(); // camera id -> Tile
let ruleWords = null; // what each rule means, asked for when somebody wants to know
let shownRun = null; // changes when the daemon has started again
let cameraNames = new Map();

// ---- the live picture of one camera

class Stream {
  constructor(image, id) {
    this.image = image;
    this.plainUrl = this.url = `${id}/stream.mjpg`;
    this.timer = null;
    this.wanted = false;
    image.addEventListener("error", () => this.later(RETRY_MS));
  }

  // Draw these on the picture; null: what is usual.
  draw(overlay) {
    this.url = drawnUrl(this.plainUrl, overlay);
    if (this.wanted) this.renew();
  }

  start() {
    this.wanted = true;
    this.load();
  }

  stop() {
    this.wanted = false;
    clearTimeout(this.timer);
    this.image.src = BLANK;
  }

  load() {
    this.image.src = this.url;
    this.later(RENEW_MS);
  }

  // Close the stream and open it again; the same address alone would change nothing.
  renew() {
    this.image.src = BLANK;
    this.later(50);
  }

  later(delayMs) {
    clearTimeout(this.timer);
    if (!this.wanted) return;
    const again = () => (delayMs === RENEW_MS ? this.renew() : this.load());
    this.timer = setTimeout(again, delayMs);
  }
}

// For the cameras that no connection is left for. An image element would show the same address from
// its memory, so the picture is fetched.
class Stills {
  constructor(image, id) {
    this.image = image;
    this.plainUrl = this.url = `${id}/snapshot.jpg`;
    this.timer = null;
    image.addEventListener("load", () => URL.revokeObjectURL(image.src));
  }

  draw(overlay) {
    this.url = drawnUrl(this.plainUrl, overlay);
  }

  start() {
    this.stop();
    this.timer = setTimeout(() => this.turn(), 0);
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
  }

  renew() {}

  async turn() {
    const picture = await fetchPicture(this.url).catch(() => null);
    if (this.timer === null) return;
    if (picture) this.image.src = URL.createObjectURL(picture);
    this.timer = setTimeout(() => this.turn(), POLL_MS);
  }
}

function drawnUrl(url, overlay) {
  return overlay ? `${url}?overlay=${overlay.join(",")}` : url;
}

async function fetchPicture(url) {
  const answer = await fetch(new URL(url, HERE), { cache: "no-store" });
  if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
  return answer.blob();
}

// ---- the tile of one camera

class Tile {
  constructor(id, streams) {
    this.id = id;
    this.root = $("camera-template").content.firstElementChild.cloneNode(true);
    this.root.dataset.camera = id;
    const Live = streams ? Stream : Stills;
    this.live = new Live(this.find(".live"), id);
    this.find(".detection").addEventListener("change", (event) => this.switchDetection(event.target));
    this.find(".enlarge").addEventListener("click", () => this.enlarge());
    this.find(".why").addEventListener("click", () => this.askWhyNot());
    for (const button of this.root.querySelectorAll(".copy")) {
      button.addEventListener("click", () => copy(button));
    }
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  show(camera, admin, base) {
    const online = camera.status === "online";
    const on = camera.detection !== false;
    this.root.classList.toggle("offline", !online);
    this.root.classList.toggle("motion", online && camera.motion);
    this.root.classList.toggle("off", online && !on);
    setText(this.find(".badge"), badgeOf(camera, online, on));
    setText(this.find(".name"), camera.name);
    this.find(".live").alt = `Live picture of ${camera.name}`;
    setText(this.find(".facts"), factsOf(camera, online));
    setText(this.find(".reason"), reasonOf(camera, online));
    this.find(".reason").hidden = online || !this.find(".reason").textContent;
    this.showZones(camera.zones);
    this.showSwitch(camera, on, admin);
    this.showUrls(base);
    this.camera = camera;
    if (!this.find(".why-not").hidden) this.showWhyNot();
  }

  // Switch between the usual picture and the one that shows what was made of each change.
  askWhyNot() {
    const panel = this.find(".why-not");
    panel.hidden = !panel.hidden;
    this.find(".why").setAttribute("aria-pressed", String(!panel.hidden));
    this.live.draw(panel.hidden ? null : [...this.camera.overlay, "mask"]);
    if (!panel.hidden) this.showWhyNot();
  }

  async showWhyNot() {
    const counts = Object.entries(this.camera.suppressed_last_minute).sort((a, b) => b[1] - a[1]);
    setText(this.find(".verdict"), verdictOf(this.camera, counts.length > 0));
    ruleWords ??= await json("api/rules").catch(() => null);
    const list = this.find(".rules");
    const names = counts.map(([name]) => name).join();
    if (list.dataset.names !== names || list.dataset.named !== String(Boolean(ruleWords))) {
      list.dataset.names = names;
      list.dataset.named = Boolean(ruleWords);
      list.replaceChildren(...counts.map(([name]) => ruleItem(name)));
    }
    counts.forEach(([, count], n) => {
      setText(list.children[n].querySelector(".count"), `${count} ${count === 1 ? "frame" : "frames"}`);
    });
  }

  showZones(zones) {
    const list = this.find(".zones");
    const names = Object.keys(zones);
    if (list.childElementCount !== names.length) {
      list.replaceChildren(...names.map((name) => element("li", wordsOf(name))));
    }
    names.forEach((name, n) => list.children[n].classList.toggle("motion", zones[name]));
  }

  showSwitch(camera, on, admin) {
    const box = this.find(".detection");
    if (Date.now() > (this.switchedUntil ?? 0)) box.checked = on;
    box.disabled = !admin || camera.detection === null;
    this.find(".switch").hidden = camera.detection === null;
  }

  showUrls(base) {
    this.find(".mjpeg-url").value = new URL(`${this.id}/stream.mjpg`, base).href;
    this.find(".still-url").value = new URL(`${this.id}/snapshot.jpg`, base).href;
    this.find(".here-only").hidden = !["localhost", "127.0.0.1", "[::1]"].includes(base.hostname);
  }

  async switchDetection(box) {
    this.switchedUntil = Date.now() + 3000; // until the camera itself says so
    const answer = await fetch(new URL(`api/cameras/${this.id}/detection`, HERE), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ value: box.checked }),
    }).catch(() => null);
    if (!answer?.ok) this.switchedUntil = 0;
  }

  enlarge() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.find(".screen").requestFullscreen?.();
  }
}

function verdictOf(camera, heldBack) {
  if (camera.detection === false) return "Detection is switched off: nothing is looked at.";
  if (camera.learning) return "The scene is still being learnt: nothing can count yet.";
  return heldBack ? "Held back in the last minute:" : "Nothing was held back in the last minute.";
}

function ruleItem(name) {
  const words = ruleWords?.[name] ?? { label: wordsOf(name), meaning: "", advice: "" };
  const item = document.createElement("li");
  item.dataset.rule = name;
  const parts = { rule: words.label, count: "", meaning: `${words.meaning} ${words.advice}` };
  for (const [kind, text] of Object.entries(parts)) {
    const part = element("span", text);
    part.className = kind;
    item.append(part);
  }
  return item;
}

function badgeOf(camera, online, on) {
  if (!online) return camera.state === "starting" ? "Starting" : "Offline";
  if (!on) return "Detection off";
  return camera.motion ? "Motion" : "Clear";
}

function factsOf(camera, online) {
  const facts = [];
  if (online && camera.fps !== null) facts.push(`${camera.fps.toFixed(camera.fps < 10 ? 1 : 0)} fps`);
  if (camera.viewers > 1) facts.push(`${camera.viewers} watching`);
  return facts.join(" · ");
}

function reasonOf(camera, online) {
  if (online || camera.state === "starting") return "";
  const since = camera.since ? `, since ${momentOf(camera.since)}` : "";
  return `${camera.reason ?? "No picture"}${since}`;
}

// ---- the events

const events = { rows: [], marker: "", countdown: 0, older: [] };

async function refreshEvents(state) {
  const marker = JSON.stringify(state.cameras.map((camera) => camera.event));
  events.countdown -= 1;
  if (marker === events.marker && events.countdown > 0) return;
  // The still of an event is stored a moment after its start: so look again soon.
  events.countdown = marker === events.marker ? EVENTS_EVERY : 1;
  events.marker = marker;
  events.rows = await json("api/events?limit=30");
  if (events.older.length === 0) $("more").hidden = events.rows.length < 30;
  showEvents();
}

async function loadOlder() {
  const last = events.older.at(-1) ?? events.rows.at(-1);
  const rows = await json(`api/events?limit=30&before=${encodeURIComponent(last.id)}`);
  events.older.push(...rows);
  $("more").hidden = rows.length < 30;
  showEvents();
}

function showEvents() {
  const list = $("events");
  const known = new Map([...list.children].map((item) => [item.dataset.id, item]));
  const seen = new Set();
  const rows = [...events.rows, ...events.older].filter((row) => {
    return !seen.has(row.id) && seen.add(row.id);
  });
  const items = rows.map((row) => showEvent(known.get(row.id) ?? newEvent(row), row));
  // Only what moved is moved, so that a picture that loads is not disturbed.
  items.forEach((item, n) => {
    if (list.children[n] !== item) list.insertBefore(item, list.children[n] ?? null);
  });
  while (list.childElementCount > items.length) list.lastElementChild.remove();
  $("no-events").hidden = items.length > 0;
}

function newEvent(row) {
  const item = $("event-template").content.firstElementChild.cloneNode(true);
  item.dataset.id = row.id;
  const button = item.querySelector(".still");
  button.disabled = true;
  item.querySelector("img").addEventListener("load", () => (button.disabled = false));
  item.querySelector("img").addEventListener("error", () => (button.disabled = true));
  button.addEventListener("click", () => openPicture(item));
  return item;
}

function showEvent(item, row) {
  const text = JSON.stringify(row);
  if (item.dataset.row === text) return item;
  item.dataset.row = text;
  const running = row.reason === null;
  item.classList.toggle("running", running);
  setText(item.querySelector(".title"), titleOf(row));
  setText(item.querySelector("time"), row.started_at ? momentOf(row.started_at) : "time unknown");
  item.querySelector("time").dateTime = row.started_at ?? "";
  setText(item.querySelector(".length"), lengthOf(row, running));
  const image = item.querySelector("img");
  image.alt = `${titleOf(row)}, picture`;
  // A better picture may come while the event runs; another address makes the browser look again.
  if (row.snapshot) image.src = `api/events/${encodeURIComponent(row.id)}/snapshot.jpg?v=${row.duration_s}`;
  return item;
}

function titleOf(row) {
  const camera = cameraNames.get(row.camera) ?? row.camera;
  return [camera, ...(row.zones ?? []).map(wordsOf)].join(" · ");
}

function lengthOf(row, running) {
  if (running) return "now";
  const reasons = { source_lost: "camera lost", shutdown: "pimotion stopped", crash: "cut off" };
  const seconds = row.duration_s;
  const length = seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds / 60)} min`;
  return reasons[row.reason] ? `${length}, ${reasons[row.reason]}` : length;
}

function openPicture(item) {
  const row = JSON.parse(item.dataset.row);
  $("viewer-picture").src = item.querySelector("img").src;
  $("viewer-picture").alt = item.querySelector("img").alt;
  setText($("viewer-text"), `${titleOf(row)} — ${item.querySelector("time").textContent}`);
  $("viewer").showModal();
}

// ---- the whole

async function json(url) {
  const answer = await fetch(new URL(url, HERE), { cache: "no-store" });
  if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
  return answer.json();
}

function showState(state) {
  if (shownRun !== null && shownRun !== state.run) location.reload(); // the page may be new, too
  shownRun = state.run;
  cameraNames = new Map(state.cameras.map((camera) => [camera.id, camera.name]));
  setText($("node"), state.node);
  setText($("version"), `pimotion ${state.version}`);
  showBroker(state.mqtt);
  const base = new URL(state.public_url ? state.public_url.replace(/\/*$/, "/") : HERE);
  state.cameras.forEach((camera, n) => {
    if (!tiles.has(camera.id)) addTile(camera.id, n < MAX_STREAMS);
    tiles.get(camera.id).show(camera, state.admin, base);
  });
  const moving = state.cameras.some((camera) => camera.status === "online" && camera.motion);
  document.title = moving ? `● Motion · ${state.node}` : `pimotion · ${state.node}`;
}

function addTile(id, streams) {
  const tile = new Tile(id, streams);
  tiles.set(id, tile);
  $("cameras").append(tile.root);
  if (!document.hidden) tile.live.start();
}

function showBroker(mqtt) {
  const pill = $("broker");
  pill.hidden = false;
  pill.classList.toggle("bad", !mqtt?.connected);
  setText(pill, mqtt?.connected ? "MQTT connected" : "MQTT not connected");
  pill.title = mqtt ? `${mqtt.host}:${mqtt.port}${mqtt.reason ? ` - ${mqtt.reason}` : ""}` : "";
}

async function poll() {
  try {
    const state = await json("api/state");
    const wasGone = !$("trouble").hidden;
    showState(state);
    await refreshEvents(state);
    $("trouble").hidden = true;
    if (wasGone) tiles.forEach((tile) => tile.live.renew());
  } catch (error) {
    setText($("trouble"), `No contact with pimotion (${error.message}). Trying again.`);
    $("trouble").hidden = false;
  }
}

let polling = null;

function begin() {
  tiles.forEach((tile) => tile.live.start());
  const turn = async () => {
    await poll();
    if (polling !== null) polling = setTimeout(turn, POLL_MS);
  };
  clearTimeout(polling);
  polling = setTimeout(turn, 0);
}

function end() {
  clearTimeout(polling);
  polling = null;
  tiles.forEach((tile) => tile.live.stop());
}

// ---- small things

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function element(name, text) {
  const node = document.createElement(name);
  node.textContent = text;
  return node;
}

function wordsOf(id) {
  const words = id.replaceAll(/[_-]/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function momentOf(iso) {
  const moment = new Date(iso);
  const time = moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  if (moment.toDateString() === new Date().toDateString()) return time;
  return `${moment.toLocaleDateString([], { weekday: "short", day: "numeric", month: "short" })}, ${time}`;
}

async function copy(button) {
  const field = button.previousElementSibling;
  field.select();
  // The clipboard's own interface exists on https and localhost only.
  const done = navigator.clipboard
    ? await navigator.clipboard.writeText(field.value).then(() => true, () => false)
    : document.execCommand("copy");
  setText(button, done ? "Copied" : "Press Ctrl+C");
  setTimeout(() => setText(button, "Copy"), 2000);
}

$("more").addEventListener("click", () => loadOlder().catch(() => {}));
$("viewer").addEventListener("click", (event) => {
  if (event.target === $("viewer")) $("viewer").close();
});
// A hidden page watches nothing: it would cost this browser and the camera's machine.
document.addEventListener("visibilitychange", () => (document.hidden ? end() : begin()));
addEventListener("pagehide", end);
addEventListener("pageshow", (event) => event.persisted && begin());
begin();
