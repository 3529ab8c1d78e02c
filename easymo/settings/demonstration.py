"""The secrets of demonstration mode: generated once and stored under ``var/``."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from easymo.settings.environment import SettingError

NAME = "demonstration.json"


def demonstration_secrets(folder: Path) -> dict[str, str]:
    """Return the secrets in ``folder``; generate them on the first call."""
    file = folder / NAME
    try:
        if not file.exists():
            _make(file)
        found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingError(
            f"nothing can be kept in {folder} ({error.strerror}). Give the "
            "folder to your account, or set DATABASE_URL, SECRET_KEY and EASYMO_KEYS."
        ) from error
    except ValueError as error:
        raise SettingError(
            f"{file} is damaged. Remove it: a new one is made."
        ) from error
    # Files of earlier versions lack it.
    found.setdefault("OPENAI_WEBHOOK_SECRET", _webhook_secret(found["SECRET_KEY"]))
    return found


def _webhook_secret(secret_key: str) -> str:
    made = hmac.digest(secret_key.encode(), b"OPENAI_WEBHOOK_SECRET", hashlib.sha256)
    return "whsec_" + base64.b64encode(made).decode()


def _make(file: Path) -> None:
    """Write the file atomically: of two processes one wins, and both read the same
    file.
    """
    values = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "EASYMO_KEYS": "d1:" + base64.b64encode(os.urandom(32)).decode(),
        "WA_APP_SECRET": secrets.token_hex(32),
        "WA_VERIFY_TOKEN": secrets.token_urlsafe(24),
    }
    file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    # mkstemp creates the file with mode 0600; link() never overwrites.
    handle, writing = tempfile.mkstemp(dir=file.parent, prefix=".demonstration-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as output:
            json.dump(values, output, indent=2)
        with suppress(FileExistsError):
            os.link(writing, file)
    finally:
        Path(writing).unlink()
