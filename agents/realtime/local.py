"""Calls of the simulator: a server on this machine replaces OpenAI.

The id of such a call names the port. It is trusted only on a webhook with our own mark,
which makes a call synthetic.
"""

from __future__ import annotations

import re
import secrets

from easymo import keys

PREFIX = "rtc_simulator_"
PURPOSE = "simulator-phone"
_CALL_ID = re.compile(PREFIX + r"([0-9]{1,5})_[0-9a-f]{20}")


def new_call_id(port: int) -> str:
    return f"{PREFIX}{port}_{secrets.token_hex(10)}"


def port_of(call_id: str) -> int | None:
    """Return the port of the server that holds this call; None for other calls."""
    found = _CALL_ID.fullmatch(call_id)
    port = int(found[1]) if found else 0
    return port if 0 < port < 65_536 else None


def base_url(port: int) -> str:
    return f"http://127.0.0.1:{port}/v1"


def api_key() -> str:
    """Return the key that web and worker share without a setting."""
    return keys.digest(PURPOSE, b"").hex()
