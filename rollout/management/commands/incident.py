from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from rollout.incidents import incidents
from rollout.incidents.incidents import LESSONS, SEVERITIES
from rollout.management.arguments import (
    actor_name,
    add_actor,
    command_errors,
    parse_day,
)
from rollout.models import ActionItem, Incident
from rollout.reports.postmortem import postmortem

if TYPE_CHECKING:
    from argparse import ArgumentParser

STATUSES = {"mitigate": "mitigated", "resolve": "resolved", "close": "closed"}
SHOWN = 50


class Command(BaseCommand):
    help = "List the open incidents, or work on one: open, note, …, close, postmortem"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", metavar="ACTION")
        opened = actions.add_parser(
            "open", help="open one, and notify the contacts on call"
        )
        opened.add_argument("title")
        opened.add_argument("--severity", choices=SEVERITIES, default="medium")
        opened.add_argument("--text", required=True, help="what is going on")
        about = {
            "note": "add a note to its timeline",
            "take": "take command",
            "severity": "change its severity",
            "mitigate": "the harm has stopped",
            "resolve": "the cause is known and removed",
            "lessons": "write its lessons",
            "action": "add an action item",
            "done": "finish an action item, by its number",
            "close": "close it, once its four lessons are written",
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
            add_actor(each)

    def handle(self, *args: Any, **options: Any) -> None:
        with command_errors():
            self.stdout.write(self.do(options["action"], options))

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
    """Perform one action on an incident; return its new state."""
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
        given_lessons = {
            name: given[name] for name in LESSONS if given[name] is not None
        }
        incidents.write_lessons(incident=row, author=by, **given_lessons)
    elif action == "action":
        return added(row, given, by)
    else:
        incidents.set_status(
            incident=row, status=STATUSES[action], reason=given["reason"], author=by
        )
    return line_of(row)


def added(row: Incident, given: dict[str, Any], by: str) -> str:
    due = parse_day(given["due"])
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
