"""End a web worker whose parent granian process was killed.

Otherwise it would go on answering on a port that the next start shares with it. Kept
apart from `server`, since each web worker imports it and must not import granian.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time

WORKER = "granian-worker"
LOOK_SECONDS = 0.5
# Running requests get as long as granian itself gives them.
GRACE_SECONDS = 4


def watch() -> None:
    """Watch the parent process, if this process is a worker of granian."""
    parent = multiprocessing.parent_process()
    if parent is None or multiprocessing.current_process().name != WORKER:
        return
    threading.Thread(
        target=_follow, args=(parent.pid,), name="orphan", daemon=True
    ).start()


def _follow(parent: int | None) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)
