// The page, live.

import { listen } from "./actions.js";
import { Board } from "./board.js";
import { makeReadable } from "./chart.js";
import { addEvent, addHappening, addRun, catchUp } from "./journal.js";
import { applyReading, applyReadings } from "./probes.js";
import { Stream } from "./stream.js";
import { now, showAbsolute, start } from "./times.js";

const UPTIME_EVERY_MS = 60_000;
const UPTIME_AFTER_CHANGE_MS = 6_000;
const root = document.documentElement;
const byId = (id) => document.getElementById(id);
const board = new Board();
let refreshing = 0;
let asking = 0;

/** Draw what follows from all cards once for all frames that arrive together. */
function refreshSoon() {
  refreshing ||= setTimeout(() => {
    refreshing = 0;
    board.refresh();
  }, 50);
}

function applyState(state) {
  if (board.apply(state)) addRun(state);
  refreshSoon();
}

function applySnapshot(snapshot) {
  if (snapshot.version !== root.dataset.version) return renew(snapshot.version);
  board.keepOnly(new Set(Object.keys(snapshot.checks)));
  for (const state of Object.values(snapshot.checks)) applyState(state);
  showProblems(snapshot.config_error ?? []);
  applyReadings(snapshot.readings ?? []);
  showMuted(snapshot.alerts.muted);
  board.weigh(snapshot.summary);
  board.refresh();
  catchUp();
  // What changed before the stream began, nothing else tells.
  refreshUptimesSoon();
}

/** Load the page anew after an update of the daemon; once, lest a proxy's cache make it a loop. */
function renew(version) {
  if (sessionStorage.getItem("renewed") === version) return;
  sessionStorage.setItem("renewed", version);
  location.reload();
}

function applySummary(summary) {
  board.weigh(summary);
  refreshSoon();
}

function applyPolled(reading) {
  applyReading(reading);
  if (reading.name !== "proxmox") return;
  board.isStale = true;
  refreshSoon();
}

function applyInventory({ added, removed }) {
  for (const id of removed) board.remove(id);
  for (const state of added) board.apply(state);
  board.refresh();
  if (added.length) refreshUptimesSoon();
}

function showProblems(problems) {
  const items = problems.map((problem) => {
    const item = document.createElement("li");
    item.textContent = problem;
    return item;
  });
  byId("config-problem").querySelector("ul").replaceChildren(...items);
  byId("config-problem").hidden = problems.length === 0;
}

function showStorage(reason) {
  byId("storage-problem").querySelector("p").textContent = reason;
  byId("storage-problem").hidden = !reason;
}

function showMuted(muted) {
  const banner = byId("muted");
  banner.hidden = !muted;
  if (!muted) return;
  const time = banner.querySelector("time");
  time.parentElement.hidden = !muted.until;
  if (muted.until) {
    time.dateTime = muted.until;
    showAbsolute(time);
  }
  banner.querySelector("b").textContent = muted.reason ?? "";
}

function showLink(link) {
  const element = byId("link");
  if (element.dataset.link === link) return;
  element.dataset.link = link;
  element.lastElementChild.textContent = link === "live" ? "Live" : "Not connected";
  root.classList.toggle("stale", link === "lost");
  byId("lost").hidden = link === "live";
  if (link === "lost") {
    const time = byId("lost").querySelector("time");
    time.dateTime = new Date(now()).toISOString();
    showAbsolute(time);
  }
}

/** Show a change of state, and soon what it did to the uptimes. */
function applyEvent(event) {
  addEvent(event);
  refreshUptimesSoon();
}

/** Fetch the uptimes once what changed is in them, together for all that changes until then. */
function refreshUptimesSoon() {
  asking ||= setTimeout(() => {
    asking = 0;
    refreshUptimes();
  }, UPTIME_AFTER_CHANGE_MS);
}

/** Fetch what the stream does not tell. */
async function refreshUptimes() {
  if (document.hidden) return;
  try {
    const response = await fetch("/page/uptime", { signal: AbortSignal.timeout(20_000) });
    if (!response.ok) return;
    const { uptime, past, storage } = await response.json();
    board.showUptimes(uptime, past);
    showStorage(storage);
  } catch {
    // The stream notices a lost connection by itself, and says so.
  }
}

const FRAMES = {
  snapshot: applySnapshot,
  check: applyState,
  event: applyEvent,
  inventory: applyInventory,
  config: ({ problems }) => showProblems(problems),
  reading: applyPolled,
  reading_event: addHappening,
  summary: applySummary,
  readings: applyReadings,
  alerts: ({ muted }) => showMuted(muted),
};

start();
board.listen();
makeReadable(byId("main"));
listen(applyState);
new Stream("/api/stream", (kind, data) => FRAMES[kind](data), showLink);
setInterval(refreshUptimes, UPTIME_EVERY_MS);
