// One check's card.

import { addRun } from "./chart.js";
import { setTime, stamp } from "./times.js";
import { valuesText } from "./values.js";
import { hint, label, latency, note, percent } from "./words.js";

/** Copy the server's empty card for a check that it had not drawn. */
export function makeCard(state, order) {
  const card = document.getElementById("card").content.firstElementChild.cloneNode(true);
  card.dataset.id = state.id;
  card.dataset.order = order;
  describe(card, state);
  return card;
}

/** Write what the configuration says of the check, where it is not there yet. */
function describe(card, state) {
  const about = JSON.stringify([state.name, state.type, state.target, state.core, state.tags]);
  if (card.about === about) return;
  card.about = about;
  card.setAttribute("aria-label", state.name);
  const link = card.querySelector("h3 a");
  link.textContent = state.name;
  link.href = `/?check=${encodeURIComponent(state.id)}#log`;
  card.querySelector(".type").textContent = state.type;
  card.querySelector(".to").textContent = state.target;
  card.querySelector(".target").title = state.target;
  const core = card.querySelector(".core");
  core.hidden = !state.core;
  card.querySelector(".tags").replaceChildren(core, ...state.tags.map(tag));
  for (const button of card.querySelectorAll("[data-do]")) {
    const [verb, ...rest] = button.textContent.split(" ");
    button.setAttribute("aria-label", [verb, state.name, ...rest].join(" "));
  }
}

function tag(text) {
  const element = document.createElement("span");
  element.className = "tag";
  element.textContent = text;
  return element;
}

/** Show a check's state on its card; return whether it was another run than the one shown. */
export function updateCard(card, state) {
  describe(card, state);
  card.dataset.status = state.status;
  setIcon(card.querySelector(".icon"), state.status);
  write(card.querySelector(".state b"), label(state.status));
  write(card.querySelector(".hint"), hint(state));
  write(card.querySelector(".ms"), latency(state.latency_ms));
  const error = card.querySelector(".error");
  write(error, state.error ?? "");
  error.hidden = !state.error;
  const values = card.querySelector(".values");
  write(values, valuesText(state.exports));
  values.hidden = !values.textContent;
  const remark = card.querySelector(".note");
  write(remark, note(state, nameOf, stamp));
  remark.hidden = !remark.textContent;
  card.toggleAttribute("data-known", Boolean(state.acknowledged));
  card.toggleAttribute("data-flapping", Boolean(state.flapping));
  setTime(card.querySelector(".state time"), state.last_change);
  setTime(card.querySelector(".checked time"), state.last_run);
  const before = card.dataset.run;
  const isNewRun = Boolean(state.last_run) && (!before || Date.parse(state.last_run) > Date.parse(before));
  if (isNewRun) {
    addRun(card, state, before);
    card.dataset.run = state.last_run;
  }
  return isNewRun;
}

/** Return what people call a check. */
function nameOf(id) {
  return document.querySelector(`article.card[data-id="${CSS.escape(id)}"] h3`)?.textContent ?? id;
}

/** Change a text only if it differs: an unchanged card must cost nothing to draw. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Point an icon at the drawing of a status. */
export function setIcon(icon, status) {
  icon.firstElementChild.setAttribute("href", `#i-${status}`);
}

/** Show the uptimes of a check, and what else is known of its past, in the server's words. */
export function updateUptime(card, uptimes, past) {
  const line = card.querySelector(".past");
  write(line, past ?? "");
  line.hidden = !past;
  for (const cell of card.querySelectorAll("[data-window]")) {
    cell.textContent = percent(uptimes[cell.dataset.window]);
  }
}
