// The table of the last 24 hours, as it grows.

import { setIcon } from "./card.js";
import { kind, outcome } from "./chart.js";
import { showAbsolute } from "./times.js";
import { change, latency } from "./words.js";

const section = document.getElementById("log");
const body = section.querySelector("tbody");
const show = section.dataset.show;
const only = section.dataset.check;
const limit = Number(section.dataset.limit);
const RUN_STATUS = { o: "up", r: "up", s: "degraded", f: "down", u: "pending" };
const seen = new Set([...body.querySelectorAll("tr.event")].map((row) => key(row.dataset.id, timeOf(row))));

/** Add a change of a check. */
export function addEvent(event) {
  if (show === "failures" || !concerns(event.id) || seen.has(key(event.id, event.ts))) return;
  seen.add(key(event.id, event.ts));
  add({
    id: event.id,
    name: event.name,
    at: event.ts,
    status: event.status,
    text: change(event),
    latency_ms: event.latency_ms,
    error: event.error,
    isEvent: true,
  });
}

/** Add what happened to a thing that is polled. */
export function addHappening(moment) {
  if (show === "failures" || !concerns(moment.name)) return;
  const card = document.querySelector(`article.probe[data-name="${CSS.escape(moment.name)}"] h3`);
  add({
    id: moment.name,
    name: card?.textContent ?? moment.name,
    at: moment.ts,
    status: "pending",
    text: moment.message,
    latency_ms: null,
    error: null,
    isEvent: true,
  });
}

/** Add a check's latest run. */
export function addRun(state) {
  const failed = state.fail_streak > 0;
  if (show === "events" || !concerns(state.id) || (show === "failures" && !failed)) return;
  add({
    id: state.id,
    name: state.name,
    at: state.last_run,
    status: RUN_STATUS[kind(state)],
    text: outcome(state),
    latency_ms: state.latency_ms,
    error: state.error,
    isEvent: false,
  });
}

/** Add the changes that happened while nobody listened. */
export async function catchUp() {
  const since = [...body.querySelectorAll("tr.event")].map(timeOf)[0] ?? document.documentElement.dataset.now;
  let answer;
  try {
    const response = await fetch(`/api/status/events?limit=100&since=${encodeURIComponent(since)}`);
    if (!response.ok) return;
    answer = await response.json();
  } catch {
    // The connection is gone again; this is asked anew when it is back.
    return;
  }
  for (const event of answer.reverse()) addEvent(event);
}

function key(id, at) {
  return `${at} ${id}`;
}

function timeOf(row) {
  return row.querySelector("time").dateTime;
}

function concerns(id) {
  return !only || only === id;
}

function add(entry) {
  const row = document.getElementById("row").content.firstElementChild.cloneNode(true);
  row.classList.toggle("event", entry.isEvent);
  row.dataset.status = entry.status;
  row.dataset.id = entry.id;
  const time = row.querySelector("time");
  time.dateTime = entry.at;
  showAbsolute(time);
  const link = row.querySelector("th a");
  link.textContent = entry.name;
  link.href = `/?check=${encodeURIComponent(entry.id)}#log`;
  setIcon(row.querySelector(".icon"), entry.status);
  row.querySelector(".what span").textContent = entry.text;
  row.querySelector(".number").textContent = latency(entry.latency_ms);
  row.querySelector(".detail").textContent = entry.error ?? "";
  // Times are written alike everywhere, so they sort as text.
  body.insertBefore(row, [...body.children].find((other) => timeOf(other) <= entry.at) ?? null);
  document.getElementById("log-empty").hidden = true;
  if (body.children.length > limit) {
    body.lastElementChild.remove();
    document.getElementById("log-capped").hidden = false;
  }
}
