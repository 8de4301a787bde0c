-- What the daemon did by itself about checks that failed. A body is JSON.

CREATE TABLE attempts (
  id TEXT PRIMARY KEY,
  check_id TEXT NOT NULL,
  started_ms INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_by_time ON attempts (started_ms);
