"""Logs, metrics, spans and errors without personal data; start with `logs`."""

from __future__ import annotations

import sys

if "rich" not in sys.modules:
    # structlog imports rich, where that is installed, for console output that we do not
    # use: an eighth of the time that a command needs to start.
    sys.modules["rich"] = None  # type: ignore[assignment]
    import structlog  # noqa: F401

    del sys.modules["rich"]
