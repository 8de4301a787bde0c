// The daemon's stream of changes, kept open.

const KINDS = [
  ...["snapshot", "check", "event", "inventory", "config", "summary"],
  ...["reading", "reading_event", "readings", "alerts"],
];
const GRACE_MS = 1500;
const SILENT_MS = 45_000;
const LONGEST_WAIT_MS = 30_000;

/** Follow the stream: `onFrame(kind, data)` for each frame, `onLink("live" | "lost")` as it comes and goes. */
export class Stream {
  constructor(url, onFrame, onLink) {
    Object.assign(this, { url, onFrame, onLink, wait: 1000, heard: Date.now(), timer: null });
    this.open();
    setInterval(() => this.watch(), 15_000);
  }

  open() {
    this.source = new EventSource(this.url);
    this.source.onopen = () => this.live();
    this.source.onerror = () => this.failed();
    for (const kind of KINDS) {
      this.source.addEventListener(kind, (event) => {
        this.live();
        this.onFrame(kind, JSON.parse(event.data));
      });
    }
  }

  live() {
    this.heard = Date.now();
    this.wait = 1000;
    clearTimeout(this.timer);
    this.timer = null;
    this.onLink("live");
  }

  failed() {
    // A restarting daemon is back within the second: that is not worth a banner.
    this.timer ??= setTimeout(() => this.onLink("lost"), GRACE_MS);
    if (this.source.readyState === EventSource.CLOSED) this.again();
  }

  /** Try anew where the browser gave up, which it does when the answer is an error. */
  async again() {
    this.source.close();
    const wait = this.wait;
    this.wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    await new Promise((resolve) => setTimeout(resolve, wait));
    if ((await status("/api/info")) === 401) location.reload();
    else this.open();
  }

  /** Notice a connection that died without a word. */
  async watch() {
    if (this.source.readyState !== EventSource.OPEN || Date.now() - this.heard < SILENT_MS) return;
    if ((await status("/health")) === 200) {
      this.heard = Date.now();
    } else {
      this.onLink("lost");
      this.again();
    }
  }
}

/** Return the status of an answer, 0 when there is none. */
async function status(url) {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(5000) })).status;
  } catch {
    return 0;
  }
}
