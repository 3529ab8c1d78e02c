"""``make run``: migrate, start web and worker, print the address, stop everything.

Development only; in production a process manager runs the Procfile.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing, contextmanager, suppress
from typing import IO, TYPE_CHECKING

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connections

from easymo.development import embedded, run_log, running
from easymo.development.binaries import EmbeddedError
from easymo.development.embedded import refusal
from easymo.paths import BASE_DIR, VAR
from easymo.start import SUPERVISOR, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

READY_SECONDS = 60
STOP_SECONDS = 7
DATABASE_STOP_SECONDS = 2.5
# Children of a killed supervisor end within this time.
LEFTOVER_SECONDS = 15
LONGEST_PAUSE = 10.0
STEADY_SECONDS = 60


class StartError(Exception):
    """The product cannot be started; the text is a sentence for the user."""


class Stopped(BaseException):
    """Ctrl-C was pressed, or a stop signal came."""


class Child:
    """One program in a process group of its own; it ends with the supervisor."""

    def __init__(
        self,
        name: str,
        program: list[str],
        lock: int,
        log: run_log.RunLog | None = None,
    ) -> None:
        self.name = name
        self.program = program
        self.lock = lock
        self.log = log
        self.pause = 0.5
        self.start()

    def start(self) -> None:
        """Start it. Ctrl-C reaches only the supervisor, which passes it on.

        It holds the lock too: the next start waits until it is gone.
        """
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, *self.program],
            cwd=BASE_DIR,
            env=os.environ | {SUPERVISOR: str(os.getpid())},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if self.log else None,
            stderr=subprocess.STDOUT if self.log else None,
            pass_fds=[self.lock],
            start_new_session=True,
        )
        if self.log and self.process.stdout:
            self.log.follow(self.process.stdout)

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def next_pause(self) -> float:
        """Return the pause before a restart; it grows with each failure in a row."""
        if time.monotonic() - self.started_at > STEADY_SECONDS:
            self.pause = 0.5
        self.pause = min(self.pause * 2, LONGEST_PAUSE)
        return self.pause

    def kill(self) -> None:
        """Kill it and everything that it started."""
        self.strike()
        self.process.wait()

    def strike(self) -> None:
        """Kill it without waiting for its end."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)


def main() -> None:
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _stop)
    try:
        load_settings()
        with single_instance() as lock:
            try:
                run(lock)
            finally:
                embedded.release(wait_seconds=DATABASE_STOP_SECONDS)
    except (ImproperlyConfigured, EmbeddedError, StartError, CommandError) as error:
        sys.exit(f"easymo cannot start: {error}")
    except Stopped:
        print_line("Stopped.")


def run(lock: int) -> None:
    """Start everything and watch it until told to stop."""
    require_free_port()
    if settings.DEMONSTRATION:
        print_line("Starting the development database …")
    embedded.hold()
    print_line("Preparing the tables …")
    prepare()
    children: list[Child] = []
    try:
        log = run_log.RunLog() if settings.DEMONSTRATION else None
        children.append(Child("web", ["-m", "easymo.web.server"], lock, log))
        worker = ["manage.py", "procrastinate", "worker"]
        children.append(Child("worker", worker, lock, log))
        wait_until_ready(children)
        call_command("demo", "--show") if settings.DEMONSTRATION else print_address()
        watch(children)
    finally:
        # A second Ctrl-C must not leave a process behind.
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_IGN)
        stop(children)


@contextmanager
def single_instance() -> Iterator[int]:
    """Hold the lock of this folder; refuse a second start from it."""
    try:
        VAR.mkdir(exist_ok=True)
        lock: IO[str] = running.LOCK.open("a+")
    except OSError as error:
        raise StartError(refusal(VAR, error)) from error
    with lock:
        deadline = time.monotonic() + LEFTOVER_SECONDS
        while not _is_taken(lock):
            lock.seek(0)
            holder = lock.read().strip()
            # The children of a killed supervisor are about to end.
            if running.is_running(holder) or time.monotonic() > deadline:
                raise StartError(
                    f"it already runs from this folder ({holder}). Stop it there first."
                )
            time.sleep(0.1)
        lock.truncate(0)
        lock.write(running.line(settings.PORT))
        lock.flush()
        yield lock.fileno()


def _is_taken(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def require_free_port() -> None:
    """Refuse a port that another program uses, before anything is started."""
    family = socket.AF_INET6 if ":" in settings.HOST else socket.AF_INET
    with closing(socket.socket(family)) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((settings.HOST, settings.PORT))
            trial.listen(1)
        except PermissionError as error:
            raise StartError(
                f"your account may not listen on port {settings.PORT}. "
                f"`PORT=8000 make run` takes another."
            ) from error
        except OSError as error:
            raise StartError(
                f"port {settings.PORT} is taken by another program. "
                f"`PORT={settings.PORT + 1} make run` takes another."
            ) from error


def prepare() -> None:
    """Migrate; in demonstration mode, seed the demo people."""
    django.setup()
    if settings.DEMONSTRATION and not run_log.shows_all():
        logging.getLogger().setLevel(logging.ERROR)
    try:
        call_command("migrate", verbosity=0, interactive=False)
        if settings.DEMONSTRATION:
            call_command("demo", "--quiet")
    except DatabaseError as error:
        said = str(error).strip().splitlines() or ["no reason given"]
        raise StartError(f"the database refuses: {said[-1]}") from error
    finally:
        connections.close_all()
        connections["default"].close_pool()  # type: ignore[attr-defined]


def wait_until_ready(children: list[Child]) -> None:
    """Return when the web process answers."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if any(child.has_ended() for child in children):
            raise StartError("one of its processes ended; the lines above say why.")
        with suppress(OSError, urllib.error.URLError):
            urllib.request.urlopen(f"{address()}/healthz", timeout=2).close()  # noqa: S310
            return
        time.sleep(0.1)
    raise StartError(f"the web process did not answer within {READY_SECONDS} seconds.")


def address() -> str:
    """Return the address of the product for a browser on this machine."""
    host = "localhost" if settings.HOST in {"0.0.0.0", "127.0.0.1"} else settings.HOST  # noqa: S104
    return f"http://{host}:{settings.PORT}"


def print_address() -> None:
    print_line(f"\n  easymo runs at {address()}  (back office: {address()}/admin/)")
    print_line("  Ctrl-C stops it.\n")


def watch(children: list[Child]) -> None:
    """Restart a process that ended, with a growing pause."""
    if settings.DEMONSTRATION:
        # A button of the simulator shows what happens to a call when its worker dies.
        worker = next(child for child in children if child.name == "worker")
        signal.signal(signal.SIGUSR1, lambda *_: worker.strike())
    while True:
        time.sleep(0.3)
        for child in children:
            if child.has_ended():
                pause = child.next_pause()
                print_line(f"The {child.name} process ended; starting it again.")
                child.kill()
                time.sleep(pause)
                child.start()


def stop(children: list[Child]) -> None:
    """Terminate all at once, wait, and kill what still runs."""
    for child in children:
        child.process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline and not all(c.has_ended() for c in children):
        time.sleep(0.05)
    for child in children:
        child.kill()


def print_line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _stop(_number: int, _frame: object) -> None:
    raise Stopped


if __name__ == "__main__":
    main()
