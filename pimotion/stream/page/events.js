// The list of events.

import { Refusal, json, momentOf, setText, wordsOf } from "./words.js";

const EVENTS_EVERY = 5; // polls; at once when a camera's event changes
const PAGE = 30;
const MOST_AT_ONCE = 200; // of the server
const RETRY_MS = 2000; // until a picture that did not come is asked for again; in vain: after twice
const LONGEST_MS = 60 * 1000; // the time, at most this

const $ = (id) => document.getElementById(id);
let cameraNames = new Map();

const events = { marker: "", countdown: 0, wanted: PAGE, isAsking: false };

// Nobody waits for it: what the cameras see is shown while a disk hangs.
export function refreshEvents(state) {
  if (events.isAsking) return;
  cameraNames = new Map(state.cameras.map((camera) => [camera.id, camera.name]));
  const marker = JSON.stringify(state.cameras.map((camera) => camera.event));
  events.countdown -= 1;
  if (marker === events.marker && events.countdown > 0) return;
  // The still of an event is stored a moment after its start: so look again soon.
  events.countdown = marker === events.marker ? EVENTS_EVERY : 1;
  events.marker = marker;
  events.isAsking = true;
  showNewest(events.wanted).finally(() => (events.isAsking = false));
}

export function loadOlder() {
  events.wanted += PAGE;
  showNewest(events.wanted);
}

async function showNewest(count) {
  const found = await newest(count).catch((error) => ({ error }));
  if (count !== events.wanted) return; // more are on their way
  if (found.error) {
    showTrouble(found.error);
    return;
  }
  $("events-trouble").hidden = true;
  $("more").hidden = found.isAll;
  showEvents(found.rows);
}

// That there is no contact, or no login, is told by whoever asks for the state of the cameras.
function showTrouble(error) {
  if (!(error instanceof Refusal) && error.name !== "TimeoutError") return;
  $("events-trouble").hidden = false;
  $("no-events").hidden = true;
}

// The older ones are asked for again, too: they end and are forgotten, and what was the newest
// becomes one of them.
async function newest(count) {
  const rows = [];
  let isAll = false;
  while (!isAll && rows.length < count) {
    const limit = Math.min(count - rows.length, MOST_AT_ONCE);
    const before = rows.length > 0 ? `&before=${encodeURIComponent(rows.at(-1).id)}` : "";
    const page = await json(`api/events?limit=${limit}${before}`);
    rows.push(...page);
    isAll = page.length < limit;
  }
  return { rows, isAll };
}

function showEvents(rows) {
  const list = $("events");
  const known = new Map([...list.children].map((item) => [item.dataset.id, item]));
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
  const image = item.querySelector("img");
  let waitMs = RETRY_MS;
  button.disabled = true;
  image.addEventListener("load", () => {
    button.disabled = false;
    waitMs = RETRY_MS;
  });
  image.addEventListener("error", () => {
    button.disabled = true;
    setTimeout(() => askAgain(image), waitMs);
    waitMs = Math.min(2 * waitMs, LONGEST_MS);
  });
  button.addEventListener("click", () => openPicture(item));
  return item;
}

// A browser never does so by itself, though the network was gone for a moment only.
function askAgain(image) {
  const isBroken = image.complete && image.naturalWidth === 0;
  if (image.isConnected && isBroken) image.src = image.src; // the same, but it makes it look again
}

function showEvent(item, row) {
  // Of today only the time is said, so it changes at midnight.
  setText(item.querySelector("time"), row.started_at ? momentOf(row.started_at) : "time unknown");
  const text = JSON.stringify(row);
  if (item.dataset.row === text) return item;
  item.dataset.row = text;
  const running = row.reason === null;
  item.classList.toggle("running", running);
  setText(item.querySelector(".title"), titleOf(row));
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

$("viewer").addEventListener("click", (event) => {
  if (event.target === $("viewer")) $("viewer").close();
});

// Else it would be seen above the next one's words until that has come.
$("viewer").addEventListener("close", () => $("viewer-picture").removeAttribute("src"));
