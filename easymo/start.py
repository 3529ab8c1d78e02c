"""What each process does at its start: read the settings, and watch its parent.

A web worker whose parent granian process was killed would go on answering on a port
that the next start shares with it; the processes of `make run` would go on without
their supervisor.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time

from django.conf import settings

# The variable that names the supervisor.
SUPERVISOR = "EASYMO_SUPERVISOR"
WORKER = "granian-worker"
LOOK_SECONDS = 0.5
# Running requests get as long as granian itself gives them.
GRACE_SECONDS = 4


def load_settings() -> None:
    """Read the settings now, so that an error in them is reported first."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "easymo.settings")
    bool(settings.SECRET_KEY)


def end_with_granian() -> None:
    """Let a worker of granian end when the parent process was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None and multiprocessing.current_process().name == WORKER:
        _watch(parent.pid)


def end_with_supervisor() -> None:
    """Let a process of `make run` end when the supervisor was killed."""
    if named := os.environ.get(SUPERVISOR):
        _watch(int(named))


def _watch(parent: int | None) -> None:
    threading.Thread(target=_follow, args=(parent,), name="parent", daemon=True).start()


def _follow(parent: int | None) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)
