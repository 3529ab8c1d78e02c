from __future__ import annotations


class Failed(Exception):
    """A smoke test failed: what was seen, and what to mend. Nothing personal in it."""

    def __init__(self, detail: str, remedy: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy
