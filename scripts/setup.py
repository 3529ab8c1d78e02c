"""Create ``.venv`` from the hash-locked requirements, once per state of the lock.

Uses the standard library only. A stamp is written last, so an interrupted set-up is
repeated. A lock lets two simultaneous set-ups run only once.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STAMP = "easymo-setup"
OFFLINE = re.compile(
    r"NameResolutionError|Temporary failure in name|Network is unreachable|"
    r"Connection refused|ConnectTimeout|ProxyError|No route to host"
)


def main() -> None:
    kind = sys.argv[1] if len(sys.argv) > 1 else "dev"
    folder = ROOT / (".venv" if kind == "dev" else f".venv-{kind}")
    lock_file = ROOT / "requirements" / f"{kind}.txt"
    wanted = stamp_of(lock_file)
    if folder.is_symlink() or is_ready(folder, wanted):
        return  # a link is the user's own environment: leave it alone
    try:
        (ROOT / "var").mkdir(exist_ok=True)
        with (ROOT / "var" / f"setup-{kind}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not is_ready(folder, wanted):
                make(folder, lock_file)
                (folder / STAMP).write_text(wanted)
    except OSError as error:
        give_up(sentence(error, folder))
    except subprocess.CalledProcessError as error:
        give_up(f"The environment could not be made in {folder}: {error}")
    except KeyboardInterrupt:
        give_up("The set-up was interrupted. The next start does it again.")


def stamp_of(lock_file: Path) -> str:
    content = hashlib.sha256(lock_file.read_bytes()).hexdigest()
    return f"{content} {sys.version_info[0]}.{sys.version_info[1]}\n"


def is_ready(folder: Path, wanted: str) -> bool:
    try:
        found = (folder / STAMP).read_text()
    except OSError:
        return False
    # Another suitable interpreter is no reason to create it again; a missing
    # interpreter is.
    return (
        found.split(maxsplit=1)[0] == wanted.split(maxsplit=1)[0]
        and (folder / "bin/python").exists()
    )


def make(folder: Path, lock_file: Path) -> None:
    count = len(re.findall(r"^[a-z0-9]\S*==", lock_file.read_text(), re.MULTILINE))
    say(f"Setting up {folder.name}: {count} packages, a minute or two, once only …")
    (folder / STAMP).unlink(missing_ok=True)
    if folder.exists():
        shutil.rmtree(folder)
    venv.create(folder, with_pip=True, symlinks=True)
    log = ROOT / "var" / "setup.log"
    with log.open("w") as output:
        done = subprocess.run(  # noqa: S603
            [
                *(str(folder / "bin" / "python"), "-m", "pip", "install"),
                *("--require-hashes", "--no-input", "--disable-pip-version-check"),
                *("--no-compile", "--requirement", str(lock_file)),
            ],
            check=False,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PIP_ROOT_USER_ACTION": "ignore"},
        )
    if done.returncode:
        give_up(why(log))


def why(log: Path) -> str:
    said = log.read_text(errors="replace")
    if "No space left" in said or "Disk quota" in said:
        return f"There is no room left on the disk for the packages ({ROOT})."
    if OFFLINE.search(said):
        return (
            "The packages could not be fetched: this machine does not reach the "
            f"package index. {log} says more."
        )
    last = next((x for x in reversed(said.splitlines()) if "ERROR" in x), "")
    return f"The packages could not be installed; {log} says more. {last}".strip()


def sentence(error: OSError, folder: Path) -> str:
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"There is no room left on the disk for {folder} ({reason})."
    return (
        f"easymo cannot write to {error.filename or folder} ({reason}). "
        "Give the folder to your account, or run from a copy of your own."
    )


def say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def give_up(text: str) -> None:
    say(text)
    sys.exit(1)


if __name__ == "__main__":
    main()
