from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from rollout.models import ActionItem, Incident, Notice

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


@pytest.mark.parametrize("kind", [[], ["daily"], ["weekly"], ["summary"]])
def test_report__each_kind__markdown_and_nothing_sent(kind: list[str]) -> None:
    told = run("report", *kind)

    assert re.match(r"# (Daily|Weekly|Post-deployment)", told)
    assert "## Figures" in told
    assert Notice.objects.exists() is False


def test_report__send__on_its_way() -> None:
    told = run("report", "weekly", "--send")

    notice = Notice.objects.get()
    assert notice.text == told
    assert "Weekly report" in notice.subject


@pytest.mark.parametrize(
    ("webhook", "said"),
    [
        ("", "to the log: neither Slack nor an e-mail address is set."),
        ("https://hooks.slack.com/services/x", "to Slack."),
    ],
)
def test_report__send__says_where_it_goes(
    settings: SettingsWrapper, webhook: str, said: str
) -> None:
    # Given
    settings.SLACK_WEBHOOK_URL, settings.ALERT_EMAILS = webhook, []
    err = io.StringIO()

    # When
    call_command("report", "--send", stdout=io.StringIO(), stderr=err)

    # Then
    assert err.getvalue() == f"On its way {said}\n"


@pytest.mark.parametrize(
    "arguments", [["yearly"], ["daily", "--day", "yesterday"], ["--day", "2027-13-01"]]
)
def test_report__nonsense__one_clear_sentence(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        run("report", *arguments)


def test_incident__from_opening_to_closing__on_the_command_line() -> None:
    # Given
    by = ("--by", "odette")
    run("incident", "open", "Calls fail", "--text", "Since noon.", *by)
    number = str(Incident.objects.get().pk)

    # When
    run("incident", "take", number, *by)
    run("incident", "note", number, "The model is slow.", *by)
    run("incident", "severity", number, "high", "--reason", "many", *by)
    run("incident", "mitigate", number, "--reason", "off", *by)
    run("incident", "resolve", number, "--reason", "mended", *by)
    run(
        *("incident", "lessons", number, "--customer-impact", "None served."),
        *("--resolution", "Restarted.", *by),
    )
    with pytest.raises(CommandError, match="Write down first: root cause, prevention"):
        run("incident", "close", number, "--reason", "x", *by)
    run(
        *("incident", "lessons", number, "--root-cause", "A typo."),
        *("--prevention", "A check.", *by),
    )
    run(
        *("incident", "action", number, "Write the check"),
        *("--owner", "pascal", "--due", "2027-02-01", *by),
    )
    run("incident", "done", str(ActionItem.objects.get().pk), "--by", "pascal")
    listed = run("incident")
    closed = run("incident", "close", number, "--reason", "learned", *by)

    # Then
    assert listed.strip() == f"#{number} high resolved: Calls fail, led by odette"
    assert closed.strip() == f"#{number} high closed: Calls fail, led by odette"
    assert run("incident").strip() == "No open incidents."
    told = run("incident", "postmortem", number)
    assert "- [x] Write the check (pascal, by 01 Feb 2027, done by pascal)" in told


@pytest.mark.parametrize(
    "arguments",
    [
        ["note", "999", "x"],
        ["done", "999"],
        ["postmortem", "x"],
        ["open", " ", "--text", "x"],
        ["open", "x", "--text", " "],
        ["open", "x", "--text", "x", "--severity", "huge"],
    ],
)
def test_incident__nonsense__one_clear_sentence(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        run("incident", *arguments)
    assert Incident.objects.exists() is False
