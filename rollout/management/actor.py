from __future__ import annotations

import getpass


def who(name: str | None) -> str:
    """Return the name given, else the login; a container may know no login."""
    if name is not None:
        return name
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "command line"
