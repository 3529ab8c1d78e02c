from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from tests import databases, processes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, StorageState
    from pytest_django.plugin import DjangoDbBlocker

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
READY_WITHIN_S = 180.0
# A sign-in counts as a proof of the person for ten minutes.
FRESH_S = 240.0
PROCESSES = (("-m", "easymo.web.server"), ("manage.py", "procrastinate", "worker"))


@dataclass(frozen=True)
class Product:
    """A running easymo with demo people, and the login that was printed."""

    address: str
    login: str
    password: str
    # For commands beside the running one.
    environment: dict[str, str]


@dataclass(frozen=True)
class Seeded:
    """A database with the people of the demonstration, and the login printed for it."""

    database: str
    login: str
    password: str


SETTINGS = {
    "SIMULATOR_ENABLED": "true",
    "WA_APP_SECRET": "secret-of-the-browser-tests",
    "WA_VERIFY_TOKEN": "verify",
    # The sign-in with a second factor has tests of its own.
    "SECOND_FACTOR_REQUIRED": "false",
}


@pytest.fixture(scope="package")
def seeded(
    template_database: str, django_db_blocker: DjangoDbBlocker
) -> Iterator[Seeded]:
    """Seed a database as `make demo` does: each product has a copy of it."""
    if CHROMIUM is None:
        pytest.skip("No Chromium here: install the package chromium.")
    with (
        django_db_blocker.unblock(),
        databases.clone(template_database, label="seeded") as name,
    ):
        said = processes.manage("demo", DATABASE_URL=databases.url(name), **SETTINGS)
        found = re.search(r"Sign in as (\S+) with (\S+)", said)
        assert found, said
        yield Seeded(name, found[1], found[2])


@pytest.fixture(scope="package")
def product(seeded: Seeded, django_db_blocker: DjangoDbBlocker) -> Iterator[Product]:
    """Start web and worker on a database of their own."""
    with django_db_blocker.unblock(), started(seeded) as running:
        yield running


@contextmanager
def started(seeded: Seeded, **settings: str) -> Iterator[Product]:
    """Run a product of its own while the block lasts."""
    with databases.clone(seeded.database, label="browser") as name:
        environment = {
            "DATABASE_URL": databases.url(name),
            "PORT": str(_free_port()),
            **SETTINGS,
            **settings,
        }
        with Running(environment):
            address = f"http://127.0.0.1:{environment['PORT']}"
            _wait_until_ready(address)
            yield Product(address, seeded.login, seeded.password, environment)


@pytest.fixture(scope="module")
def chromium(product: Product) -> Iterator[Browser]:
    """Start Debian's Chromium.

    While it runs, Django takes this thread for an asynchronous one and refuses the
    database; so it ends with its module, and these tests only look from outside.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, product: Product) -> Iterator[Page]:
    """Open a page of the operator's; the console must stay free of errors."""
    context = chromium.new_context(
        base_url=product.address, viewport={"width": 1280, "height": 860}
    )
    context.set_default_timeout(60_000)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on(
        "console",
        lambda said: (
            complaints.append(f"{said.text} {said.location}")
            if said.type == "error"
            else None
        ),
    )
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    context.close()
    assert complaints == []


def sign_in(page: Page, product: Product) -> None:
    """Sign in, as the line that `make run` prints says."""
    page.goto("/admin/login/")
    page.fill("[name=username]", product.login)
    page.fill("[name=password]", product.password)
    page.click("[type=submit]")
    page.wait_for_url("**/admin/")


@pytest.fixture(scope="module")
def sign_ins() -> list[tuple[float, StorageState]]:
    """Keep the sign-ins of a module, with their times."""
    return []


@pytest.fixture
def signed_in(
    chromium: Browser, product: Product, sign_ins: list[tuple[float, StorageState]]
) -> StorageState:
    """Give the cookies of the operator, who signed in a moment ago at most."""
    if not sign_ins or time.monotonic() - sign_ins[-1][0] > FRESH_S:
        context = chromium.new_context(base_url=product.address)
        context.set_default_timeout(60_000)
        sign_in(context.new_page(), product)
        sign_ins.append((time.monotonic(), context.storage_state()))
        context.close()
    return sign_ins[-1][1]


@pytest.fixture
def operator(page: Page, signed_in: StorageState) -> Page:
    """Give a page to the operator who has signed in."""
    page.context.add_cookies(signed_in["cookies"])  # type: ignore[arg-type]
    return page


class Running:
    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.folder = Path(tempfile.mkdtemp(prefix="easymo-browser-"))
        self.started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> None:
        for command in PROCESSES:
            with (self.folder / "log").open("ab") as log:
                self.started.append(
                    subprocess.Popen(
                        [sys.executable, *command],
                        cwd=processes.ROOT,
                        env=processes.environment(**self.environment),
                        stdout=log,
                        stderr=log,
                    )
                )

    def __exit__(self, *exception: object) -> None:
        for process in self.started:
            process.terminate()
        for process in self.started:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        shutil.rmtree(self.folder)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_until_ready(address: str) -> None:
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(
                f"{address}/readyz/workers", timeout=10
            ) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("easymo did not get ready.")
