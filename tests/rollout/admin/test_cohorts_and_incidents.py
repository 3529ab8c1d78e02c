from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from rollout.models import Cohort, CohortMember, FlagChange
from rollout.stages.rollback import turn_all_off
from tests.rollout.admin.test_pages import action_of, press
from tests.rollout.conftest import ALINE

if TYPE_CHECKING:
    from django.test import Client


def test_cohort__member_added_and_removed__with_reasons(odette: Client) -> None:
    # Given
    press(odette, action_of("cohort", "new_cohort"), name="beta")
    cohort = Cohort.objects.get(name="beta")

    # When
    press(
        odette,
        action_of("cohort", "add_member", cohort.pk),
        subject=ALINE,
        reason="the customer asked",
    )
    member = CohortMember.objects.get()
    press(
        odette,
        action_of("cohortmember", "remove_member", member.pk),
        reason="the member left",
    )

    # Then
    assert CohortMember.objects.exists() is False
    assert list(
        FlagChange.objects.filter(cohort=cohort)
        .order_by("id")
        .values_list("kind", "reason", "actor")
    ) == [
        ("member_added", "the customer asked", "odette"),
        ("member_removed", "the member left", "odette"),
    ]


def test_cohort__bad_name__shown_on_the_form(odette: Client) -> None:
    # When
    answer = press(odette, action_of("cohort", "new_cohort"), name="Bêta <b>")

    # Then
    assert "lower-case letters" in answer.content.decode()
    assert not Cohort.objects.exclude(name="smoke").exists()


def test_incident__note_mitigated_resolved__story_told_in_order(odette: Client) -> None:
    # Given
    incident = turn_all_off(reason="boom", actor="odette", source="cli").incident

    # When
    press(
        odette,
        action_of("incident", "add_note", incident.pk),
        text="called +250788123456 <script>",
    )
    press(odette, action_of("incident", "mitigate", incident.pk), reason="off")
    press(odette, action_of("incident", "resolve", incident.pk), reason="fixed")
    again = press(odette, action_of("incident", "mitigate", incident.pk), reason="back")
    page = odette.get(reverse("admin:rollout_incident_change", args=[incident.pk]))

    # Then
    incident.refresh_from_db()
    assert incident.status == "resolved"
    assert "is resolved: closed comes next, not mitigated" in again.content.decode()
    text = page.content.decode()
    assert "+250788123456" not in text
    assert "<script>" not in text.split("Timeline")[1].split("</ol>")[0]
    assert (
        text.index("called")
        < text.index("mitigated: off")
        < text.index("resolved: fixed")
    )
