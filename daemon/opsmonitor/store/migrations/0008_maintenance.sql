-- Maintenance windows that people opened by the API. A body is JSON.

CREATE TABLE maintenance_windows (
  id TEXT PRIMARY KEY,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
