// How the page puts states, durations and numbers into words; words.py says the same.

export const DASH = "–";
export const PROBLEMS = ["down", "degraded", "unreachable", "no_network"];
export const LABELS = {
  down: "Down",
  degraded: "Degraded",
  unreachable: "Unreachable",
  no_network: "No network",
  up: "Up",
  pending: "Not judged yet",
  paused: "Paused",
  maintenance: "In maintenance",
};
const FLAPPING = { FLAPPING: "flapping", STEADY: "steady again" };
const MAX_NAMES = 3;
const ACTIONS = {
  ACTION_STARTED: "Action begins",
  ACTION_DONE: "Action done",
  ACTION_FAILED: "Action failed",
  ACTION_GIVEN_UP: "No further action",
};
const POLLED = { down: "critical", degraded: "worrying" };
const QUIET = [
  ["pending", "waiting for a first result"],
  ["paused", "paused"],
  ["maintenance", "in maintenance"],
];

/** Return the label of a status; one that a newer daemon invented is shown as it is. */
export function label(status) {
  return LABELS[status] ?? status;
}

/** Say in one sentence how everything is, from [{name, status}] in the order of the file. */
export function verdict(checks) {
  const total = checks.length;
  if (total === 0) return "No checks are configured";
  if (total === 1) return `${checks[0].name} ${verb(checks[0].status, 1)} ${label(checks[0].status).toLowerCase()}`;
  const told = PROBLEMS.map((status) => problem(checks, status)).filter(Boolean);
  if (told.length === 0) return calm(checks);
  return told
    .map(([count, rest], index) => (index ? `${count} ${rest}` : `${count} of ${total} ${rest}`))
    .join("; ");
}

function problem(checks, status) {
  const names = checks.filter((check) => check.status === status).map((check) => check.name);
  if (names.length === 0) return null;
  let listed = names.slice(0, MAX_NAMES).join(", ");
  if (names.length > MAX_NAMES) listed += ` and ${names.length - MAX_NAMES} more`;
  return [names.length, `${verb(status, names.length)} ${label(status).toLowerCase()}: ${listed}`];
}

function verb(status, count) {
  if (status === "no_network") return count === 1 ? "has" : "have";
  return count === 1 ? "is" : "are";
}

function calm(checks) {
  const count = (status) => checks.filter((check) => check.status === status).length;
  const total = checks.length;
  if (count("up") === total) return `All ${total} checks are up`;
  if (count("pending") === total) return `Waiting for the first results of ${total} checks`;
  const parts = [`${count("up")} of ${total} checks are up`];
  for (const [status, words] of QUIET) if (count(status)) parts.push(`${count(status)} ${words}`);
  return parts.join(", ");
}

/** Return the status that the whole page wears. */
export function worst(statuses) {
  return [...PROBLEMS, "up"].find((status) => statuses.includes(status)) ?? "pending";
}

/** Add to the sentence how Proxmox is ("down" or "degraded" as its card says), if it is not well. */
export function withProxmox(sentence, status) {
  const word = POLLED[status];
  return word ? `${sentence}; Proxmox is ${word}` : sentence;
}

/** Return the status that the whole page wears, with Proxmox taken into account. */
export function worn(own, proxmox, isCritical) {
  if (!POLLED[proxmox] || PROBLEMS.includes(own)) return own;
  return isCritical ? "down" : "degraded";
}

export function latency(ms) {
  if (ms === null || ms === undefined) return DASH;
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.floor(ms + 0.5)} ms`;
  return `${(ms / 1000).toFixed(2)} s`;
}

/** Return an uptime, rounded down: 100 % is said only when nothing at all was missed. */
export function percent(value) {
  if (value === null || value === undefined) return DASH;
  if (value >= 100) return "100 %";
  return `${(Math.floor(value * 100) / 100).toFixed(2)} %`;
}

export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [minutes, hours, days] = [60, 3600, 86400].map((unit) => Math.floor(whole / unit));
  if (!minutes) return `${whole} s`;
  if (!hours) return `${minutes} min`;
  if (!days) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return hours % 24 ? `${days} d ${hours % 24} h` : `${days} d`;
}

export function ago(seconds) {
  return seconds < 1 ? "just now" : `${duration(seconds)} ago`;
}

/** Say that a check is failing while its status does not show it yet. */
export function hint(state) {
  if (!state.fail_streak || ["down", "unreachable", "no_network", "paused"].includes(state.status)) return "";
  return `failing ${state.fail_streak} of ${state.down_threshold}`;
}

/** Say what is known besides the result of the runs: the root cause, and what people said. */
export function note(state, nameOf, stamp) {
  const parts = [];
  if (state.last_ping) parts.push(`Last ping ${stamp(Date.parse(state.last_ping))}`);
  if (state.because) parts.push(`Depends on ${nameOf(state.because)}, which is down`);
  if (state.maintenance) {
    const until = `Maintenance until ${stamp(Date.parse(state.maintenance.until))}`;
    parts.push(withReason(until, state.maintenance.reason));
  }
  if (state.flapping) parts.push(`Flapping since ${stamp(Date.parse(state.flapping.since))}`);
  if (state.paused) {
    const until = state.paused.until ? ` until ${stamp(Date.parse(state.paused.until))}` : "";
    parts.push(withReason(`Paused${until}`, state.paused.reason));
  }
  if (state.acknowledged) {
    const by = state.acknowledged.by ? ` by ${state.acknowledged.by}` : "";
    parts.push(withReason(`Acknowledged${by}`, state.acknowledged.note));
  }
  return parts.join(". ");
}

function withReason(text, reason) {
  return reason ? `${text}: ${reason}` : text;
}

/** Say what happened to a check. */
export function change(event) {
  const now = label(event.status);
  if (event.event === "INIT") return `${now}, first result`;
  if (event.event in FLAPPING) return `${now}, ${FLAPPING[event.event]}`;
  if (event.event === "ACKNOWLEDGED") return `${now}, acknowledged`;
  if (event.event === "UNACKNOWLEDGED") return `${now}, no longer acknowledged`;
  if (event.event in ACTIONS) return ACTIONS[event.event];
  if (event.status === event.previous) return `${now}, again`;
  return `${now}, was ${label(event.previous).toLowerCase()}`;
}
