"""Run a sample of mutation tests over the code of value, authority and exposure.

A mutant is a copy of the checkout with one change. The tests of the changed module run
in the copy; the mutant is killed when one of them fails. docs/mutants.md explains the
output and lists equivalent mutants. `mutations.py` finds the possible changes.
"""

from __future__ import annotations

import fcntl
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from functools import cache
from itertools import chain, zip_longest
from pathlib import Path

from mutations import Mutation, mutations

ROOT = Path(__file__).resolve().parents[1]
COPY = ROOT / "var" / "mutants"
ROLLOUT = ("flags", "snapshot", "policy", "stages", "plan", "guardrails")
GROUPS = (
    ("vouchers/sql/schema/*.sql",),
    ("vouchers/**/*.py",),
    ("agents/tools/*.py", "agents/identity/*.py"),
    tuple(f"rollout/{name}/*.py" for name in ROLLOUT),
)
# Tests that a module needs besides the ones that mirror it or import it.
EXTRA_TESTS = {
    "vouchers/sql/": "tests/vouchers/**/test_*.py",
    "agents/tools/confirmation.py": "tests/agents/turns/test_button.py",
    "agents/tools/registry.py": "tests/agents/turns/test_*.py",
    "rollout/policy/": "tests/rollout/guardrails/test_*.py",
}
# They start a browser or many processes, or need other software.
SKIPPED_TESTS = re.compile(r"tests/(bench|browser|faults|deploy)/|/smoke/")
LISTED = re.compile(r"^\| `(.+?)` \| `(.+?)` \| `(.+?)` \|", re.MULTILINE)
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+?::.+?)(?: - .*)?$", re.MULTILINE)
LEAST = 0.9
TIMEOUT_SECONDS = 1200


def main() -> None:
    size, seed = int(os.environ["MUTANTS"]), int(os.environ["SEED"])
    prefixes = tuple(os.environ.get("ONLY", "").split()) or ("",)
    COPY.mkdir(parents=True, exist_ok=True)
    with (COPY / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        copy_checkout()
        hold_database()
        listed = (ROOT / "docs" / "mutants.md").read_text("utf-8").replace(r"\|", "|")
        equivalent = set(LISTED.findall(listed))
        counts = dict.fromkeys(("killed", "survived", "equivalent", "invalid"), 0)
        killers = set()
        for mutation in sample(size, seed, prefixes):
            known = (mutation.file, mutation.code, mutation.change) in equivalent
            state, test = ("equivalent", "") if known else judge(mutation)
            counts[state] += 1
            killers.add(test)
            report(f"{state:<10} {mutation}  {test}".rstrip())
        false = failing(killers - {"", "time-out"})
    share = counts["killed"] / (counts["killed"] + counts["survived"] or 1)
    report(", ".join(f"{number} {state}" for state, number in counts.items()))
    report(f"{share:.0%} killed; at least {LEAST:.0%} must be.")
    for test in sorted(false):
        report(f"{test} fails without a mutant too: the result does not count.")
    sys.exit(1 if false or share < LEAST else 0)


def report(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def copy_checkout() -> None:
    """Copy the files that git knows; keep the test database of an earlier run."""
    for path in COPY.iterdir():
        if path.is_dir() and path.name != "var":
            shutil.rmtree(path)
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in listing.stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, COPY / name)


def hold_database() -> None:
    """Keep the copy's test server running between the runs of pytest."""
    home = COPY / "var" / "postgres-test"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    users = os.open(home / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(users, fcntl.LOCK_SH)


def sample(size: int, seed: int, prefixes: tuple[str, ...]) -> list[Mutation]:
    """Draw the same number from each group of packages.

    SQL comes last: each of its mutants needs a new template of the test database.
    """
    draw = random.Random(seed)  # noqa: S311 -- a sample, no secret
    groups = []
    for patterns in GROUPS:
        paths = chain.from_iterable(sorted(COPY.glob(name)) for name in patterns)
        names = [path.relative_to(COPY).as_posix() for path in paths]
        found = [m for n in names for m in mutations(n, (COPY / n).read_bytes())]
        draw.shuffle(found)
        groups.append([m for m in found if f"{m.file}:{m.line}:".startswith(prefixes)])
    drawn = [m for row in zip_longest(*groups) for m in row if m][:size]
    return sorted(drawn, key=lambda m: (m.file.endswith(".sql"), m.file, m.line))


def judge(mutation: Mutation) -> tuple[str, str]:
    """Return the mutant's state and the test that killed it."""
    changed = COPY / mutation.file
    original = changed.read_bytes()
    try:
        changed.write_bytes(mutation.apply(original))
        code, output = run_tests(tests_of(mutation.file))
    finally:
        changed.write_bytes(original)
    if code is None:
        return "killed", "time-out"
    if mutation.file.endswith(".sql") and "psycopg.errors.SyntaxError" in output:
        return "invalid", ""
    failed = FAILED.search(output)
    return "survived" if code == 0 else "killed", failed[1] if failed else ""


@cache
def tests_of(module: str) -> tuple[str, ...]:
    """Return the tests of a module, the ones that mirror it first."""
    source = Path(module)
    folder = Path("tests") / source.parent
    if source.suffix == ".sql":
        folder = Path("tests/vouchers/services")
    found = sorted((COPY / folder).glob(f"test_{source.stem}*.py"))
    found += sorted((COPY / folder).glob("test_*.py"))
    package = ".".join(source.parent.parts)
    imports = re.compile(
        rf"^(?:from|import) {package}\.{source.stem}\b"
        rf"|^from {package} import .*\b{source.stem}\b",
        re.MULTILINE,
    )
    others = sorted((COPY / "tests").rglob("test_*.py"))
    found += [path for path in others if imports.search(path.read_text("utf-8"))]
    for prefix, extra in EXTRA_TESTS.items():
        if module.startswith(prefix):
            found += sorted(COPY.glob(extra))
    names = dict.fromkeys(path.relative_to(COPY).as_posix() for path in found)
    return tuple(name for name in names if not SKIPPED_TESTS.search(name))


def failing(tests: set[str]) -> set[str]:
    """Return which of the tests fail without a mutant."""
    if not tests:
        return set()
    return tests & set(
        FAILED.findall(run_tests(tuple(sorted(tests)), "--maxfail=0")[1])
    )


def run_tests(tests: tuple[str, ...], stop: str = "-x") -> tuple[int | None, str]:
    """Return pytest's exit code, or None after a time-out, and its output."""
    command = [sys.executable, "-m", "pytest", stop, "-q", "-rfE", "--timeout=90"]
    with subprocess.Popen(  # noqa: S603
        [*command, "-p", "no:cacheprovider", "--tb=line", *tests],
        cwd=COPY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return None, ""
    if process.returncode < 0:
        raise RuntimeError(f"Signal {-process.returncode} ended pytest.")
    return process.returncode, output


if __name__ == "__main__":
    main()
