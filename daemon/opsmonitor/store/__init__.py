"""Keep states, events, runs and their history in SQLite; all SQL is here."""
