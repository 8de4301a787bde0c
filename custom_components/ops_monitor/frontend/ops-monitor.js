/* Ops Monitor's card and dashboard for Home Assistant: one module, no build, nothing from outside. */

const PLATFORM = "ops_monitor";
const CARD = "ops-monitor-card";
const DASHBOARD = "ops-monitor";
/* Worst first: the order in which checks are listed. */
const STATUSES = [
  "down",
  "no_network",
  "unreachable",
  "degraded",
  "unavailable",
  "unknown",
  "pending",
  "maintenance",
  "paused",
  "up",
];
const TROUBLE = new Set(["down", "no_network", "unreachable", "degraded", "unavailable"]);
const LOOKS = {
  up: ["var(--success-color, #43a047)", "mdi:check-circle"],
  down: ["var(--error-color, #db4437)", "mdi:close-circle"],
  degraded: ["var(--warning-color, #ffa600)", "mdi:alert-circle"],
  unreachable: ["var(--warning-color, #ffa600)", "mdi:help-network"],
  no_network: ["var(--warning-color, #ffa600)", "mdi:network-off"],
  maintenance: ["var(--info-color, #039be5)", "mdi:wrench-clock"],
  paused: ["var(--disabled-text-color, #9e9e9e)", "mdi:pause-circle"],
};
const NO_LOOK = ["var(--disabled-text-color, #9e9e9e)", "mdi:help-circle"];
const GRAPHS = 12;
/* So many rows are read at a glance; of more, those that are up are shown when asked for. */
const ROWS = 30;

const TEXTS = {
  en: {
    all_up: (total) => (total === 1 ? "The check is up" : `All ${total} checks are up`),
    some: (count, total) => `${count} of ${total} in trouble`,
    none: "There are no checks yet: add some to the daemon's checks.yml",
    nothing: "Nothing is in trouble",
    unfold: (count) => `Show ${count} more that are up`,
    fold: "Show less",
    gone: "The daemon cannot be reached",
    description: "All checks of Ops Monitor at a glance, those in trouble first",
    overview: "Overview",
    checks: "Checks",
    times: "Response times",
    history: "What happened",
    more: "More",
    title: "Title",
    device: "Daemon",
    device_help: "Leave it empty to show the checks of all daemons",
    show: "Show",
    show_all: "All checks",
    show_trouble: "Only those in trouble",
    dashboard: "Checks, hosts and devices that Ops Monitor watches",
  },
  de: {
    all_up: (total) => (total === 1 ? "Die Prüfung ist in Ordnung" : `Alle ${total} Prüfungen in Ordnung`),
    some: (count, total) => `${count} von ${total} mit Störung`,
    none: "Noch keine Prüfungen: in der checks.yml des Dienstes eintragen",
    nothing: "Keine Störung",
    unfold: (count) => `${count} weitere in Ordnung anzeigen`,
    fold: "Weniger anzeigen",
    gone: "Der Dienst ist nicht erreichbar",
    description: "Alle Prüfungen von Ops Monitor auf einen Blick, gestörte zuerst",
    overview: "Übersicht",
    checks: "Prüfungen",
    times: "Antwortzeiten",
    history: "Was geschah",
    more: "Weiteres",
    title: "Titel",
    device: "Dienst",
    device_help: "Leer lassen, um die Prüfungen aller Dienste zu zeigen",
    show: "Zeigen",
    show_all: "Alle Prüfungen",
    show_trouble: "Nur gestörte",
    dashboard: "Prüfungen, Rechner und Geräte, die Ops Monitor überwacht",
  },
};

const textsFor = (language) => TEXTS[(language || "en").split("-")[0]] || TEXTS.en;

const nameOf = (device) => device.name_by_user || device.name || "";

/* Return our entities by device: `{device, entities}`, hubs first; what is hidden stays hidden. */
function devicesOf(hass) {
  const found = new Map();
  for (const entity of Object.values(hass.entities)) {
    const device = entity.platform === PLATFORM && !entity.hidden && hass.devices[entity.device_id];
    if (!device) continue;
    if (!found.has(device.id)) found.set(device.id, { device, entities: [] });
    found.get(device.id).entities.push(entity);
  }
  return [...found.values()];
}

const entityOf = (item, key) => item.entities.find((entity) => entity.translation_key === key);

const isHub = (item) => Boolean(entityOf(item, "overall_status") || entityOf(item, "connected"));

/* A check is what has a status. */
const isCheck = (item) => !isHub(item) && Boolean(entityOf(item, "status"));

/* Return the checks, worst first and then by name; those of one daemon, if its device is named. */
function checksOf(hass, hubId) {
  const checks = [];
  /* A check may be connected via a host or a router: only the entry tells whose it is. */
  const entries = hubId ? (hass.devices[hubId] || { config_entries: [] }).config_entries : [];
  for (const item of devicesOf(hass)) {
    if (!isCheck(item) || (hubId && !item.device.config_entries.some((id) => entries.includes(id)))) continue;
    const id = entityOf(item, "status").entity_id;
    const time = (entityOf(item, "response_time") || {}).entity_id;
    const state = hass.states[id];
    const status = state ? state.state : "unavailable";
    const rank = STATUSES.indexOf(status);
    checks.push({
      id,
      name: nameOf(item.device),
      status,
      state,
      rank: rank < 0 ? STATUSES.indexOf("unknown") : rank,
      main: (item.entities.find(isMain) || { entity_id: id }).entity_id,
      time,
      timeState: hass.states[time],
    });
  }
  /* As people count: 2 before 10. */
  const { compare } = new Intl.Collator(hass.language, { numeric: true });
  return checks.sort((a, b) => a.rank - b.rank || compare(a.name, b.name));
}

/* The main entity of a device is the one without a name of its own. */
const isMain = (entity) => entity.entity_id.startsWith("binary_sensor.") && !entity.translation_key;

const STYLE = `
  ha-card { padding: 12px 16px 8px; height: 100%; box-sizing: border-box; overflow: auto; }
  h2 { margin: 0 6px 4px; font-size: 1.15rem; font-weight: 500; }
  .whole { display: flex; align-items: center; gap: 10px; margin: 0 6px 8px; color: var(--secondary-text-color); }
  ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 0 16px;
    grid-template-columns: repeat(auto-fill, minmax(min(100%, 260px), 1fr)); }
  button { display: flex; align-items: center; gap: 10px; width: 100%; min-height: 44px; padding: 4px 6px; border: 0;
    border-radius: 8px; background: none; color: var(--primary-text-color); font: inherit; text-align: start; cursor: pointer; }
  button:hover { background: color-mix(in srgb, var(--primary-text-color) 6%, transparent); }
  button:focus-visible { outline: 2px solid var(--primary-color); }
  .name { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .status { color: var(--secondary-text-color); white-space: nowrap; font-variant-numeric: tabular-nums; }
  .trouble .status { color: var(--primary-text-color); font-weight: 500; }
  ha-icon { flex: none; --mdc-icon-size: 22px; }
`;

/* Make an element; text is only ever text. */
function element(tag, { text, ...properties } = {}, children = []) {
  const made = document.createElement(tag);
  Object.assign(made, properties);
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

class OpsMonitorCard extends HTMLElement {
  static getConfigForm() {
    const schema = [
      { name: "title", selector: { text: {} } },
      { name: "device", selector: { device: { filter: { integration: PLATFORM, model: "Daemon" } } } },
      {
        name: "show",
        selector: {
          select: {
            mode: "dropdown",
            options: ["all", "trouble"].map((value) => ({ value, label: textsFor(language())[`show_${value}`] })),
          },
        },
      },
    ];
    return {
      schema,
      computeLabel: ({ name }) => textsFor(language())[name],
      computeHelper: ({ name }) => textsFor(language())[`${name}_help`],
    };
  }

  static getStubConfig() {
    return {};
  }

  setConfig(config) {
    if (config.show && !["all", "trouble"].includes(config.show)) {
      throw new Error(`show: "all" or "trouble", not "${config.show}"`);
    }
    this._config = config;
    this._drawn = undefined;
    if (this._hass) this._update();
  }

  set hass(hass) {
    this._hass = hass;
    this._update();
  }

  getCardSize() {
    return 1 + Math.ceil((this._count || 4) / 2);
  }

  getGridOptions() {
    return { columns: 12, min_columns: 6, rows: "auto" };
  }

  /* Draw only when something that is shown has changed: `hass` is set for every state of the house. */
  _update() {
    const { _hass: hass, _config: config } = this;
    if (!config || this._isDrawn(hass)) return;
    this._drawn = { entities: hass.entities, devices: hass.devices, language: hass.language };
    this._checks = checksOf(hass, config.device);
    this._draw();
  }

  _isDrawn(hass) {
    const isSameHouse = this._drawn && Object.entries(this._drawn).every(([key, value]) => hass[key] === value);
    return isSameHouse && this._checks.every(
      (check) => hass.states[check.id] === check.state && hass.states[check.time] === check.timeState,
    );
  }

  _draw() {
    const { _hass: hass, _config: config, _checks: checks } = this;
    const texts = textsFor(hass.language);
    const troubled = checks.filter((check) => TROUBLE.has(check.status));
    const listed = config.show === "trouble" ? troubled : checks;
    const well = listed.length > ROWS ? listed.filter((check) => check.status === "up") : [];
    const rows = this._isUnfolded || !well.length ? listed : listed.filter((check) => check.status !== "up");
    this._count = rows.length;
    const focused = this.shadowRoot && this.shadowRoot.activeElement && this.shadowRoot.activeElement.dataset.id;
    const whole = element("p", { className: "whole", role: "status" }, [this._icon(this._overall(checks)), this._words(checks, troubled, texts)]);
    const content = element("ha-card", {}, [
      ...(config.title ? [element("h2", { text: config.title })] : []),
      whole,
      element("ul", {}, rows.map((check) => element("li", {}, [this._row(check)]))),
      ...(well.length ? [this._fold(well.length, texts)] : []),
    ]);
    if (!this.shadowRoot) this.attachShadow({ mode: "open" });
    this.shadowRoot.replaceChildren(element("style", { text: STYLE }), content);
    if (focused) {
      const again = [...this.shadowRoot.querySelectorAll("button")].find((button) => button.dataset.id === focused);
      if (again) again.focus();
    }
  }

  _fold(count, texts) {
    const isOpen = Boolean(this._isUnfolded);
    const words = element("span", { className: "name", text: isOpen ? texts.fold : texts.unfold(count) });
    const icon = element("ha-icon", { icon: isOpen ? "mdi:chevron-up" : "mdi:chevron-down" });
    icon.setAttribute("aria-hidden", "true");
    const fold = element("button", { type: "button" }, [icon, words]);
    fold.dataset.id = "fold";
    fold.setAttribute("aria-expanded", String(isOpen));
    fold.addEventListener("click", () => {
      this._isUnfolded = !isOpen;
      this._draw();
    });
    return fold;
  }

  _overall(checks) {
    return checks.length ? checks[0].status : "unknown";
  }

  _words(checks, troubled, texts) {
    if (!checks.length) return texts.none;
    if (checks.every((check) => check.status === "unavailable")) return texts.gone;
    if (troubled.length) return texts.some(troubled.length, checks.length);
    return checks.every((check) => check.status === "up") ? texts.all_up(checks.length) : texts.nothing;
  }

  _icon(status) {
    const [color, icon] = LOOKS[status] || NO_LOOK;
    const made = element("ha-icon", { icon });
    made.style.color = color;
    made.setAttribute("aria-hidden", "true");
    return made;
  }

  _row(check) {
    const { _hass: hass } = this;
    const words = check.state ? hass.formatEntityState(check.state) : check.status;
    const time = check.timeState;
    const isTimed = check.status === "up" && time && !Number.isNaN(Number(time.state));
    const row = element(
      "button",
      { type: "button", className: TROUBLE.has(check.status) ? "trouble" : "", title: check.name },
      [
        this._icon(check.status),
        element("span", { className: "name", text: check.name }),
        element("span", { className: "status", text: isTimed ? hass.formatEntityState(time) : words }),
      ],
    );
    row.dataset.id = check.main;
    row.dataset.status = check.status;
    row.setAttribute("aria-label", `${check.name}: ${words}`);
    row.addEventListener("click", () => {
      const detail = { entityId: check.main };
      this.dispatchEvent(new CustomEvent("hass-more-info", { detail, bubbles: true, composed: true }));
    });
    return row;
  }
}

/* The language of the page, where there is no `hass` to ask. */
const language = () => document.documentElement.lang || navigator.language;

const heading = (text, icon) => ({ type: "heading", heading: text, icon });
const tile = (entity) => ({ type: "tile", entity });

/* Made of Home Assistant's own cards, so that it stands even where our card does not. */
function overview(hass, texts) {
  const items = devicesOf(hass);
  const checks = checksOf(hass);
  const hubs = items.filter(isHub);
  /* With one daemon its name would only push aside what the tiles say. */
  const name = hubs.length === 1 ? { name: { type: "entity" } } : {};
  const tiles = hubs.flatMap((hub) =>
    ["overall_status", "checks_down", "connected", "open_incidents"]
      .map((key) => entityOf(hub, key))
      .filter(Boolean)
      .map((entity) => ({ ...tile(entity.entity_id), ...name })),
  );
  const sections = [
    {
      type: "grid",
      cards: [heading("Ops Monitor", "mdi:monitor-eye"), ...tiles, { type: `custom:${CARD}` }],
    },
  ];
  /* Beside each other they would be of very different height, so they share a column. */
  const past = [];
  const times = checks.map((check) => check.time).filter((id) => id && hass.states[id]);
  if (times.length) {
    const graph = { type: "history-graph", hours_to_show: 24, entities: times.slice(0, GRAPHS) };
    past.push(heading(texts.times, "mdi:chart-line"), graph);
  }
  if (checks.length) {
    const target = { entity_id: checks.map((check) => check.main) };
    const log = { type: "logbook", hours_to_show: 24, target };
    past.push(heading(texts.history, "mdi:format-list-bulleted-type"), log);
  }
  if (past.length) sections.push({ type: "grid", cards: past });
  sections.push(...items.filter((item) => isWorthASection(hass, item)).map((item) => deviceSection(item)));
  return { type: "sections", title: texts.overview, path: "overview", icon: "mdi:monitor-eye", max_columns: 3, sections };
}

/* What cannot be read on this machine, such as drives where there are none, would only take room. */
function isWorthASection(hass, item) {
  const isUnsupported = ({ entity_id: id }) => hass.states[id] && hass.states[id].state === "unsupported";
  return !isHub(item) && !isCheck(item) && !item.entities.some(isUnsupported);
}

/* A host, a drive, a router: what it shows by itself, without what is only for finding mistakes. */
function deviceSection(item) {
  const shown = item.entities.filter((entity) => !entity.entity_category);
  return {
    type: "grid",
    cards: [
      heading(nameOf(item.device), "mdi:server"),
      ...shown.map((entity) => ({ ...tile(entity.entity_id), name: { type: "entity" } })),
    ],
  };
}

function checksView(hass, texts) {
  /* Of a section that is one of a phone's width: names need all of it. */
  const options = { grid_options: { columns: 12 } };
  const cards = checksOf(hass).map((check) => ({ ...tile(check.main), ...options }));
  return {
    type: "sections",
    title: texts.checks,
    path: "checks",
    icon: "mdi:format-list-checks",
    max_columns: 4,
    sections: [{ type: "grid", column_span: 4, cards: [heading(texts.checks, "mdi:format-list-checks"), ...cards] }],
  };
}

class OpsMonitorDashboard extends HTMLElement {
  static async generate(_config, hass) {
    const texts = textsFor(hass.language);
    return { title: "Ops Monitor", views: [overview(hass, texts), checksView(hass, texts)] };
  }
}

class OpsMonitorView extends HTMLElement {
  static async generate(_config, hass) {
    return overview(hass, textsFor(hass.language));
  }
}

/* Loaded twice, by an old and a new address, the first one stays. */
function define(tag, kind) {
  if (!customElements.get(tag)) customElements.define(tag, kind);
}

define(CARD, OpsMonitorCard);
define(`ll-strategy-dashboard-${DASHBOARD}`, OpsMonitorDashboard);
define(`ll-strategy-view-${DASHBOARD}`, OpsMonitorView);

function offer(list, item) {
  window[list] = window[list] || [];
  if (!window[list].some((known) => known.type === item.type && known.strategyType === item.strategyType)) {
    window[list].push(item);
  }
}

offer("customCards", {
  type: CARD,
  name: "Ops Monitor",
  description: textsFor(language()).description,
  preview: true,
  getEntitySuggestion: (hass, entityId) => {
    const entity = hass.entities[entityId];
    if (!entity || entity.platform !== PLATFORM) return null;
    const item = devicesOf(hass).find(({ device }) => device.id === entity.device_id);
    if (!item) return null;
    if (isHub(item)) return { config: { type: `custom:${CARD}`, device: item.device.id } };
    return isCheck(item) ? { config: { type: `custom:${CARD}` } } : null;
  },
});
offer("customStrategies", {
  type: DASHBOARD,
  strategyType: "dashboard",
  name: "Ops Monitor",
  description: textsFor(language()).dashboard,
});
