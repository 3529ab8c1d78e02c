"""The progress of a run, reported before each of its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Progress(Protocol):
    """Called before each line with the results so far, its title and their number."""

    def __call__(
        self, results: Sequence[dict[str, Any]], current: str, total: int
    ) -> None: ...


def unobserved(results: Sequence[dict[str, Any]], current: str, total: int) -> None:
    """Report nothing."""
