"""Check the standard streams of a serving process line by line.

`print`, a library's own handler or a crash write there past the logging. Personal data
is masked and recorded as a leak. Our own log lines were checked already and pass.
"""

from __future__ import annotations

import sys
import threading
from typing import IO, TYPE_CHECKING, Any

from django.conf import settings

from easymo.observability import findings, leaks

if TYPE_CHECKING:
    from collections.abc import Iterable

# A line without an end is passed on after this many characters.
LONGEST = 64_000


class GuardedStream:
    """A text stream whose lines are checked before they go on."""

    def __init__(self, stream: IO[str], sink: str) -> None:
        # For lines that were checked already.
        self.unguarded = stream
        self.buffer = _GuardedBytes(self)
        self._sink = sink
        self._line = ""
        # Reentrant: the garbage collector may write while a line is written.
        self._lock = threading.RLock()

    def write(self, text: str) -> int:
        with self._lock:
            whole, end, rest = (self._line + text).rpartition("\n")
            self._line = rest
            if end:
                self._pass_on(whole + end)
            if len(self._line) > LONGEST:
                self._pass_on_the_rest()
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        with self._lock:
            self._pass_on_the_rest()
            self.unguarded.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.unguarded, name)

    def _pass_on_the_rest(self) -> None:
        rest, self._line = self._line, ""
        if rest:
            self._pass_on(rest)

    def _pass_on(self, text: str) -> None:
        for line in text.splitlines(keepends=True):
            self.unguarded.write(leaks.guard(line, self._sink))


class _GuardedBytes:
    """The byte stream below a guarded stream, used as `sys.stdout.buffer`."""

    def __init__(self, stream: GuardedStream) -> None:
        self._stream = stream

    def write(self, data: bytes) -> int:
        self._stream.write(bytes(data).decode(errors="backslashreplace"))
        return len(data)

    def flush(self) -> None:
        self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream.unguarded.buffer, name)  # type: ignore[attr-defined]


def guard_process() -> None:
    """Check all standard output of this process and record what is found."""
    if not settings.LEAKS_WATCHED:
        return
    for name, sink in (("stdout", leaks.STDOUT), ("stderr", leaks.STDERR)):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, GuardedStream):
            setattr(sys, name, GuardedStream(stream, sink))
    findings.start()
