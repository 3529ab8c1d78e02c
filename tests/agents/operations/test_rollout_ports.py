from __future__ import annotations

import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from agents.models import ForwardTarget
from agents.operations import rollout_ports
from agents.whatsapp.signature import is_signed
from rollout.core.errors import UnknownPerson
from tests import canaries
from tests.agents.cast import make_cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.django_db
SECRET = "secret-of-the-previous-workflow"


class Workflow(ThreadingHTTPServer):
    """The other side: answers with a status, and keeps what it was asked."""

    def __init__(self, status: int) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.status = status
        self.asked: list[tuple[bytes, str]] = []


class Answering(BaseHTTPRequestHandler):
    server: Workflow

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((body, self.headers["X-Hub-Signature-256"]))
        self.send_response(self.server.status)
        self.send_header("Location", "http://127.0.0.1:9/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def workflow(settings: Any) -> Iterator[Callable[[int], Workflow]]:
    running: list[Workflow] = []

    def start(status: int) -> Workflow:
        server = Workflow(status)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        settings.LEGACY_WEBHOOK_URL = f"http://127.0.0.1:{server.server_port}/hook"
        settings.LEGACY_WEBHOOK_SECRET = SECRET
        return server

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def test_probe__it_answers__was_signed_held_nothing_and_is_written_down(
    workflow: Callable[[int], Workflow],
) -> None:
    # Given
    other = workflow(200)

    # When
    answered = rollout_ports.probe_previous_workflow()

    # Then
    ((body, signature),) = other.asked
    found = rollout_ports.previous_workflow()
    assert answered is True
    assert is_signed(body, signature, [SECRET])
    assert b'"entry": []' in body
    assert found is not None
    assert found.last_ok_at is not None
    assert found.waiting == 0


@pytest.mark.parametrize("status", [302, 403, 500])
def test_probe__anything_but_a_yes__is_an_error_that_is_named(
    workflow: Callable[[int], Workflow], status: int
) -> None:
    workflow(status)

    assert rollout_ports.probe_previous_workflow() is False
    found = rollout_ports.previous_workflow()
    assert found is not None
    assert (found.last_error, found.last_ok_at) == (f"http_{status}", None)


def test_probe__nobody_listens__says_no_connection(settings: Any) -> None:
    settings.LEGACY_WEBHOOK_URL = "http://127.0.0.1:9/hook"
    settings.LEGACY_WEBHOOK_SECRET = SECRET

    assert rollout_ports.probe_previous_workflow() is False
    assert ForwardTarget.objects.get().error_code == "no_connection"


def test_probe__none_configured__asks_nobody(settings: Any) -> None:
    settings.LEGACY_WEBHOOK_URL = ""

    assert rollout_ports.probe_previous_workflow() is None
    assert rollout_ports.previous_workflow() is None


def test_probe__a_hold_of_the_forwarder__stays(
    workflow: Callable[[int], Workflow],
) -> None:
    held = timezone.now() + timedelta(minutes=5)
    ForwardTarget.objects.create(pk=1, held_until=held)
    workflow(200)

    rollout_ports.probe_previous_workflow()

    assert ForwardTarget.objects.get().held_until == held


@pytest.mark.parametrize("form", ["+250788123456", "0788123456", "250 788 123 456"])
def test_subject_of__a_number_or_an_id__is_the_same_person(form: str) -> None:
    aline = make_cast().aline.profile
    number = form if aline.msisdn == "+250788123456" else aline.msisdn

    assert rollout_ports.subject_of(number) == str(aline.public_id)
    assert rollout_ports.subject_of(str(aline.public_id)) == str(aline.public_id)


def test_subject_of__number_nobody_has__is_none() -> None:
    assert rollout_ports.subject_of("+250788123456") is None


@pytest.mark.parametrize(
    ("pasted", "why"),
    [
        ("", "neither"),
        ("nobody", "neither"),
        ("0", "neither"),
        ("+250 788 12", "neither"),
        ("11111111-1111-4111-8111-111111111111", "No person has this id."),
    ],
)
def test_subject_of__what_names_nobody__refused(pasted: str, why: str) -> None:
    with pytest.raises(UnknownPerson, match=why):
        rollout_ports.subject_of(pasted)


def test_labels__people__are_masked() -> None:
    aline = make_cast().aline.profile

    found = rollout_ports.labels([str(aline.public_id), "unknown"])

    (label,) = found.values()
    assert canaries.leaks_in(label) == []
    assert "***" in label
