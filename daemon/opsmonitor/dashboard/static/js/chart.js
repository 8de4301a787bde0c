// The bars of the last runs and the line of their latencies; runs.py draws the same.

import { localise, setTime, stamp } from "./times.js";
import { duration, latency } from "./words.js";

const SLOTS = 30;
const WIDTH = 4;
const [TOP, FLOOR] = [2, 23];
const GAP_RUNS = 3;
const KINDS = {
  o: "good",
  r: "good only after a retry",
  s: "degraded",
  f: "failed",
  u: "unknown",
  g: "not monitored",
};

/** Return the class of the bar of a check's latest run. */
export function kind(state) {
  if (state.fail_streak > 0) return "f";
  if (!state.ok_streak) return "u";
  if (state.error) return "s";
  return state.attempts > 1 ? "r" : "o";
}

/** Say in a word or two how a check's latest run ended. */
export function outcome(state) {
  const letter = kind(state);
  return letter === "r" ? `good on attempt ${state.attempts}` : KINDS[letter];
}

/** Add a check's latest run to its card. */
export function addRun(card, state, previousIso) {
  const bars = card.querySelector(".runs");
  const slots = readSlots(bars);
  const at = Date.parse(state.last_run);
  const before = previousIso ? Date.parse(previousIso) : at;
  if (at - before > GAP_RUNS * 1000 * state.interval_s) {
    bars.append(bar("g", `no run for ${duration((at - before) / 1000)}`));
    slots.push({ at: Math.floor(before / 1000), ms: null });
  }
  const parts = [stamp(at), outcome(state)];
  if (state.latency_ms !== null) parts.push(latency(state.latency_ms));
  bars.append(bar(kind(state), parts.join(", ") + (state.error ? `: ${state.error}` : "")));
  // How fast a target refuses says nothing of its speed.
  slots.push({ at: Math.floor(at / 1000), ms: kind(state) === "f" ? null : state.latency_ms });
  while (bars.children.length > SLOTS) {
    if (bars.firstElementChild === document.activeElement) bars.children[1].focus();
    bars.firstElementChild.remove();
    slots.shift();
  }
  writeSlots(bars, slots);
  bars.setAttribute("aria-label", summary(bars));
  redraw(card, slots);
}

/** Read what the bars stand for: when they begin, in seconds, and their latencies. */
function readSlots(bars) {
  let at = 0;
  const steps = bars.dataset.at.split(" ");
  const latencies = bars.dataset.ms ? bars.dataset.ms.split(" ") : [];
  return latencies.map((ms, index) => ({ at: (at += Number(steps[index])), ms: ms === "-" ? null : Number(ms) }));
}

function writeSlots(bars, slots) {
  bars.dataset.ms = slots.map(({ ms }) => (ms === null ? "-" : Number(ms.toPrecision(4)))).join(" ");
  bars.dataset.at = slots.map(({ at }, index) => at - (slots[index - 1]?.at ?? 0)).join(" ");
}

function bar(letter, title) {
  const element = document.createElement("i");
  element.className = letter;
  element.setAttribute("role", "img");
  element.title = title;
  element.dataset.local = "";
  return element;
}

function summary(bars) {
  const letters = [...bars.children].map((element) => element.className);
  const counts = Object.entries(KINDS)
    .map(([letter, word]) => [letters.filter((own) => own === letter).length, word])
    .filter(([count]) => count)
    .map(([count, word]) => `${count} ${word}`);
  return `Last ${letters.length} runs: ${counts.join(", ")}`;
}

function redraw(card, slots) {
  const known = slots.map(({ ms }) => ms);
  const start = card.querySelector(".scale time");
  start.parentElement.hidden = false;
  setTime(start, new Date(slots[0].at * 1000).toISOString());
  const values = known.filter((value) => value !== null);
  const [line, area] = paths(known, Math.max(...values, 0) || 1);
  card.querySelector(".line").setAttribute("d", line);
  card.querySelector(".area").setAttribute("d", area);
  const low = latency(values.length ? Math.min(...values) : null);
  const high = latency(values.length ? Math.max(...values) : null);
  const range = card.querySelector(".range");
  range.dataset.text = values.length ? (low === high ? low : `${low} to ${high}`) : "";
  if (!range.parentElement.classList.contains("reading")) range.textContent = range.dataset.text;
}

function paths(known, top) {
  const drawn = [];
  const filled = [];
  let points = [];
  for (const [index, value] of [...known, null].entries()) {
    if (value !== null) {
      const x = (SLOTS - known.length + index) * WIDTH + WIDTH / 2;
      points.push([x, (FLOOR - ((FLOOR - TOP) * value) / top).toFixed(1)]);
    } else if (points.length) {
      const path = points.map((point) => point.join(" ")).join("L");
      drawn.push(points.length > 1 ? `M${path}` : `M${path}h.01`);
      filled.push(`M${points[0][0]} 24L${path}L${points.at(-1)[0]} 24Z`);
      points = [];
    }
  }
  return [drawn.join(""), filled.join("")];
}

/** Let pointer, finger and arrow keys read single bars. */
export function makeReadable(root) {
  root.addEventListener("pointerover", (event) => read(event.target));
  root.addEventListener("click", (event) => read(event.target));
  root.addEventListener("focusin", (event) => read(event.target));
  root.addEventListener("pointerout", (event) => unread(event.target));
  root.addEventListener("focusout", (event) => unread(event.target));
  root.addEventListener("keydown", walk);
}

function read(element) {
  if (!element.matches(".runs i")) return;
  if (element.dataset.local === undefined) {
    element.title = localise(element.title);
    element.dataset.local = "";
  }
  const range = element.closest(".chart").querySelector(".range");
  range.dataset.text ??= range.textContent;
  range.textContent = element.title;
  range.parentElement.classList.add("reading");
}

function unread(element) {
  if (!element.matches(".runs i")) return;
  const range = element.closest(".chart").querySelector(".range");
  range.textContent = range.dataset.text ?? "";
  range.parentElement.classList.remove("reading");
}

function walk(event) {
  const bars = event.target.closest(".runs");
  if (!bars || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
  const back = event.key === "ArrowLeft";
  const from = event.target === bars ? null : event.target;
  const to = from
    ? back ? from.previousElementSibling : from.nextElementSibling
    : back ? bars.lastElementChild : bars.firstElementChild;
  if (!to) return;
  event.preventDefault();
  to.tabIndex = -1;
  to.focus();
}
