-- What is shown of a check may differ from what its runs say, and people may have had their say.

ALTER TABLE check_states ADD COLUMN covered TEXT; -- the judged status, while another is shown
ALTER TABLE check_states ADD COLUMN because TEXT; -- the id of the check that makes it unreachable
ALTER TABLE check_states ADD COLUMN pause TEXT; -- JSON
ALTER TABLE check_states ADD COLUMN acknowledged TEXT; -- JSON
