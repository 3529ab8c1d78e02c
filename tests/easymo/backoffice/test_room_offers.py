"""What the control room and the simulator offer is accepted, in every state."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from django.contrib.messages import ERROR
from django.db import transaction
from django.urls import reverse

from tests.backoffice import signed_in
from tests.easymo.backoffice.test_offers import (
    first_states,
    rolled_back,
    smoke_stage,
    taken_away,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db

ROOM = "/admin/?page=room"
# What a user types into an empty field.
TYPED = {"reason": "because of a test", "who": "+250788100001"}
STATES = (first_states, smoke_stage, rolled_back, taken_away)
CASES = [
    *(pytest.param("operator", state, id=f"operator-{state.__name__}") for state in STATES),
    *(
        pytest.param(role, first_states, id=f"{role}-first")
        for role in ("support", "viewer")
    ),
]  # fmt: skip


class Forms(HTMLParser):
    """Collects what a page can send: an address and values for each button."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent: list[tuple[str, dict[str, str]]] = []
        self._action: str | None = None
        self._fields: dict[str, str] = {}
        self._buttons: list[dict[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, given: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in given}
        if tag == "form" and found.get("method") in {"post", "dialog"}:
            self._action = found.get("action") or None
            self._fields = (
                {"action": found["data-action"]} if "data-action" in found else {}
            )
            self._buttons = []
        elif self._action is None or "disabled" in found:
            return
        elif tag == "input" and found.get("type") != "checkbox":
            self._fields[found.get("name", "")] = found.get("value", "")
        elif tag == "button" and found.get("type", "submit") == "submit":
            name = found.get("name")
            self._buttons.append({name: found.get("value", "")} if name else {})

    def handle_endtag(self, tag: str) -> None:
        if tag != "form" or self._action is None:
            return
        filled = {
            name: value or TYPED.get(name, "") for name, value in self._fields.items()
        }
        self.sent += [(self._action, filled | button) for button in self._buttons]
        self._action = None


def refusals_of(browser: Client, path: str, sent: dict[str, str]) -> list[str]:
    """Send a form and take it back; return what the next page calls an error."""
    with transaction.atomic():
        answer = browser.post(path, sent, follow=True)
        transaction.set_rollback(True)
    if answer.status_code != 200:
        return [f"{answer.status_code}: {answer.content.decode()[:300]}"]
    told = (answer.context or {}).get("messages") or ()
    return [str(each) for each in told if each.level >= ERROR]


@pytest.mark.parametrize(("role", "state"), CASES)
def test_room__form_that_is_offered__is_accepted(
    role: str, state: Callable[[], None]
) -> None:
    # Given
    state()
    browser = signed_in(role)
    page = browser.get(ROOM)
    assert page.status_code == 200

    # When
    forms = Forms(page.content.decode()).sent
    rooms = [one for one in forms if one[0].startswith(reverse("dashboard:kill")[:-5])]
    refused = {
        f"{path} {sent.get('move') or sent.get('kill') or ''}": told
        for path, sent in rooms
        if (told := refusals_of(browser, path, sent))
    }

    # Then
    assert refused == {}
    assert len(rooms) > 5 or role != "operator"


@pytest.mark.parametrize("state", [first_states, rolled_back])
def test_simulator__switch_that_is_offered__is_accepted(
    state: Callable[[], None], settings: SettingsWrapper
) -> None:
    # Given
    settings.SIMULATOR_ENABLED = True
    state()
    browser = signed_in("superuser")
    page = browser.get(reverse("simulator:home"), follow=True).content.decode()
    needs_override = state is rolled_back

    # When
    switches = [
        one for one in Forms(page).sent if one[0] == reverse("simulator:features")
    ]
    refused = {
        sent["action"]: told
        for path, sent in switches
        if (
            told := refusals_of(
                browser, path, sent | ({"override": "1"} if needs_override else {})
            )
        )
    }

    # Then
    assert {sent["action"] for _, sent in switches} == {"off", "on"}
    assert refused == {}
