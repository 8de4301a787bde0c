// Times in the viewer's zone, or in the one that was configured.

import { ago, duration } from "./words.js";

const root = document.documentElement;
const zone = root.dataset.zone || undefined;
const clock = new Intl.DateTimeFormat("sv-SE", { timeStyle: "medium", timeZone: zone });
const day = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeZone: zone });
// The daemon's clock counts: a viewer whose clock is wrong must not read "3 h ago" of a fresh result.
const skew = Date.parse(root.dataset.now) - Date.now();
const offset = Math.abs(skew) > 5000 ? skew : 0;

/** Return the daemon's time in milliseconds. */
export function now() {
  return Date.now() + offset;
}

/** Return such as `2026-11-21 07:06:24`. */
export function stamp(ms) {
  return `${day.format(ms)} ${clock.format(ms)}`;
}

/** Return the time alone if it is of today. */
export function short(ms) {
  return day.format(ms) === day.format(now()) ? clock.format(ms) : stamp(ms);
}

/** Put an absolute time into its element. */
export function showAbsolute(element) {
  const ms = Date.parse(element.dateTime);
  element.textContent = short(ms);
  element.title = stamp(ms);
}

/** Put into an element how long ago its time is. */
export function showRelative(element) {
  const ms = Date.parse(element.dateTime);
  if (Number.isNaN(ms)) return;
  const seconds = (now() - ms) / 1000;
  const text = element.dataset.rel === "for" ? `for ${duration(seconds)}` : ago(seconds);
  if (element.textContent !== text) element.textContent = text;
}

/** Set an element's time, and show it at once. */
export function setTime(element, iso) {
  element.dateTime = iso ?? "";
  if (iso) {
    element.title = stamp(Date.parse(iso));
    showRelative(element);
  } else {
    element.textContent = element.dataset.rel === "for" ? "" : "never";
  }
}

/** Rewrite a text that the server began with a time in UTC. */
export function localise(text) {
  if (root.dataset.zone) return text;
  return text.replace(/^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC/, (_, date, time) =>
    stamp(Date.parse(`${date}T${time}Z`)),
  );
}

/** Turn all of the page's times into the viewer's, and keep the relative ones true. */
export function start() {
  for (const element of document.querySelectorAll("time[data-abs]")) showAbsolute(element);
  for (const element of document.querySelectorAll("time[data-rel]")) {
    if (element.dateTime) element.title = stamp(Date.parse(element.dateTime));
  }
  const name = Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
  document.getElementById("zone").textContent = `Times are in ${name}`;
  const tick = () => {
    for (const element of document.querySelectorAll("time[data-rel]")) showRelative(element);
  };
  const many = document.querySelectorAll("time[data-rel]").length > 600;
  setInterval(tick, many ? 5000 : 1000);
}
