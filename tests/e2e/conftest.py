"""What is collected of the tests that use everything for real."""

import os

# They prove nothing that other tests do not, and are taken when somebody asks for them.
collect_ignore = [] if "OPSMONITOR_PICTURES" in os.environ else ["test_home_assistant_pictures.py"]
