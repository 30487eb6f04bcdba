// What is shown of one camera: its live picture, its state, its switch and settings, and why nothing
// counted.

import { Stream, streamUrl } from "./live.js";
import { Settings } from "./settings.js";
import { ask, copy, element, json, momentOf, setText, wordsOf } from "./words.js";

let ruleWords = null; // what each rule means, asked for when somebody wants to know

export class Tile {
  // With a wall the picture is a part of it, but for who wants it large or wants to know why.
  constructor(id, wall, onWhy) {
    this.id = id;
    this.wall = wall;
    this.watched = false;
    this.root = document.getElementById("camera-template").content.firstElementChild.cloneNode(true);
    this.root.dataset.camera = id;
    this.stream = new Stream(this.find(".live"), this.find(".last"));
    this.settings = new Settings(this.find(".settings"), id);
    wall?.add(this.find(".last"), this.find(".live"));
    this.find(".detection").addEventListener("change", (event) => this.switchDetection(event.target));
    this.find(".enlarge").addEventListener("click", () => this.enlarge());
    this.find(".screen").addEventListener("fullscreenchange", () => this.tune());
    this.find(".why").addEventListener("click", () => {
      this.askWhyNot(this.find(".why-not").hidden);
      onWhy(this);
    });
    for (const button of this.root.querySelectorAll(".copy")) {
      button.addEventListener("click", () => copy(button));
    }
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  get refusal() {
    const text = (this.wall ?? this).stream.refusal;
    return text ? `No live picture: ${text}` : "";
  }

  // Watch, or stop to.
  watch(watched) {
    this.watched = watched;
    this.tune();
  }

  // Open the stream that is wanted now.
  tune() {
    const asksWhy = !this.find(".why-not").hidden;
    const alone = !this.wall || asksWhy || this.isLarge;
    if (!this.watched || !alone) this.stream.close();
    else this.stream.open(streamUrl(this.id, asksWhy ? [...this.camera.overlay, "mask"] : null));
  }

  show(camera, admin, base) {
    const online = camera.status === "online";
    const on = camera.detection !== false;
    this.root.classList.toggle("offline", !online);
    this.root.classList.toggle("motion", online && camera.motion);
    this.root.classList.toggle("off", online && !on);
    setText(this.find(".badge"), badgeOf(camera, online, on));
    setText(this.find(".name"), camera.name);
    this.root.setAttribute("aria-label", camera.name);
    this.find(".live").alt = `Live picture of ${camera.name}`;
    setText(this.find(".facts"), factsOf(camera, online));
    setText(this.find(".reason"), reasonOf(camera) || this.refusal);
    this.find(".reason").hidden = !this.find(".reason").textContent;
    this.showZones(camera.zones);
    this.showSwitch(camera, on, admin);
    this.settings.show(camera, admin);
    this.showUrls(base);
    this.camera = camera;
    this.stream.check(dueMsOf(camera));
    if (!this.find(".why-not").hidden) this.showWhyNot();
  }

  // Switch between the usual picture and the one that shows what was made of each change.
  askWhyNot(asked) {
    const panel = this.find(".why-not");
    if (panel.hidden !== asked) return;
    panel.hidden = !asked;
    this.find(".why").setAttribute("aria-pressed", String(asked));
    this.tune();
    if (asked) this.showWhyNot();
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
    const { refusal } = await ask(this.id, "detection", { value: box.checked });
    if (refusal !== undefined) this.switchedUntil = 0;
  }

  get isLarge() {
    const screen = this.find(".screen");
    return document.fullscreenElement === screen || screen.classList.contains("large");
  }

  // An iPhone makes nothing but videos full screen; there the picture fills the page.
  enlarge() {
    const screen = this.find(".screen");
    if (!document.fullscreenEnabled) screen.classList.toggle("large");
    else if (document.fullscreenElement) document.exitFullscreen();
    else screen.requestFullscreen().catch(() => {});
    this.tune();
  }
}

// How soon another picture should come; null while none is to be expected.
export function dueMsOf(camera) {
  if (camera.status !== "online" || !camera.fps || camera.age_s > 2) return null;
  return 3000 / camera.fps;
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
  const away = { starting: "Starting", privacy: "Private" };
  if (!online) return away[camera.state] ?? "Offline";
  if (!on) return "Detection off";
  return camera.motion ? "Motion" : "Clear";
}

function factsOf(camera, online) {
  const facts = [];
  if (online && camera.fps !== null) facts.push(`${camera.fps.toFixed(camera.fps < 10 ? 1 : 0)} fps`);
  if (camera.viewers > 0) facts.push(`${camera.viewers} watching`);
  return facts.join(" · ");
}

// A camera that is dark or slow is online, and has a reason, too.
function reasonOf(camera) {
  if (camera.state === "ok" || camera.state === "starting") return "";
  const since = camera.since ? ` · since ${momentOf(camera.since)}` : "";
  return `${camera.reason ?? "No picture"}${since}`;
}
