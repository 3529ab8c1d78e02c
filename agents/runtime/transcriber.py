"""Putting a voice note into words, whoever does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Recording:
    """One voice note; its bytes were looked at, its words are a stranger's."""

    content: bytes
    # ogg, mp3, m4a, ...
    extension: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was heard."""

    text: str
    # The provider's word for the language, when it tells one.
    language: str = ""
    # 0 to 1, when it tells how sure it is.
    confidence: float | None = None
    model: str = ""
    # US dollars; None when the price is not known.
    cost: Decimal | None = None


class Transcriber(Protocol):
    """Raises ModelError when it cannot."""

    @property
    def name(self) -> str: ...

    async def transcribe(
        self, recording: Recording, *, keywords: Sequence[str], timeout_s: float
    ) -> Transcript: ...
