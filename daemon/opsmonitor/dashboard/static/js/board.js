// All cards: where they stand, which are shown, and what follows for the verdict.

import { makeCard, setIcon, updateCard, updateUptime } from "./card.js";
import { localise } from "./times.js";
import { PROBLEMS, verdict, withProxmox, worn, worst } from "./words.js";

const MANY = 10;
const byId = (id) => document.getElementById(id);

export class Board {
  constructor() {
    this.cards = new Map();
    this.filter = { text: "", status: "", tag: "" };
    /** Whether something changed that the verdict, the counts or the filter depend on. */
    this.isStale = false;
    /** Whether the whole is critical, by checks or by what is polled. */
    this.isCritical = false;
    for (const card of document.querySelectorAll("article.card")) this.cards.set(card.dataset.id, card);
    for (const note of document.querySelectorAll(".note:not([hidden])")) {
      note.textContent = note.textContent.replace(/[-\d]+ [:\d]+ UTC/, localise);
    }
  }

  /** Show a state; return whether it brought a new run. */
  apply(state) {
    let card = this.cards.get(state.id);
    if (!card) {
      card = makeCard(state, this.nextOrder());
      this.cards.set(state.id, card);
    }
    const before = card.isConnected ? card.dataset.status : null;
    const isNewRun = updateCard(card, state);
    if (before !== state.status) this.place(card);
    return isNewRun;
  }

  remove(id) {
    this.isStale = true;
    this.cards.get(id)?.remove();
    this.cards.delete(id);
  }

  /** Remove every card but those of these checks. */
  keepOnly(ids) {
    for (const id of this.cards.keys()) if (!ids.has(id)) this.remove(id);
  }

  nextOrder() {
    return Math.max(-1, ...[...this.cards.values()].map((card) => Number(card.dataset.order))) + 1;
  }

  /** Put a card where its status belongs, without taking the focus from it. */
  place(card) {
    this.isStale = true;
    const isTrouble = PROBLEMS.includes(card.dataset.status);
    const grid = document.querySelector(isTrouble ? "#troubled .grid" : "#calm .grid");
    const next = [...grid.children].find((other) => other !== card && rank(other) > rank(card));
    const focused = card.contains(document.activeElement) ? document.activeElement : null;
    grid.insertBefore(card, next ?? null);
    focused?.focus({ preventScroll: true });
  }

  /** Take note of how the whole is, which depends on more than the cards. */
  weigh({ overall }) {
    this.isCritical = overall === "crit";
    this.isStale = true;
  }

  /** Draw everything that follows from all cards together. */
  refresh() {
    if (!this.isStale) return;
    this.isStale = false;
    const cards = [...this.cards.values()].sort((a, b) => a.dataset.order - b.dataset.order);
    const checks = cards.map((card) => ({
      name: card.querySelector("h3").textContent,
      status: card.dataset.status,
    }));
    const statuses = checks.map((check) => check.status);
    const proxmox = document.querySelector('article.probe[data-name="proxmox"]')?.dataset.status;
    showVerdict(withProxmox(verdict(checks), proxmox), worn(worst(statuses), proxmox, this.isCritical));
    showTitle(statuses.filter((status) => status === "down").length);
    this.showTools(statuses);
    this.showTags();
    this.applyFilter();
    byId("no-checks").hidden = checks.length > 0;
  }

  showTools(statuses) {
    byId("tools").hidden = statuses.length <= MANY;
    for (const pill of document.querySelectorAll("[data-only]")) {
      const status = pill.dataset.only;
      const count = status ? statuses.filter((own) => own === status).length : statuses.length;
      pill.querySelector("span").textContent = count;
      pill.hidden = Boolean(status) && !count && this.filter.status !== status;
    }
  }

  showTags() {
    const select = byId("tag");
    const tags = new Set([...this.cards.values()].flatMap(tagsOf));
    const known = [...select.options].slice(1).map((option) => option.value);
    if (known.length === tags.size && known.every((tag) => tags.has(tag))) return;
    const chosen = select.value;
    select.replaceChildren(select.options[0], ...[...tags].sort().map((tag) => new Option(tag, tag)));
    select.value = tags.has(chosen) ? chosen : "";
    select.hidden = tags.size === 0;
    this.filter.tag = select.value;
  }

  applyFilter() {
    let shown = 0;
    for (const card of this.cards.values()) {
      card.hidden = !this.matches(card);
      shown += !card.hidden;
    }
    for (const id of ["troubled", "calm"]) {
      byId(id).hidden = !byId(id).querySelector("article.card:not([hidden])");
    }
    byId("no-match").hidden = shown > 0 || this.cards.size === 0;
  }

  matches(card) {
    const { text, status, tag } = this.filter;
    if (status && card.dataset.status !== status) return false;
    if (tag && !tagsOf(card).includes(tag)) return false;
    if (!text) return true;
    const names = [card.dataset.id, ...["h3", ".target", ".tags"].map((part) => card.querySelector(part).textContent)];
    return names.join(" ").toLowerCase().includes(text);
  }

  /** Let the tools above the cards choose which are shown. */
  listen() {
    byId("tools").addEventListener("submit", (event) => event.preventDefault());
    byId("find").addEventListener("input", (event) => this.choose({ text: event.target.value.trim().toLowerCase() }));
    byId("tag").addEventListener("change", (event) => this.choose({ tag: event.target.value }));
    byId("tools").addEventListener("click", (event) => {
      const pill = event.target.closest("[data-only]");
      if (!pill) return;
      for (const other of document.querySelectorAll("[data-only]")) other.setAttribute("aria-pressed", other === pill);
      this.choose({ status: pill.dataset.only });
    });
    // A reloaded page keeps what was typed.
    this.choose({ text: byId("find").value.trim().toLowerCase(), tag: byId("tag").value });
  }

  choose(change) {
    Object.assign(this.filter, change);
    this.applyFilter();
  }

  showUptimes(uptimes, pasts) {
    for (const [id, own] of Object.entries(uptimes)) {
      const card = this.cards.get(id);
      if (card) updateUptime(card, own, pasts[id]);
    }
  }
}

function tagsOf(card) {
  return [...card.querySelectorAll(".tag:not(.core)")].map((element) => element.textContent);
}

/** Order cards as the server does: by kind of trouble, then as in the file. */
function rank(card) {
  const place = PROBLEMS.indexOf(card.dataset.status);
  return Math.max(place, 0) * 1e6 + Number(card.dataset.order);
}

function showVerdict(sentence, status) {
  const section = byId("verdict");
  const heading = section.querySelector("h1");
  // Written only when it changes: a screen reader speaks at every write.
  if (heading.textContent !== sentence) heading.textContent = sentence;
  section.dataset.status = status;
  setIcon(section.querySelector(".icon"), status);
}

function showTitle(down) {
  document.title = `${down ? `(${down}) ` : ""}Ops Monitor`;
  const icon = byId("favicon");
  const href = down ? icon.dataset.down : icon.dataset.fine;
  if (icon.getAttribute("href") !== href) icon.setAttribute("href", href);
}
