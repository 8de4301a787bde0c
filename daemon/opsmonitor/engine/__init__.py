"""When checks run, what follows from their outcomes, and who is told."""
