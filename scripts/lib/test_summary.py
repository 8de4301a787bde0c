"""Add up the results of all parts of a test run."""

from collections import Counter
from pathlib import Path
import sys
from xml.etree import ElementTree as ET


def count(folder: Path) -> Counter[str]:
    """Count the outcomes in every result file of the folder."""
    totals: Counter[str] = Counter()
    for file in folder.glob("*.xml"):
        # The files were written by pytest a moment ago, so they can be trusted.
        for case in ET.parse(file).iter("testcase"):  # noqa: S314
            kinds = {child.tag for child in case}
            totals[
                "failed"
                if kinds & {"failure", "error"}
                else "skipped"
                if "skipped" in kinds
                else "passed"
            ] += 1
    return totals


def main() -> int:
    """Print the totals, and fail when nothing ran or anything failed."""
    totals = count(Path(sys.argv[1]))
    skipped = f", {totals['skipped']} skipped" if totals["skipped"] else ""
    print(f"{totals['passed']} passed, {totals['failed']} failed{skipped}")
    return int(totals["failed"] > 0 or totals["passed"] == 0)


if __name__ == "__main__":
    sys.exit(main())
