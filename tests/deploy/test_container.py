"""The image: built from the checkout, and its processes against a real database.

It runs where buildah, debootstrap and root are to be had and CI is set; elsewhere it is
skipped, since it downloads a base system. Linting is part of `make lint`.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from django.conf import settings

from easymo.paths import BASE_DIR
from tests import databases

if TYPE_CHECKING:
    from collections.abc import Iterator

MEGABYTE = 1_000_000
LARGEST = 400 * MEGABYTE
NEEDED = ("buildah", "debootstrap", "tar")
CAN_BUILD = (
    os.geteuid() == 0
    and bool(os.environ.get("CI"))
    and all(shutil.which(name) for name in NEEDED)
)


# Of a network that is away: then nothing can be said of the image.
UNREACHABLE = ("Could not fetch", "ConnectionError", "Temporary failure", "timed out")


class Builder:
    """Buildah with a store of its own; chroot isolation needs no kernel features."""

    def __init__(self, store: Path) -> None:
        self.store = store

    def __call__(self, *arguments: str, timeout: float = 600) -> str:
        return self.process(*arguments).succeed(timeout)

    def process(self, *arguments: str) -> Running:
        command = [
            "buildah",
            *("--root", str(self.store / "root")),
            *("--runroot", str(self.store / "run")),
            *arguments,
        ]
        return Running(command)

    def run(self, container: str, *program: str, **given: str) -> Running:
        """Run the image's entry point as its user, with the host's network."""
        given_env = [f"--env={name}={value}" for name, value in given.items()]
        return self.process(
            *("run", "--isolation", "chroot"),
            *given_env,
            *(container, "--", "easymo-container", *program),
        )


class Running:
    """A program; its output goes to a file, so that it never waits for a reader."""

    def __init__(self, command: list[str]) -> None:
        self.output = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.process = subprocess.Popen(
            command, stdout=self.output, stderr=subprocess.STDOUT
        )

    def finish(self, timeout: float) -> str:
        """Wait for the end; return what it printed."""
        try:
            self.process.wait(timeout)
        finally:
            self.process.kill()
            self.process.wait()
            self.output.seek(0)
            printed = self.output.read().strip()
            self.output.close()
        return printed

    def succeed(self, timeout: float = 600) -> str:
        printed = self.finish(timeout)
        assert self.process.returncode == 0, printed[-3_000:]
        return printed


slow = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def builder() -> Iterator[Builder]:
    if not CAN_BUILD:
        pytest.skip("An image is built in CI as root with buildah and debootstrap.")
    # Thousands of files are written and removed: some disks take minutes for them.
    folder = Path(tempfile.mkdtemp(prefix="easymo-images-", dir=databases.memory()))
    found = Builder(folder)
    yield found
    found("umount", "--all")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def base(builder: Builder) -> str:
    """Make a base image with Python 3.13, as small as the usual one."""
    root = builder.store / "base"
    command = [
        *("debootstrap", "--variant=minbase"),
        "--include=python3,python3-venv,ca-certificates",
        *("trixie", str(root)),
    ]
    made = subprocess.run(command, check=False, capture_output=True, timeout=600)
    if made.returncode:
        pytest.skip("The base system cannot be downloaded.")
    for waste in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc"):
        shutil.rmtree(root / waste, ignore_errors=True)
    container = builder("from", "scratch")
    builder("add", "--quiet", container, str(root), "/")
    builder("commit", "--quiet", "--rm", container, "easymo-base")
    shutil.rmtree(root, ignore_errors=True)
    return "localhost/easymo-base"


@pytest.fixture(scope="module")
def image(builder: Builder, base: str) -> str:
    trusted = [
        f"--volume={path}:{path}:ro"
        for path in ("/etc/ssl/certs", "/etc/pip.conf")
        if Path(path).exists()
    ]
    building = builder.process(
        *("build", "--isolation", "chroot", "--pull-never", "--format", "docker"),
        *("--build-arg", f"BASE={base}", *trusted, "--tag", "easymo", str(BASE_DIR)),
    )
    output = building.finish(600)
    if any(sign in output for sign in UNREACHABLE):
        pytest.skip("The packages cannot be downloaded.")
    assert building.process.returncode == 0, output[-3_000:]
    return "localhost/easymo"


@slow
def test_image__built__small_and_not_root(builder: Builder, image: str) -> None:
    described: dict[str, Any] = json.loads(builder("inspect", "--type", "image", image))
    config = described["Docker"]["config"]
    assert config["User"] == "10001:10001"
    assert config["Healthcheck"]["Test"][-1] == "health"
    listed = json.loads(builder("images", "--json", image))
    assert _bytes(listed[0]["size"]) <= LARGEST


@slow
def test_image__files__only_what_runs(builder: Builder, image: str) -> None:
    container = builder("from", image)
    found = builder("run", "--isolation", "chroot", container, "--", "find", "/app")
    names = {Path(line).relative_to("/app").parts[:1] for line in found.splitlines()}
    assert {name for (name, *_) in filter(None, names)} <= {
        *("agents", "deploy", "easymo", "manage.py", "Procfile", "pyproject.toml"),
        *("locale", "requirements", "rollout", "templates", "var", "vouchers"),
    }
    assert not [line for line in found.splitlines() if "/.env" in line]


@slow
def test_image__migrate_web_worker_check__serve(
    django_db_setup: None, builder: Builder, image: str
) -> None:
    with _empty_database() as url:
        given = {
            "DATABASE_URL": url,
            "SECRET_KEY": secrets.token_urlsafe(48),
            "EASYMO_KEYS": os.environ["EASYMO_KEYS"],
            "PORT": str(_free_port()),
        }
        once = builder("from", image)
        builder.run(once, "migrate", **given).succeed(300)
        with (
            _started(builder.run(builder("from", image), "web", **given)) as web,
            _started(builder.run(builder("from", image), "worker", **given)) as worker,
        ):
            address = f"http://127.0.0.1:{given['PORT']}"
            ready = _answer(f"{address}/readyz/workers", web, worker)
            builder.run(once, "health", **given).succeed(30)
            report = json.loads(
                builder.run(once, "check", "--json", **given).finish(120)
            )
        assert ready["parts"]["worker"] == "ok"
        assert report


def test_compose__services__read_only_and_in_order() -> None:
    compose = yaml.safe_load((BASE_DIR / "compose.yaml").read_text(encoding="utf-8"))
    services = compose["services"]
    for name in ("keys", "migrate", "demo", "web", "worker"):
        service = services[name]
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["tmpfs"] == ["/tmp"], name
    for name in ("web", "worker"):
        needs = services[name]["depends_on"]["migrate"]["condition"]
        assert needs == "service_completed_successfully"
        assert services[name]["stop_grace_period"]


def test_kubernetes__pods__no_root_and_the_right_probes() -> None:
    text = (BASE_DIR / "deploy" / "kubernetes" / "easymo.yaml").read_text("utf-8")
    parts = {
        (part["kind"], part["metadata"]["name"]): part
        for part in yaml.safe_load_all(text)
    }
    web = parts["Deployment", "easymo-web"]["spec"]["template"]["spec"]
    assert web["containers"][0]["readinessProbe"]["httpGet"]["path"] == "/readyz"
    for (kind, name), part in parts.items():
        if kind in {"Deployment", "Job"}:
            pod = part["spec"]["template"]["spec"]
            assert pod["securityContext"]["runAsNonRoot"], name
            for container in pod["containers"]:
                assert container["securityContext"]["readOnlyRootFilesystem"], name
                assert container["resources"]["limits"]["memory"], name


@contextmanager
def _empty_database() -> Iterator[str]:
    """Give the URL of an empty database, over TCP: the image has a user of its own."""
    configured = settings.DATABASES["default"]
    with databases.empty(label="image") as name:
        if not configured["HOST"].startswith("/"):
            yield databases.url(name)
            return
        path = f"{configured['HOST']}/.s.PGSQL.{configured['PORT'] or 5432}"
        with _relayed(path) as port:
            yield f"postgresql://{configured['USER']}@127.0.0.1:{port}/{name}"


@contextmanager
def _relayed(path: str) -> Iterator[int]:
    """Connect a TCP port to a Unix socket."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.socket(socket.AF_UNIX) as server:
                server.connect(path)
                there = threading.Thread(target=_copy, args=(self.request, server))
                there.start()
                _copy(server, self.request)
                there.join()

    class Relay(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Relay(("127.0.0.1", 0), Handler) as relay:
        threading.Thread(target=relay.serve_forever, daemon=True).start()
        yield relay.server_address[1]
        relay.shutdown()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def _started(running: Running) -> Iterator[Running]:
    try:
        yield running
    finally:
        running.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            running.finish(20)


def _answer(address: str, *running: Running) -> dict[str, Any]:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        for one in running:
            assert one.process.poll() is None, one.succeed(5)
        with suppress(OSError), urllib.request.urlopen(address, timeout=5) as answer:
            answered: dict[str, Any] = json.load(answer)
            return answered
        time.sleep(0.5)
    raise AssertionError(f"{address} was never ready.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _bytes(size: str) -> float:
    number, unit = size.split()
    return float(number) * {"KB": 1_000, "MB": MEGABYTE, "GB": 1_000 * MEGABYTE}[unit]
