// The page: live pictures, what the cameras are doing, and the last events. It asks for the state
// once a second.

import { loadOlder, refreshEvents } from "./events.js";
import { Wall } from "./live.js";
import { Tile, dueMsOf } from "./tile.js";
import { HERE, LoginNeeded, json, setText } from "./words.js";

const POLL_MS = 1000;
const MAX_STREAMS = 4; // a browser opens six connections to a host; two are left for the rest

const $ = (id) => document.getElementById(id);
const tiles = new Map(); // camera id -> Tile
let wall = null; // all cameras in one stream, where there are more of them
let shownRun = null; // changes when the daemon has started again

function showState(state) {
  if (shownRun !== null && shownRun !== state.run) location.reload(); // the page may be new, too
  shownRun = state.run;
  setText($("node"), state.node);
  setText($("version"), `pimotion ${state.version}`);
  showBroker(state.mqtt);
  const base = new URL(state.public_url ? state.public_url.replace(/\/*$/, "/") : HERE);
  if (tiles.size === 0) addTiles(state.cameras);
  for (const camera of state.cameras) tiles.get(camera.id).show(camera, state.admin, base);
  checkWall(state.cameras);
  const moving = state.cameras.some((camera) => camera.status === "online" && camera.motion);
  document.title = moving ? `● Motion · ${state.node}` : `pimotion · ${state.node}`;
}

function addTiles(cameras) {
  if (cameras.length > MAX_STREAMS) wall = new Wall();
  $("cameras").classList.toggle("many", wall !== null);
  for (const { id } of cameras) {
    const tile = new Tile(id, wall, askedWhy);
    tiles.set(id, tile);
    $("cameras").append(tile.root);
  }
  if (!document.hidden) watch(true);
}

// Beside the wall there are connections for one more stream.
function askedWhy(asking) {
  if (wall) tiles.forEach((tile) => tile !== asking && tile.askWhyNot(false));
}

function watch(watched) {
  tiles.forEach((tile) => tile.watch(watched));
  if (watched) wall?.open();
  else wall?.close();
}

function checkWall(cameras) {
  const due = cameras.map(dueMsOf).filter((dueMs) => dueMs !== null);
  wall?.stream.check(due.length > 0 ? Math.min(...due) : null);
}

function showBroker(mqtt) {
  const pill = $("broker");
  pill.hidden = false;
  pill.classList.toggle("bad", !mqtt?.connected);
  setText(pill, mqtt?.connected ? "MQTT connected" : "MQTT not connected");
  const place = mqtt && mqtt.host !== "embedded" ? `, ${mqtt.host}:${mqtt.port}` : "";
  pill.title = `MQTT${place}`;
  setText($("broker-reason"), mqtt?.reason ? `MQTT${place}: ${mqtt.reason}` : "");
  $("broker-reason").hidden = !mqtt?.reason;
}

async function poll() {
  try {
    const state = await json("api/state");
    const wasGone = !$("trouble").hidden;
    showState(state);
    refreshEvents(state);
    $("trouble").hidden = true;
    if (wasGone) [wall, ...tiles.values()].forEach((each) => each?.stream.renew());
  } catch (error) {
    setText($("trouble"), troubleOf(error));
    $("trouble").hidden = false;
  }
}

function troubleOf(error) {
  if (error instanceof LoginNeeded) return "pimotion asks for a login: reload this page.";
  return `No contact with pimotion (${error.message}). Trying again.`;
}

let polling = null; // the timer of the turn that comes or is going on

function begin() {
  watch(true);
  const turn = async () => {
    const own = polling;
    await poll(); // meanwhile it may have ended, and begun anew with another timer
    if (polling === own) polling = setTimeout(turn, POLL_MS);
  };
  clearTimeout(polling);
  polling = setTimeout(turn, 0);
}

function end() {
  clearTimeout(polling);
  polling = null;
  watch(false);
}

$("more").addEventListener("click", loadOlder);
// A hidden page watches nothing: it would cost this browser and the camera's machine.
document.addEventListener("visibilitychange", () => (document.hidden ? end() : begin()));
addEventListener("pagehide", end);
addEventListener("pageshow", (event) => event.persisted && begin());
if (!document.hidden) begin();
