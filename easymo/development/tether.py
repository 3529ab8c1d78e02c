"""Become another program that is told to stop when its parent is gone.

``python tether.py PARENT PROGRAM …``. After kill -9 of the supervisor nothing of it
stays behind to hold the port. On systems other than Linux the next start ends what
stayed behind.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, *program = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != int(parent):
            sys.exit(1)  # it was gone before we asked
    os.execv(program[0], program)  # noqa: S606


if __name__ == "__main__":
    main()
