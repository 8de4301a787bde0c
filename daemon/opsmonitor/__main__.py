"""Run the command line as `python -m opsmonitor`."""

import sys

from opsmonitor.cli import main

if __name__ == "__main__":
    sys.exit(main())
