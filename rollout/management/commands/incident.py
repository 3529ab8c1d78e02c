from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from easymo.database.errors import telling
from rollout.core.errors import RolloutError
from rollout.incidents import incidents
from rollout.incidents.incidents import LESSONS, SEVERITIES
from rollout.management.output import actor_name
from rollout.models import ActionItem, Incident
from rollout.reports.postmortem import postmortem

if TYPE_CHECKING:
    from argparse import ArgumentParser

STATUSES = {"mitigate": "mitigated", "resolve": "resolved", "close": "closed"}
SHOWN = 50


class Command(BaseCommand):
    help = "List the open incidents, or lead one: open, note, …, close, postmortem"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", metavar="ACTION")
        opened = actions.add_parser("open", help="open one; those on call are told")
        opened.add_argument("title")
        opened.add_argument("--severity", choices=SEVERITIES, default="medium")
        opened.add_argument("--text", required=True, help="what is going on")
        about = {
            "note": "add a line to its story",
            "take": "lead it",
            "severity": "say how bad it is",
            "mitigate": "the harm has stopped",
            "resolve": "the cause is known and gone",
            "lessons": "write down what was learned",
            "action": "add an action item",
            "done": "end an action item, by its number",
            "close": "its four lessons are written down",
            "postmortem": "print it as Markdown",
        }
        known = {name: actions.add_parser(name, help=h) for name, h in about.items()}
        for each in known.values():
            each.add_argument("number", type=int)
        known["note"].add_argument("text")
        known["take"].add_argument("--commander", help="default: you")
        known["severity"].add_argument("severity", choices=SEVERITIES)
        for name in ("severity", *STATUSES):
            known[name].add_argument("--reason", required=True)
        for name in LESSONS:
            known["lessons"].add_argument(f"--{name.replace('_', '-')}", dest=name)
        known["action"].add_argument("text")
        known["action"].add_argument("--owner", required=True)
        known["action"].add_argument("--due", required=True, metavar="YYYY-MM-DD")
        for each in (opened, *known.values()):
            each.add_argument("--by", metavar="NAME", help="default: your login")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with telling():
                self.stdout.write(self.do(options["action"], options))
        except RolloutError as error:
            raise CommandError(str(error)) from error

    def do(self, action: str | None, given: dict[str, Any]) -> str:
        if action is None:
            return listed()
        by = actor_name(given["by"])
        if action == "open":
            made = incidents.report_incident(
                title=given["title"],
                severity=given["severity"],
                text=given["text"],
                by=by,
            )
            return f"Incident {made.pk} is open."
        if action == "done":
            item = ActionItem.objects.filter(pk=given["number"]).first()
            if item is None:
                raise CommandError(f"There is no action item {given['number']}.")
            incidents.finish_action(item=item, author=by)
            return "Done."
        row = Incident.objects.filter(pk=given["number"]).first()
        if row is None:
            raise CommandError(f"There is no incident {given['number']}.")
        return act(action, row, given, by)


def act(action: str, row: Incident, given: dict[str, Any], by: str) -> str:
    """Do one thing about one incident; return what is so now."""
    if action == "postmortem":
        return postmortem(row)
    if action == "note":
        incidents.add_note(incident=row, text=given["text"], author=by)
    elif action == "take":
        commander = given["commander"] or by
        incidents.take_command(incident=row, commander=commander, author=by)
    elif action == "severity":
        incidents.set_severity(
            incident=row, severity=given["severity"], reason=given["reason"], author=by
        )
    elif action == "lessons":
        told = {name: given[name] for name in LESSONS if given[name] is not None}
        incidents.write_lessons(incident=row, author=by, **told)
    elif action == "action":
        return added(row, given, by)
    else:
        incidents.set_status(
            incident=row, status=STATUSES[action], reason=given["reason"], author=by
        )
    return line_of(row)


def added(row: Incident, given: dict[str, Any], by: str) -> str:
    try:
        due = date.fromisoformat(given["due"])
    except ValueError as error:
        raise CommandError("Give the day like 2027-01-31.") from error
    item = incidents.add_action(
        incident=row, text=given["text"], owner=given["owner"], due=due, author=by
    )
    return f"Action item {item.pk} for {item.owner}."


def listed() -> str:
    rows = Incident.objects.exclude(status=Incident.Status.CLOSED)[:SHOWN]
    return "\n".join(map(line_of, rows)) or "No open incidents."


def line_of(row: Incident) -> str:
    led = f", led by {row.commander}" if row.commander else ""
    return f"#{row.pk} {row.severity} {row.status}: {row.title}{led}"
