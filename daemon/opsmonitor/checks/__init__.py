"""The check types: one file each, found by the registry."""
