-- What jobs report: all that is known of each (body is JSON), and their latest pings.

CREATE TABLE pulses (
  check_id TEXT PRIMARY KEY,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pings (
  id INTEGER PRIMARY KEY,
  check_id TEXT NOT NULL,
  ts INTEGER NOT NULL,
  kind TEXT NOT NULL,
  exit_code INTEGER,
  run_id TEXT,
  duration_ms INTEGER,
  body TEXT NOT NULL,
  is_cut INTEGER NOT NULL,
  source TEXT
) STRICT;
CREATE INDEX pings_by_check ON pings (check_id, id);
