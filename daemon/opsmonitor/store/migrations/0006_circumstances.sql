-- Time without a network says nothing of a target; and a check that changes too often is flapping.

ALTER TABLE check_states ADD COLUMN flips INTEGER NOT NULL DEFAULT 0; -- a bit for each latest run
ALTER TABLE check_states ADD COLUMN flapping_since_ms INTEGER;
ALTER TABLE rollup_5m ADD COLUMN no_network_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rollup_1h ADD COLUMN no_network_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rollup_1d ADD COLUMN no_network_ms INTEGER NOT NULL DEFAULT 0;
