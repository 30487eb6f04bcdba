// The list of events.

import { json, momentOf, setText, wordsOf } from "./words.js";

const EVENTS_EVERY = 5; // polls; at once when a camera's event changes

const $ = (id) => document.getElementById(id);
let cameraNames = new Map();

const events = { rows: [], marker: "", countdown: 0, older: [] };

export async function refreshEvents(state) {
  cameraNames = new Map(state.cameras.map((camera) => [camera.id, camera.name]));
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

export async function loadOlder() {
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

$("viewer").addEventListener("click", (event) => {
  if (event.target === $("viewer")) $("viewer").close();
});
