from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse

from rollout.core.features import Feature
from rollout.flags import cohorts, exposure
from rollout.models import (
    AgentFlag,
    Cohort,
    CohortMember,
    FlagChange,
    Incident,
    TimelineEntry,
)
from rollout.stages.rollback import turn_all_off
from tests.rollout.conftest import ALINE, Switch

if TYPE_CHECKING:
    from django.test import Client

LISTS = [
    "agentflag",
    "flagchange",
    "cohort",
    "cohortmember",
    "incident",
    "rollbackevent",
    "notice",
]


def flag(feature: Feature = Feature.CHAT) -> AgentFlag:
    return AgentFlag.objects.get(name=feature)


def press(client: Client, url: str, follow: bool = False, **asked: object) -> Any:
    """Send the page between a button and its effect."""
    return client.post(url, {"key": uuid.uuid4(), **asked}, follow=follow)


def action_of(name: str, url: str, *args: object) -> str:
    return reverse(f"admin:rollout_{name}_{url}", args=args)


@pytest.mark.parametrize("model", LISTS)
def test_list__viewer__sees_rows_and_their_page(
    pascal: Client, switch: Switch, model: str
) -> None:
    # Given
    cohorts.make_cohort(name="beta")
    cohorts.add_member("beta", ALINE, "odette")
    switch(CHAT=True, percent=25, cohorts=["beta"])
    turn_all_off(reason="trouble", actor="odette", source="cli")

    # When
    page = pascal.get(reverse(f"admin:rollout_{model}_changelist"), {"q": "e"})
    rows = pascal.get(reverse(f"admin:rollout_{model}_changelist"))
    row = rows.context["cl"].queryset.first()
    detail = pascal.get(reverse(f"admin:rollout_{model}_change", args=[row.pk]))

    # Then
    assert (page.status_code, rows.status_code, detail.status_code) == (200, 200, 200)


@pytest.mark.parametrize("model", LISTS)
def test_list__more_rows__same_number_of_queries(
    odette: Client, switch: Switch, model: str, django_assert_max_num_queries: object
) -> None:
    # Given
    def grow(number: int) -> None:
        for index in range(number):
            name = f"c{Cohort.objects.count()}"
            cohorts.make_cohort(name=name)
            cohorts.add_member(name, f"s{index}", "odette")
            switch(CHAT=True, cohorts=[name])
            turn_all_off(reason="trouble", actor="odette", source="cli")
            Incident.objects.update(status="resolved", resolved_at="2026-01-01T00:00Z")

    url = reverse(f"admin:rollout_{model}_changelist")
    grow(1)
    odette.get(url)

    # When
    with django_assert_max_num_queries(40) as few:  # type: ignore[operator]
        odette.get(url)
    grow(4)
    with django_assert_max_num_queries(len(few.captured_queries)):  # type: ignore[operator]
        answer = odette.get(url)

    # Then
    assert answer.status_code == 200


def test_turn_on__reason__on_for_everyone(odette: Client) -> None:
    # When
    page = odette.get(reverse("admin:rollout_agentflag_change", args=[flag().pk]))
    url = action_of("agentflag", "turn_on", flag().pk)
    asked = odette.get(url)
    done = press(odette, url, reason="beta went well", follow=True)

    # Then
    assert url in page.content.decode()
    assert asked.status_code == 200
    assert "Chat changed" in done.content.decode()
    assert exposure.is_on_for_everyone(Feature.CHAT) is True
    change = FlagChange.objects.filter(flag=flag()).latest("id")
    assert (change.actor, change.source, change.reason) == (
        "odette",
        "admin",
        "beta went well",
    )


def test_turn_on__no_reason__asks_again_and_changes_nothing(odette: Client) -> None:
    # When
    answer = press(odette, action_of("agentflag", "turn_on", flag().pk), reason=" \t ")

    # Then
    assert answer.status_code == 200
    assert flag().everyone is False


def test_turn_on_for_some__percent_and_cohort__limits_to_them(odette: Client) -> None:
    # Given
    cohorts.make_cohort(name="beta")

    # When
    press(
        odette,
        action_of("agentflag", "turn_on_for_some", flag().pk),
        percent="12.5",
        cohorts=["beta"],
        reason="slowly",
    )

    # Then
    row = flag()
    assert (row.everyone, float(row.percent or 0)) == (None, 12.5)
    assert [cohort.name for cohort in row.cohorts.all()] == ["beta"]


def test_turn_on_for_some__nobody_named__changes_nothing(odette: Client) -> None:
    # When
    press(
        odette,
        action_of("agentflag", "turn_on_for_some", flag().pk),
        reason="oops",
    )

    # Then
    assert flag().everyone is False


def test_turn_off__reason__off(odette: Client, switch: Switch) -> None:
    # Given
    switch(CHAT=True)

    # When
    press(odette, action_of("agentflag", "turn_off", flag().pk), reason="stop")

    # Then
    assert flag().everyone is False


def test_kill_all__reason__everything_off_with_incident(
    odette: Client, switch: Switch
) -> None:
    # Given
    switch(CHAT=True, VOICE=True, VOUCHERS=True, CUSTOMER_LOOKUP=True)
    page = odette.get(reverse("admin:rollout_agentflag_changelist"))
    url = action_of("agentflag", "kill_all")

    # When
    done = press(odette, url, reason="outage", follow=True)

    # Then
    assert url in page.content.decode()
    assert "All features are off" in done.content.decode()
    assert AgentFlag.objects.exclude(everyone=False).count() == 0
    assert Incident.objects.get().opened_by == "odette"


@pytest.mark.parametrize(
    "address",
    [
        ("agentflag", "turn_on", "flag"),
        ("agentflag", "turn_on_for_some", "flag"),
        ("agentflag", "turn_off", "flag"),
        ("agentflag", "kill_all", None),
        ("cohort", "new_cohort", None),
        ("cohort", "add_member", "cohort"),
        ("cohortmember", "remove_member", "member"),
        ("incident", "add_note", "incident"),
        ("incident", "mitigate", "incident"),
        ("incident", "resolve", "incident"),
        ("incident", "kill_all", None),
    ],
    ids=lambda address: f"{address[0]}-{address[1]}",
)
def test_action__viewer__refused_and_not_offered(
    pascal: Client, switch: Switch, address: tuple[str, str, str | None]
) -> None:
    # Given
    cohort = cohorts.make_cohort(name="beta")
    cohorts.add_member("beta", ALINE, "odette")
    switch(CHAT=True, cohorts=["beta"])
    incident = turn_all_off(reason="trouble", actor="odette", source="cli").incident
    rows = {
        "flag": flag(),
        "cohort": cohort,
        "member": CohortMember.objects.get(),
        "incident": incident,
    }
    model, name, about = address
    keys = [rows[about].pk] if about else []
    changes = FlagChange.objects.count()

    # When
    page = pascal.get(
        reverse(f"admin:rollout_{model}_change", args=keys)
        if about
        else reverse(f"admin:rollout_{model}_changelist")
    )
    answer = press(
        pascal, action_of(model, name, *keys), reason="me too", subject="x", name="y"
    )

    # Then
    assert answer.status_code == 403
    assert action_of(model, name, *keys) not in page.content.decode()
    assert FlagChange.objects.count() == changes
    assert TimelineEntry.objects.filter(author="pascal").exists() is False


@pytest.mark.parametrize("model", LISTS)
def test_delete_and_add__operator__impossible(odette: Client, model: str) -> None:
    # When
    added = odette.get(reverse(f"admin:rollout_{model}_add"))
    deleted = odette.post(reverse(f"admin:rollout_{model}_delete", args=[1]))

    # Then
    assert added.status_code == 403
    assert deleted.status_code in {302, 403}
