"""Replace this process by a program that is told to stop when its parent dies.

``python tether.py PARENT PROGRAM …``. After kill -9 of the supervisor no child stays
behind to hold the port. On systems other than Linux the next start ends the leftovers.
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
            sys.exit(1)  # the parent was gone before the request
    os.execv(program[0], program)  # noqa: S606


if __name__ == "__main__":
    main()
