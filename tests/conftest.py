from __future__ import annotations

import gc
import socket
from typing import TYPE_CHECKING, Any

import argon2
import hypothesis
import pytest
import sentry_sdk
from django.test import TransactionTestCase

from agents.content import in_force
from agents.identity import pin
from tests import databases
from tests.roles import confirmed_roles
from tests.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from pytest_django.plugin import DjangoDbBlocker

LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")
# The same examples in every run, and no time-out of one on a busy machine;
# `--hypothesis-profile=default` looks for others.
hypothesis.settings.register_profile(
    "suite", deadline=None, derandomize=True, database=None
)
hypothesis.settings.load_profile("suite")
COMMITTING = {"committed_db", "transactional_db", "live_server"}
# Dear to make: what a module or a package shares is made by one of xdist's workers.
SHARED = {"module", "package"}
# Besides those marked as slow: processes, or many pages in one test.
DEAR = (
    *("tests/faults/", "tests/flows/", "tests/deploy/", "tests/easymo/backoffice/"),
    *("tests/easymo/web/", "tests/agents/api/test_schema.py"),
    *("tests/agents/test_tasks.py", "tests/agents/smoke/"),
)


def pytest_configure(config: pytest.Config) -> None:
    """Look for canary people in all that the suite writes out."""
    # What is collected stays to the end: no garbage is looked for among it.
    gc.disable()
    config.pluginmanager.register(Watch(), "canary-watch")


def pytest_collection_finish() -> None:
    """Let no collection of garbage walk through all tests again and again."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 10, 20)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test that commits a database of its own, however it asks for one.

    The dearest tests begin first, so that the workers end together.
    """
    items.sort(key=lambda item: not _is_dear(item))
    for item in items:
        _group(item)
        names: list[str] = getattr(item, "fixturenames", [])
        marker = item.get_closest_marker("django_db")
        transactional = marker is not None and (
            marker.kwargs.get("transaction") or (marker.args and marker.args[0])
        )
        if (transactional or COMMITTING & set(names)) and names[:1] != ["committed_db"]:
            names.insert(0, "committed_db")


def _is_dear(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is not None or item.nodeid.startswith(DEAR)


def _group(item: pytest.Item) -> None:
    if item.get_closest_marker("xdist_group") is None:
        found: Any = getattr(item, "_fixtureinfo", None)
        made = found.name2fixturedefs.values() if found else ()
        homes = {each[-1].baseid for each in made if each[-1].scope in SHARED}
        if homes:
            # The widest: a package's folder is shorter than the file of a module.
            item.add_marker(pytest.mark.xdist_group(min(homes, key=len)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Send what a test printed where it is shown; xdist cannot send lone surrogates."""
    report = yield
    is_shown = not report.passed or "P" in item.config.option.reportchars.upper()
    report.sections = [
        (title, said.encode(errors="backslashreplace").decode())
        for title, said in report.sections
        if is_shown
    ]
    return report


@pytest.fixture(scope="session")
def template_database(
    django_test_environment: None, django_db_blocker: DjangoDbBlocker
) -> str:
    """Return the name of the migrated template."""
    with django_db_blocker.unblock():
        databases.start_server()
        return databases.template()


@pytest.fixture(scope="session")
def django_db_setup(
    template_database: str, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Use a clone of the template for all tests that roll back."""
    with django_db_blocker.unblock():
        clone = databases.clone(template_database, label="run")
        name = clone.__enter__()
        inside = databases.using(name)
        inside.__enter__()
    yield
    with django_db_blocker.unblock():
        inside.__exit__(None, None, None)
        clone.__exit__(None, None, None)


@pytest.fixture
def committed_db(
    template_database: str,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """Give the test a database of its own, dropped afterwards: commit freely.

    Any number of threads and connections; the value is its URL, for processes.
    """
    # The database goes as a whole: append-only tables cannot be flushed.
    monkeypatch.setattr(TransactionTestCase, "_fixture_teardown", lambda _self: None)
    with (
        django_db_blocker.unblock(),
        databases.clone(template_database, label="own") as name,
        databases.using(name),
    ):
        yield databases.url()


@pytest.fixture(autouse=True, scope="session")
def _roles_of_created_people() -> Iterator[None]:
    """Confirm the role of a person that a test creates with one."""
    with confirmed_roles():
        yield


@pytest.fixture(autouse=True, scope="session")
def _quick_pins() -> Iterator[None]:
    """Hash PINs with little work: it is slow on purpose, as that of passwords is."""
    patch = pytest.MonkeyPatch()
    quick = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    patch.setattr(pin, "_HASHER", quick)
    patch.setattr(pin, "_NO_PIN", pin._NO_PIN.replace("m=19456,t=2", "m=8,t=1"))
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _no_content_of_another_test() -> None:
    """Read the operators' content again: each test has its own database."""
    in_force.forget()


@pytest.fixture(autouse=True)
def _no_crumbs() -> None:
    """Let no error report of one test hold what another one logged."""
    sentry_sdk.get_isolation_scope().clear_breadcrumbs()
    sentry_sdk.get_current_scope().clear_breadcrumbs()


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    """Block the network: what a test needs from outside, it plays itself."""
    patch = pytest.MonkeyPatch()
    connect, resolve = socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6}:
            _refuse_outside(address[0])
        connect(self, address)

    def guarded_resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host:
            _refuse_outside(host.decode() if isinstance(host, bytes) else host)
        return resolve(host, *args, **kwargs)

    patch.setattr(socket.socket, "connect", guarded_connect)
    patch.setattr(socket, "getaddrinfo", guarded_resolve)
    yield
    patch.undo()


def _refuse_outside(host: str) -> None:
    if not str(host).startswith(LOOPBACK):
        raise OSError(f"Tests may only reach this machine, not {host}.")
