"""A web worker that ends when granian, which started it, was killed.

It would answer on, from a port that the next start then shares with it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time

WORKER = "granian-worker"
LOOK_SECONDS = 0.5
# For requests that run; granian itself gives them as long.
GRACE_SECONDS = 4


def watch() -> None:
    """Look after the parent of this process, if it is a worker of granian."""
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
