"""The keeper of one development server: starts, watches and stops it.

It runs as a separate process from this file and imports nothing of easymo, so that it
starts fast and outlives the process that started it. Its only argument is what
``_order`` of ``embedded.py`` returns, as JSON.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

LOOK_SECONDS = 0.2
STOP_SECONDS = 15
LOG_BYTES = 5_000_000
# Statements contain phone numbers: the log never shows them.
QUIET = {
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
COMMON = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "timezone": "UTC",
    **QUIET,
}


class Failure(Exception):
    """The server cannot run; the text is a sentence for the user."""


def main() -> None:
    order = SimpleNamespace(**json.loads(sys.argv[1]))
    if os.fork():
        os._exit(0)
    os.setsid()
    os.chdir("/")
    for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(stop, signal.SIG_IGN)
    home = Path(order.home)
    # Close in the opposite order: the next user then finds our lock free.
    with (home / "users.lock").open("a") as u, (home / "keeper.lock").open("a") as mine:
        try:
            fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # another keeper already works on it
        try:
            keep(order, u)
        except Failure as failure:
            tell(home, str(failure))
        except OSError as error:
            tell(home, sentence(order, error))


def tell(home: Path, text: str) -> None:
    writing = home / "failed.new"
    writing.write_text(text + "\n")
    writing.rename(home / "failed")


def sentence(order: Any, error: OSError) -> str:
    where = error.filename or order.data
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"There is no room left on the disk for {where} ({reason})."
    return f"The development database cannot use {where} ({reason})."


def keep(order: Any, users: Any) -> None:
    """Keep the server running until the last user's lock is gone, then stop it."""
    make_folders(order)
    create_cluster(order)
    pid = running_pid(order) or start(order)
    while not unused(users):
        time.sleep(LOOK_SECONDS)
        if not alive(pid, order):
            pid = start(order)
    stop(pid, order)


def unused(users: Any) -> bool:
    """Tell whether no user holds the lock, or its folder was deleted."""
    try:
        if os.fstat(users.fileno()).st_nlink == 0:
            return True
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def make_folders(order: Any) -> None:
    """Create the data and socket folders for our account only."""
    owner = tuple(order.owner) if order.owner else (os.geteuid(), os.getegid())
    for folder in (Path(order.data).parent, Path(order.socket)):
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            if order.owner:
                os.chown(folder, *owner)
        found = folder.lstat()
        if folder.is_symlink() or not folder.is_dir() or found.st_uid != owner[0]:
            raise Failure(
                f"{folder} belongs to another account, so the development database "
                "cannot use it. Remove it, or set DATABASE_URL."
            )
        folder.chmod(0o700)


def create_cluster(order: Any) -> None:
    """Create the data folder completely or not at all."""
    data = Path(order.data)
    if (data / "PG_VERSION").exists():
        made_by = (data / "PG_VERSION").read_text().strip()
        if made_by != major(order):
            raise Failure(
                f"The data in {data} was made by PostgreSQL {made_by}, and this is "
                f"{major(order)}. Move it away to start with an empty one."
            )
        return
    building = data.with_name("data.new")
    for leftover in (building, data):
        if leftover.exists():
            shutil.rmtree(leftover)
    done = run(
        order,
        "initdb",
        *("-D", str(building), "-U", order.user, "-A", "trust"),
        *(["--no-sync"] if order.options.get("fsync") == "off" else []),
        *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin"),
        "--builtin-locale=C.UTF-8",
    )
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        why = next((line for line in said if "rror" in line), said[-1] if said else "")
        if "No space left" in done.stderr:
            raise Failure(f"There is no room left on the disk for {data}.")
        raise Failure(f"The development database could not be made: {why}")
    building.rename(data)


def major(order: Any) -> str:
    said = run(order, "postgres", "--version").stdout
    return said.split()[-1].split(".")[0]


def run(order: Any, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [f"{order.programs}/{program}", *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        env=environment(),
        **identity(order),
    )


def environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}


def identity(order: Any) -> dict[str, Any]:
    if not order.owner:
        return {}
    uid, gid = order.owner
    return {"user": uid, "group": gid, "extra_groups": []}


def running_pid(order: Any) -> int | None:
    """Return the pid of a server that an earlier keeper left; remove a stale file.

    After kill -9 and a reboot the number in the file may belong to another process, and
    a copied checkout contains the file of the original's server.
    """
    file = Path(order.data) / "postmaster.pid"
    try:
        pid = int(file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    if alive(pid, order) and (Path(order.socket) / ".s.PGSQL.5432").exists():
        return pid
    if alive(pid, order):
        stop(pid, order)
    file.unlink(missing_ok=True)
    return None


def alive(pid: int, order: Any) -> bool:
    """Tell whether the process lives and is the server of this data folder."""
    with contextlib.suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False
    return working_folder(pid) in {None, order.data, os.path.realpath(order.data)}


def working_folder(pid: int) -> str | None:
    """Return a process's working folder; a server works in its data folder."""
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink())
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return ""
    except OSError:
        return ""
    asked = subprocess.run(  # noqa: S603
        ["lsof", "-a", "-p", str(pid), "-d", "cwd", "-Fn"],  # noqa: S607
        check=False,
        capture_output=True,
        text=True,
    )
    names = [line[1:] for line in asked.stdout.splitlines() if line.startswith("n")]
    return names[0] if names else None


def start(order: Any) -> int:
    """Start the server; wait while an unclean end is recovered."""
    (Path(order.data) / "postmaster.pid").unlink(missing_ok=True)
    log = Path(order.home) / "postgres.log"
    options = {**COMMON, **order.options, "unix_socket_directories": order.socket}
    settings = [part for k, v in options.items() for part in ("-c", f"{k}={v}")]
    for attempt in range(10):
        size = log.stat().st_size if log.exists() else 0
        with log.open("w" if size > LOG_BYTES else "a") as output:
            server = subprocess.Popen(  # noqa: S603
                [f"{order.programs}/postgres", "-D", order.data, *settings],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=environment(),
                start_new_session=True,
                **identity(order),
            )
        if ready(server, order):
            server.returncode = 0  # alive() reaps it from here on
            return server.pid
        time.sleep(0.2 * attempt)
    said = log.read_text(errors="replace").splitlines()
    why = next((line for line in reversed(said) if "FATAL" in line), "see its log")
    raise Failure(f"The development database did not start ({log}): {why}")


def ready(server: subprocess.Popen[bytes], order: Any) -> bool:
    """Wait until the pid file says ready; False when the server ended before."""
    file = Path(order.data) / "postmaster.pid"
    while server.poll() is None:
        with contextlib.suppress(OSError):
            lines = file.read_text().splitlines()
            if len(lines) >= 8 and lines[7].strip() == "ready":
                return True
        time.sleep(0.02)
    return False


def stop(pid: int, order: Any) -> None:
    """Stop the server: first smart, then fast, then by force."""
    for how, seconds in (
        (signal.SIGINT, STOP_SECONDS),
        (signal.SIGQUIT, 5),
        (signal.SIGKILL, 5),
    ):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not alive(pid, order):
                return
            time.sleep(0.02)


if __name__ == "__main__":
    main()
