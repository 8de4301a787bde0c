// What is polled in the background; dashboard/probes.py says the same.

import { setIcon } from "./card.js";
import { setTime } from "./times.js";
import { DASH, duration } from "./words.js";

const MOST_VALUES = 6;
const MOST_ISSUES = 5;
const WORDS = {
  ok: ["up", "Fine"],
  warn: ["degraded", "Worrying"],
  crit: ["down", "Critical"],
  unknown: ["pending", "Not known"],
  unsupported: ["pending", "Not available"],
};
const UNITS = /_(percent|bytes_per_s|bytes|c|s|ms)$/;

/** Show a reading; return whether the page has a place for it. */
export function applyReading(reading) {
  const card = document.querySelector(`article.probe[data-name="${CSS.escape(reading.name)}"]`);
  if (!card) return false;
  const [status, label] = WORDS[reading.status] ?? WORDS.unknown;
  card.dataset.status = status;
  setIcon(card.querySelector(".icon"), status);
  card.querySelector("header b").textContent = label;
  show(card.querySelector(".error"), reading.last_error);
  show(card.querySelector(".note"), reading.note);
  const messages = reading.issues.map((issue) => issue.message);
  const more = messages.length - MOST_ISSUES;
  const told = messages.slice(0, MOST_ISSUES).concat(more > 0 ? [`and ${more} more`] : []);
  const issues = card.querySelector(".issues");
  issues.replaceChildren(...told.map((message) => element("li", message)));
  issues.hidden = told.length === 0;
  const known = Object.entries(reading.values).filter(([, value]) => value !== null);
  card.querySelector(".values").replaceChildren(
    ...known.slice(0, MOST_VALUES).map(([name, value]) => {
      const pair = document.createElement("div");
      pair.append(element("dt", valueLabel(name)), element("dd", valueText(name, value)));
      return pair;
    }),
  );
  setTime(card.querySelector("time"), reading.last_fetch_ts);
  return true;
}

/** Load the page anew where other things are polled than it has cards for. */
export function applyReadings(readings) {
  const shown = [...document.querySelectorAll("article.probe")].map((card) => card.dataset.name);
  const told = readings.map((reading) => reading.name);
  if (shown.join("\n") === told.join("\n")) {
    for (const reading of readings) applyReading(reading);
  } else if (sessionStorage.getItem("polled") !== told.join("\n")) {
    // Once, lest a proxy's cache make it a loop.
    sessionStorage.setItem("polled", told.join("\n"));
    location.reload();
  }
}

/** Return a value's name without its unit. */
export function valueLabel(name) {
  return name.replace(UNITS, "").replace(/[._]+/g, " ").trim() || name;
}

/** Return a value with its unit. */
export function valueText(name, value) {
  if (value === null) return DASH;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value;
  switch (name.match(UNITS)?.[1]) {
    case "percent":
      return `${number(value)} %`;
    case "bytes":
      return bytes(value);
    case "bytes_per_s":
      return `${bytes(value)}/s`;
    case "c":
      return `${number(value)} °C`;
    case "s":
      return duration(value);
    case "ms":
      return `${number(value)} ms`;
    default:
      return number(value);
  }
}

function bytes(value) {
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (Math.abs(value) < 1000) return `${number(value)} ${unit}`;
    value /= 1000;
  }
  return `${number(value)} TB`;
}

function number(value) {
  return value.toFixed(Math.abs(value) >= 100 ? 0 : 1).replace(/\.0$/, "");
}

function show(place, text) {
  place.textContent = text ?? "";
  place.hidden = !text;
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
