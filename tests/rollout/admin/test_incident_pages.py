from __future__ import annotations

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from rollout.incidents import incidents
from rollout.models import ActionItem, Incident, Notice
from tests.canaries import ALINE
from tests.rollout.admin.test_pages import action_of, press
from tests.rollout.admin.test_people import opened

FOUR = ("customer_impact", "root_cause", "resolution", "prevention")


def test_incident__from_opening_to_closing__by_the_buttons(odette: Client) -> None:
    # Given
    press(
        odette,
        action_of("incident", "open_incident"),
        title="Calls fail",
        severity="critical",
        text=f"line 1\r\ncall {ALINE.msisdn}",
    )
    row = Incident.objects.get()

    # When
    press(odette, action_of("incident", "take_command", row.pk))
    press(odette, action_of("incident", "assign", row.pk), commander="pascal")
    press(
        odette,
        action_of("incident", "set_severity", row.pk),
        severity="high",
        reason="it is less",
    )
    press(odette, action_of("incident", "resolve", row.pk), reason="fixed")
    early = press(odette, action_of("incident", "close_incident", row.pk), reason="x")
    press(
        odette,
        action_of("incident", "write_lessons", row.pk),
        **{name: f"About {name}." for name in FOUR},
    )
    press(
        odette,
        action_of("incident", "add_action", row.pk),
        text="Ask in pre-flight",
        owner="pascal",
        due="2027-02-01",
    )
    url = action_of("incident", "finish_action", row.pk)
    item = odette.get(url).context["form"].initial["item"]
    press(odette, url, item=item)
    press(odette, action_of("incident", "close_incident", row.pk), reason="learned")

    # Then
    row.refresh_from_db()
    assert (row.status, row.commander, row.severity) == ("closed", "pascal", "high")
    assert "Write down first: issue and customer impact" in early.content.decode()
    assert ActionItem.objects.get().done_by == "odette"
    page = odette.get(reverse("admin:rollout_incident_change", args=[row.pk]))
    text = page.content.decode()
    assert "About root_cause." in text
    assert ALINE.msisdn not in text
    assert Notice.objects.filter(incident=row).exists()


def test_action_item__done_by_somebody_meanwhile__ends_no_other(odette: Client) -> None:
    # Given
    row = opened()
    for text in ("Ask in pre-flight", "Write a test"):
        incidents.add_action(
            incident=row, text=text, owner="pascal", due=date(2027, 2, 1), author="o"
        )
    first, second = ActionItem.objects.order_by("id")
    url = action_of("incident", "finish_action", row.pk)
    shown = odette.get(url)
    incidents.finish_action(item=first, author="pascal")

    # When
    refused = press(odette, url, item=shown.context["form"].initial["item"])

    # Then
    second.refresh_from_db()
    assert "Ask in pre-flight" in shown.content.decode()
    assert "done already" in refused.content.decode()
    assert second.done_at is None


def test_incident__post_mortem__downloaded_by_a_viewer(pascal: Client) -> None:
    row = opened()

    answer = pascal.get(action_of("incident", "download", row.pk))

    assert answer["Content-Type"].startswith("text/markdown")
    assert f"post-mortem-{row.pk}.md" in answer["Content-Disposition"]
    assert answer.content.decode().startswith(f"# Post-mortem of incident {row.pk}")


@pytest.mark.parametrize("kind", ["daily", "weekly", "summary"])
def test_report__viewer__page_and_markdown(pascal: Client, kind: str) -> None:
    url = reverse("admin:rollout_report", args=[kind])

    page = pascal.get(url)
    text = pascal.get(url, {"as": "markdown"})

    assert "Tool call success rate" in page.content.decode()
    assert text.content.decode().startswith("# ")
    assert "attachment" in text["Content-Disposition"]


def test_report__no_such_kind_or_nobody__refused(pascal: Client) -> None:
    assert pascal.get("/admin/rollout/notice/report/yearly/").status_code == 404
    url = reverse("admin:rollout_report", args=["daily"])
    assert Client().get(url).status_code == 302
