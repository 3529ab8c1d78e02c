"""What the offline model asked last, kept as plain JSON between two turns."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

_KEPT = timedelta(minutes=10)
_KEY = "asked"
_INTENTS = {"create", "redeem", "void", "lookup"}
_TYPES: dict[str, type] = {
    **dict.fromkeys(("intent", "asked", "number", "voucher", "station", "reason"), str),
    **dict.fromkeys(("amount", "tries"), int),
}


@dataclass(frozen=True)
class Draft:
    """A request that lacks something; `asked` names what the person was asked for."""

    intent: str
    asked: str = ""
    amount: int | None = None
    number: str | None = None
    voucher: str | None = None
    station: str | None = None
    reason: str | None = None
    # How often the same thing was asked in vain.
    tries: int = 0

    def without_codes(self) -> Draft:
        """Forget "[code 1]": codes are gone with the turn they came in."""
        is_code = bool(self.voucher and self.voucher.startswith("["))
        return replace(self, voucher=None) if is_code else self


def remember(draft: Draft, *, now: datetime) -> dict[str, Any]:
    kept = {k: v for k, v in asdict(draft.without_codes()).items() if v}
    return {_KEY: {**kept, "at": now.isoformat()}}


def recall(memory: dict[str, Any], *, now: datetime) -> Draft | None:
    """Return the open request, unless it is older than ten minutes or unreadable."""
    kept = memory.get(_KEY) if isinstance(memory, dict) else None
    if not isinstance(kept, dict):
        return None
    try:
        age = now - datetime.fromisoformat(str(kept.get("at")))
    except (ValueError, TypeError):
        return None
    if not timedelta(0) <= age <= _KEPT or kept.get("intent") not in _INTENTS:
        return None
    known = {name: kept[name] for name in _TYPES if name in kept}
    if any(type(value) is not _TYPES[name] for name, value in known.items()):
        return None
    return Draft(**known)
