"""Digits of a PIN, which no log, trace, error report or frame shows."""

from __future__ import annotations

import hmac
from typing import NoReturn

from easymo import keys

HIDDEN = "[digits]"


class SecretDigits:
    """A sequence of digits whose text form is always the same."""

    __slots__ = ("_digits",)

    def __init__(self, digits: object = "") -> None:
        self._digits = digits if isinstance(digits, str) else ""

    def __len__(self) -> int:
        return len(self._digits)

    def __repr__(self) -> str:
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretDigits) and hmac.compare_digest(
            self._digits.encode(), other._digits.encode()
        )

    __hash__ = None  # type: ignore[assignment]

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("Secret digits are not stored.")

    def __add__(self, other: SecretDigits) -> SecretDigits:
        return SecretDigits(self._digits + other._digits)

    def mac(self, purpose: str, context: str, *, key_id: str) -> bytes:
        """Return an HMAC under EASYMO_KEYS, bound to the context."""
        return keys.digest(purpose, f"{context}/{self._digits}".encode(), key_id=key_id)

    def reveal(self) -> str:
        """Return the digits; the caller stores them in no variable."""
        return self._digits
