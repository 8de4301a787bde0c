-- Times are epoch milliseconds, UTC; latencies are microseconds; a status or event is its name.

CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- A small number stands for each check id, since it is repeated in every row of history.
CREATE TABLE checks (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  removed_ms INTEGER -- when it left the configuration
) STRICT;

CREATE TABLE check_states (
  check_key INTEGER PRIMARY KEY REFERENCES checks (key) ON DELETE CASCADE,
  type TEXT NOT NULL,
  status TEXT NOT NULL,
  ok INTEGER,
  fail_streak INTEGER NOT NULL,
  ok_streak INTEGER NOT NULL,
  last_run_ms INTEGER,
  last_ok_ms INTEGER,
  last_change_ms INTEGER,
  verdict INTEGER, -- of the latest run; null: none known, and so is all that follows
  latency_us INTEGER,
  status_code INTEGER,
  error_code TEXT,
  error TEXT,
  attempts INTEGER,
  extra TEXT -- JSON: certificate and further values
) STRICT;

CREATE TABLE results (
  check_key INTEGER NOT NULL,
  ts INTEGER NOT NULL,
  verdict INTEGER NOT NULL, -- 0 ok, 1 degraded, 2 fail, 3 unknown
  latency_us INTEGER,
  status_code INTEGER,
  error_code TEXT,
  error TEXT,
  attempts INTEGER NOT NULL,
  PRIMARY KEY (check_key, ts)
) STRICT, WITHOUT ROWID;
CREATE INDEX results_failed ON results (ts) WHERE verdict = 2;

CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  ts INTEGER NOT NULL,
  check_key INTEGER NOT NULL,
  event TEXT NOT NULL,
  status TEXT NOT NULL,
  previous TEXT NOT NULL,
  ok INTEGER,
  latency_us INTEGER,
  status_code INTEGER,
  error_code TEXT,
  error TEXT
) STRICT;
CREATE INDEX events_by_check ON events (check_key);

-- The truth for uptime. The intervals of a check never overlap; at most one of them is open.
CREATE TABLE intervals (
  check_key INTEGER NOT NULL,
  start INTEGER NOT NULL,
  "end" INTEGER, -- null: it goes on
  status TEXT NOT NULL,
  cause TEXT,
  PRIMARY KEY (check_key, start)
) STRICT, WITHOUT ROWID;
CREATE INDEX intervals_open ON intervals (check_key) WHERE "end" IS NULL;

-- Caches that can be rebuilt: what happened in each bucket that begins at ts.
CREATE TABLE rollup_5m (
  check_key INTEGER NOT NULL,
  ts INTEGER NOT NULL,
  up_ms INTEGER NOT NULL,
  degraded_ms INTEGER NOT NULL,
  down_ms INTEGER NOT NULL,
  unreachable_ms INTEGER NOT NULL,
  maintenance_ms INTEGER NOT NULL,
  paused_ms INTEGER NOT NULL,
  pending_ms INTEGER NOT NULL,
  unmonitored_ms INTEGER NOT NULL,
  runs INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  latency_min_us INTEGER,
  latency_sum_us INTEGER,
  latency_max_us INTEGER,
  histogram BLOB,
  PRIMARY KEY (check_key, ts)
) STRICT, WITHOUT ROWID;

CREATE TABLE rollup_1h (
  check_key INTEGER NOT NULL,
  ts INTEGER NOT NULL,
  up_ms INTEGER NOT NULL,
  degraded_ms INTEGER NOT NULL,
  down_ms INTEGER NOT NULL,
  unreachable_ms INTEGER NOT NULL,
  maintenance_ms INTEGER NOT NULL,
  paused_ms INTEGER NOT NULL,
  pending_ms INTEGER NOT NULL,
  unmonitored_ms INTEGER NOT NULL,
  runs INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  latency_min_us INTEGER,
  latency_sum_us INTEGER,
  latency_max_us INTEGER,
  histogram BLOB,
  PRIMARY KEY (check_key, ts)
) STRICT, WITHOUT ROWID;

CREATE TABLE rollup_1d (
  check_key INTEGER NOT NULL,
  ts INTEGER NOT NULL,
  up_ms INTEGER NOT NULL,
  degraded_ms INTEGER NOT NULL,
  down_ms INTEGER NOT NULL,
  unreachable_ms INTEGER NOT NULL,
  maintenance_ms INTEGER NOT NULL,
  paused_ms INTEGER NOT NULL,
  pending_ms INTEGER NOT NULL,
  unmonitored_ms INTEGER NOT NULL,
  runs INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  latency_min_us INTEGER,
  latency_sum_us INTEGER,
  latency_max_us INTEGER,
  histogram BLOB,
  PRIMARY KEY (check_key, ts)
) STRICT, WITHOUT ROWID;
