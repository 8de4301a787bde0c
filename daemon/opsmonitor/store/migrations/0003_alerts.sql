-- What people were told, and what is on its way to them. A body is JSON.

CREATE TABLE alerts (
  id TEXT PRIMARY KEY,
  subject TEXT NOT NULL,
  opened_ms INTEGER NOT NULL,
  resolved_ms INTEGER, -- null: open
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX alerts_by_time ON alerts (opened_ms);

CREATE TABLE deliveries (
  notice_id TEXT NOT NULL,
  channel TEXT NOT NULL,
  state TEXT NOT NULL,
  queued_ms INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  next_ms INTEGER NOT NULL,
  done_ms INTEGER,
  error TEXT,
  notice TEXT NOT NULL,
  PRIMARY KEY (notice_id, channel)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_queued ON deliveries (queued_ms) WHERE state = 'queued';
CREATE INDEX deliveries_done ON deliveries (done_ms) WHERE done_ms IS NOT NULL;
