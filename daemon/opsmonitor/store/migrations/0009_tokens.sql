-- Tokens that were given to programs. Of each only a keyed hash is kept.

CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  scope TEXT NOT NULL,
  digest TEXT NOT NULL UNIQUE,
  created INTEGER NOT NULL,
  expires INTEGER,
  used INTEGER
) STRICT, WITHOUT ROWID;
