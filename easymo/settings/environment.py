"""Read settings from the environment and from a file ``.env``, strictly.

An invalid value stops the start with one clear line. The line names the setting and
never shows its value, which may be a password. django-environ would print a line of
``.env`` that it cannot parse, and would take a comment after a value as part of the
value; so the lines are normalised here first.
"""

from __future__ import annotations

import base64
import binascii
import io
import math
import os
import re
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from easymo.paths import BASE_DIR

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z_0-9]*)\s*=(.*)")
_QUOTED = re.compile(r"""('.*?'|".*?")(?:\s+#.*)?""")
_COMMENT = re.compile(r"\s#.*")


class BadLine(ValueError):
    """A line that sets nothing; the text is its line number."""


def tidied(text: str) -> str:
    """Return one ``NAME=value`` per line, without comments and surrounding spaces."""
    lines = enumerate(text.removeprefix("\ufeff").splitlines(), 1)
    told = ((number, line.strip()) for number, line in lines)
    return "\n".join(
        _tidied(number, line) for number, line in told if line and line[0] != "#"
    )


def _tidied(number: int, line: str) -> str:
    found = _LINE.fullmatch(line)
    if found is None:
        raise BadLine(number)
    name, value = found[1], found[2]
    if quoted := _QUOTED.fullmatch(value.strip()):
        return f"{name}={quoted[1]}"
    value = _COMMENT.sub("", value, count=1).strip()
    if value[:1] in {"'", '"'}:
        # An unclosed quotation mark: the value would continue on the next lines.
        raise BadLine(number)
    return f"{name}={value}"


TRUE = {"1", "true", "yes", "on", "y", "t"}
FALSE = {"0", "false", "no", "off", "n", "f"}
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
KEY_BYTES = 32


class SettingError(ImproperlyConfigured):
    """A setting cannot be used; the text is one line that says why."""


def env_str(name: str, default: str = "") -> str:
    """Return a setting's text without surrounding spaces."""
    return os.environ.get(name, "").strip() or default


def env_bool(name: str, *, default: bool = False) -> bool:
    """Return a boolean setting; unset or empty gives the default."""
    text = env_str(name).lower()
    if not text:
        return default
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    raise SettingError(f"{name} must be true or false.")


def env_int(
    name: str, default: int, *, least: int = 0, most: int = 1_000_000_000
) -> int:
    """Return an integer within bounds, written in plain digits."""
    text = env_str(name)
    if not text:
        return default
    if not re.fullmatch(r"-?[0-9]{1,12}", text) or not least <= int(text) <= most:
        raise SettingError(f"{name} must be a whole number from {least} to {most}.")
    return int(text)


def env_float(name: str, default: float, *, least: float, most: float) -> float:
    """Return a number within bounds."""
    text = env_str(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise SettingError(f"{name} must be a number from {least:g} to {most:g}.")
    return value


def env_list(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """Return a comma-separated setting as a list."""
    return [part.strip() for part in env_str(name).split(",") if part.strip()] or [
        *default
    ]


def env_choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    """Return one of the given choices."""
    text = env_str(name, default).upper()
    if text not in choices:
        raise SettingError(f"{name} must be one of {', '.join(choices)}.")
    return text


def env_url(name: str, default: str = "") -> str:
    """Return an http or https address without a trailing slash."""
    text = env_str(name, default).rstrip("/")
    if text and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", text):
        raise SettingError(f"{name} must be an address like https://host/path.")
    return text


def env_address(name: str) -> str:
    """Return an http or https address that may have a query, or an empty string."""
    text = env_secret(name)
    if text and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?(\?[^\s#]*)?", text):
        raise SettingError(f"{name} must be an address like https://host/path.")
    return text


def env_dsn(name: str) -> str:
    """Return a Sentry DSN, or an empty string."""
    text = env_secret(name)
    form = r"https?://[^\s/@:]+(:[^\s/@]*)?@[^\s/@:]+(:[0-9]{1,5})?/([^\s?#]*/)?[0-9]+"
    if text and not re.fullmatch(form, text):
        raise SettingError(f"{name} must look like https://key@host/number.")
    return text


def env_secret(name: str, default: str = "") -> str:
    """Return a secret from ``NAME``, or from the file that ``NAME_FILE`` names."""
    text, file = env_str(name), env_str(f"{name}_FILE")
    if text and file:
        raise SettingError(f"Set {name} or {name}_FILE, not both.")
    if not file:
        return text or default
    try:
        found = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{name}_FILE names a file that cannot be read.") from error
    if not found:
        raise SettingError(f"{name}_FILE names an empty file.")
    return found


def parse_keys(text: str) -> dict[str, bytes]:
    """Parse ``id:base64,…``: the first key writes, all keys read."""
    keys: dict[str, bytes] = {}
    for number, item in enumerate(filter(None, map(str.strip, text.split(","))), 1):
        key_id, colon, encoded = item.partition(":")
        if not colon or not KEY_ID.fullmatch(key_id):
            raise SettingError(
                f"EASYMO_KEYS: key {number} must look like id:base64, the id made of "
                "letters, digits, - and _."
            )
        if key_id in keys:
            raise SettingError(f"EASYMO_KEYS names the id '{key_id}' twice.")
        try:
            key = base64.b64decode(encoded.translate({45: 43, 95: 47}), validate=True)
        except (binascii.Error, ValueError):
            raise SettingError(f"EASYMO_KEYS: key {number} is not base64.") from None
        if len(key) < KEY_BYTES:
            raise SettingError(
                f"EASYMO_KEYS: key {number} has fewer than {KEY_BYTES} bytes. "
                "`openssl rand -base64 32` makes one."
            )
        keys[key_id] = key
    return keys


def env_file(name: str, default: Path) -> None:
    """Read the settings file; variables of the process take precedence."""
    file = Path(env_str(name)) if env_str(name) else default
    # A folder named .env is probably a virtual environment.
    if file == default and (not file.exists() or file.is_dir()):
        return
    try:
        text = tidied(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"The file {file.name} cannot be read.") from error
    except BadLine as error:
        raise SettingError(
            f"The file {file.name}: line {error} is not NAME=value."
        ) from None
    environ.Env.read_env(io.StringIO(text), overwrite=False)


env_file("EASYMO_ENV_FILE", BASE_DIR / ".env")
