"""The page of the way back: who may do what, two people at once, all four flags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import reverse

from rollout.admin.four_flags import current_epoch
from rollout.core.change_reason import ChangeReason
from rollout.core.features import Feature
from rollout.core.ports import ports
from rollout.flags import cohorts, flags
from rollout.flags.flags import OFF, WantedAudience
from rollout.models import CheckRequest, FlagChange, TimelineEntry
from rollout.plan import plan as plans
from rollout.restore import before
from tests.rollout.conftest import person
from tests.rollout.plan_cases import Fake, checked, go
from tests.rollout.restore.test_actions import (
    BEFORE,
    Case,
    audiences,
    do,
    quick,
    seen,
    states,
)

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db
SET_ALL = "/admin/rollout/agentflag/set-all/"
STEPS = ("mitigate", "preflight", "smoke", "turn_on")


@pytest.fixture(autouse=True)
def _rolled_back(time: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "smoke_cases", lambda: [Case()])
    go("production")
    cohorts.make_cohort(name="beta")
    flags.set_audiences(BEFORE, cause=ChangeReason("odette", "as planned", "cli"))
    time.advance(minutes=1)


def form_of(page: str) -> dict[str, Any]:
    """Return what the form of the four features would send, as the page shows it."""
    sent: dict[str, Any] = {"reason": "It works again."}
    hidden = r'<input type="(?:hidden|number)" name="([a-z_]+)" value="([^"]*)"'
    sent |= dict(re.findall(hidden, page))
    for name, options in re.findall(
        r'<select name="([a-z_]+)".*?>(.*?)</select>', page, re.DOTALL
    ):
        sent[name] = re.search(r'value="(\w+)" selected', options)[1]  # type: ignore[index]
    for box in re.findall(r'<input type="checkbox"[^>]*\bchecked\b[^>]*>', page):
        name, value = re.search(r'name="(\w+)" value="(\w+)"', box).groups()  # type: ignore[union-attr]
        sent.setdefault(name, []).append(value)
    return sent


def press(client: Client, step: str, **more: object) -> str:
    sent = {"step": step, "seen": seen(), "reason": "a reason"} | more
    answer = client.post(reverse("restore"), sent, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def buttons(page: str) -> set[str]:
    return set(re.findall(r'<button class="go" name="step" value="(\w+)"', page))


def test_page__in_service__says_so_and_leads_on(odette: Client) -> None:
    page = odette.get(reverse("restore")).content.decode()
    assert "Nothing is rolled back" in page
    assert buttons(page) == set()
    assert reverse("admin:rollout_agentflag_changelist") in page


def test_page__each_step__offers_only_the_next_one(odette: Client, time: Fake) -> None:
    quick()
    for step in STEPS:
        time.advance(minutes=1)
        page = odette.get(reverse("restore")).content.decode()
        # The pre-flight can be run before the incident is mitigated.
        assert buttons(page) in ({step}, {step, "preflight"}), step
        if step == "preflight":
            press(odette, step)
            assert CheckRequest.objects.get().actor == "odette"
            assert buttons(odette.get(reverse("restore")).content.decode()) == set()
            CheckRequest.objects.all().delete()
            checked("preflight", actor="odette")
        elif step == "smoke":
            do(step, time)
        elif step == "turn_on":
            press(odette, step, **form_of(page))
        else:
            press(odette, step, reason="The release is back.")

    page = odette.get(reverse("restore")).content.decode()
    assert "Back in service" in page
    assert buttons(page) == set()
    assert page.count("By odette") == len(STEPS)
    assert "mitigated: The release is back." in page
    assert audiences() == BEFORE
    change = FlagChange.objects.latest("id")
    assert (change.actor, change.source, change.reason) == (
        "odette",
        "admin",
        "It works again.",
    )


@pytest.mark.parametrize("group", ["support", "viewer", ""])
def test_page__other_people__see_the_state_and_may_do_nothing(
    group: str, client: Client, time: Fake
) -> None:
    quick()
    user = person("pascal", group or "viewer")
    if not group:
        user.groups.clear()
    client.force_login(user)
    page = client.get(reverse("restore"))
    assert page.status_code == (200 if group else 403)
    assert buttons(page.content.decode()) == set()
    counted = (FlagChange.objects.count(), TimelineEntry.objects.count())
    for step in (*STEPS, "functions", "unfreeze", "all"):
        sent = {"step": step, "seen": seen(), "reason": "x"}
        assert client.post(reverse("restore"), sent).status_code == 403
    assert (FlagChange.objects.count(), TimelineEntry.objects.count()) == counted
    assert client.get(SET_ALL).status_code == 403


def test_two_people__same_step__one_does_it_and_the_other_is_told(
    odette: Client, time: Fake
) -> None:
    # Given
    grace = Client()
    grace.force_login(person("grace", "operator"))
    quick()
    told = {}

    # When: both have the page of each step open
    for step in STEPS:
        time.advance(minutes=1)
        page = odette.get(reverse("restore")).content.decode()
        sent = form_of(page) if step == "turn_on" else {}
        press(odette, step, **sent)
        told[step] = press(grace, step, **sent)
        if step in {"preflight", "smoke"}:
            request = CheckRequest.objects.get(ended_at=None)
            assert request.actor == "odette"
            CheckRequest.objects.all().delete()
            checked(step)

    # Then
    assert "is mitigated already" in told["mitigate"]
    assert "under way already" in told["preflight"]
    assert "under way already" in told["smoke"]
    assert "serve these people already" in told["turn_on"]
    assert "By odette" in told["turn_on"]
    assert audiences() == BEFORE


@pytest.mark.parametrize("step", STEPS)
def test_new_rollback__page_still_open__refused_with_the_reason(
    step: str, odette: Client, time: Fake
) -> None:
    # Given
    quick()
    for each in STEPS[: STEPS.index(step)]:
        do(each, time)
    page = odette.get(reverse("restore")).content.decode()
    sent = form_of(page) if step == "turn_on" else {}
    old = {"seen": seen()} | sent
    time.advance(minutes=1)
    quick()
    time.advance(minutes=1)

    # When
    page = press(odette, step, **old)

    # Then
    assert 'role="alert"' in page
    assert states()["mitigate"] == "open"
    assert all(not each.on for each in audiences().values())
    assert not CheckRequest.objects.filter(ended_at=None).exists()


def test_live_part__asked_by_the_script__has_no_frame_and_keeps_the_parts(
    pascal: Client,
) -> None:
    quick()
    part = pascal.get(reverse("restore"), headers={"X-Room-Live": "quick"})
    text = part.content.decode()
    assert "<nav" not in text
    whole = pascal.get(reverse("restore")).content.decode()
    ids = re.findall(r'id="([a-z_-]+)"[^>]*data-live', text)
    assert ids == ["restore-now", *(f"step-{name}" for name in STEPS)]
    assert all(f'id="{each}"' in whole for each in ids)
    assert (
        "http-equiv" in pascal.get(reverse("restore"), {"every": "3"}).content.decode()
    )


def test_one_press__only_in_a_demonstration(
    odette: Client, settings: SettingsWrapper
) -> None:
    quick()
    assert "all" not in buttons(odette.get(reverse("restore")).content.decode())
    assert "Only a demonstration" in press(odette, "all")
    settings.DEMONSTRATION = True
    assert "all" in buttons(odette.get(reverse("restore")).content.decode())
    press(odette, "all", reason="just trying")
    request = CheckRequest.objects.get()
    assert (request.kind, request.continues, request.reason) == (
        "preflight",
        True,
        "just trying",
    )


# --- all four features on one form


def wants(**changed: object) -> dict[str, object]:
    """Return a form of the list of features, each feature off."""
    sent: dict[str, object] = {"reason": "a test", "epoch": current_epoch()}
    sent |= {f"{feature.name.lower()}_serves": "off" for feature in Feature}
    return sent | changed


def test_four_features__one_form__one_change_of_what_differs(odette: Client) -> None:
    # Given
    assert form_of(odette.get(SET_ALL).content.decode())["chat_cohorts"] == ["beta"]
    counted = FlagChange.objects.count()

    # When
    sent = wants(
        chat_serves="some",
        chat_percent="25",
        chat_cohorts=["beta"],
        vouchers_serves="some",
        vouchers_percent="0.5",
        customer_lookup_serves="everyone",
    )
    answer = odette.post(SET_ALL, sent)

    # Then: chat and voice stay as they were
    assert answer.status_code == 302
    changes = FlagChange.objects.order_by("-id")[:2]
    assert FlagChange.objects.count() == counted + 2
    assert {change.transaction_id for change in changes} == {changes[0].transaction_id}
    now = audiences()
    assert now[Feature.CHAT] == BEFORE[Feature.CHAT]
    assert str(now[Feature.VOUCHERS].percent) == "0.50"
    assert now[Feature.CUSTOMER_LOOKUP] == WantedAudience(True)
    assert now[Feature.VOICE] == OFF


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"reason": ""}, "This field is required"),
        ({"reason": "a\u202eb"}, "no control characters"),
        ({"chat_serves": "some"}, "Give a percentage, a cohort, or both"),
        ({"chat_serves": "some", "chat_percent": "0"}, "greater than or equal"),
        ({"chat_serves": "some", "chat_percent": "100.01"}, "less than or equal"),
        ({"chat_serves": "some", "chat_percent": "NaN"}, "Enter a number"),
        ({"chat_serves": "some", "chat_cohorts": ["unknown"]}, "Select a valid choice"),
        ({"chat_serves": "all"}, "Select a valid choice"),
        ({"epoch": "1"}, "changed since this page was shown"),
        ({"epoch": ""}, ""),
    ],
)
def test_four_features__wrong_form__refused_and_nothing_changed(
    changed: dict[str, object], said: str, odette: Client
) -> None:
    counted = FlagChange.objects.count()
    answer = odette.post(SET_ALL, wants(**changed))
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert FlagChange.objects.count() == counted
    assert audiences() == BEFORE


def test_four_features__after_a_rollback__asks_for_the_override(odette: Client) -> None:
    quick()
    page = odette.get(SET_ALL).content.decode()
    assert "this is missing, unless you override it" in page
    refused = odette.post(SET_ALL, wants(chat_serves="everyone"))
    assert "nothing is turned on yet" in refused.content.decode()
    assert plans.current().state == "rolled_back"

    odette.post(SET_ALL, wants(chat_serves="everyone", override="on"))

    assert plans.current().state == "recovery"
    assert before.current_audiences()[Feature.CHAT] == WantedAudience(True)
    assert FlagChange.objects.latest("id").override
