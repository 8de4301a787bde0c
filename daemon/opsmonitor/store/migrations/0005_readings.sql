-- What is polled in the background: the last good reading, what happened, and values over time.

CREATE TABLE reading_things (
  key INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE, -- full and dotted, such as fritz.home
  state TEXT -- JSON; null: no longer polled
) STRICT;

CREATE TABLE reading_events (
  id INTEGER PRIMARY KEY,
  ts INTEGER NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  message TEXT NOT NULL,
  data TEXT NOT NULL -- JSON
) STRICT;

-- All values of a thing that belong to one moment or one bucket share a row.
CREATE TABLE reading_values (
  thing_key INTEGER NOT NULL,
  width_ms INTEGER NOT NULL, -- of the bucket; 1: single readings
  ts INTEGER NOT NULL, -- when the bucket begins
  body BLOB NOT NULL, -- compressed JSON: a number, or [count, least, sum, greatest], by name
  PRIMARY KEY (thing_key, width_ms, ts)
) STRICT, WITHOUT ROWID;
