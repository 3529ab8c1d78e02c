"""Record that `make check` passed, and for which files.

`begin` runs before the check and `end` after it: files changed in between were not
checked.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from easymo import release  # noqa: E402

RECORD = ROOT / "var" / "checked.json"
BEGUN = ROOT / "var" / "checked.begun.json"


def main() -> None:
    if sys.argv[1:] == ["begin"]:
        RECORD.unlink(missing_ok=True)
        release.write_record(BEGUN, passed=())
        return
    begun = release.read_record(BEGUN)
    BEGUN.unlink(missing_ok=True)
    if begun is None or begun.fingerprint != release.fingerprint_of(ROOT):
        sys.stdout.write("Files changed during the check: nothing was written down.\n")
        return
    release.write_record(RECORD, passed=release.PARTS)
    sys.stdout.write(f"Checked, and written down in {RECORD.relative_to(ROOT)}.\n")


if __name__ == "__main__":
    main()
