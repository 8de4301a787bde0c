"""What check types are built from: groups of keys, with their validators and their rules."""
