"""Answers to everyday questions: where, when, how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from agents.language.lexicons.vocabulary import fold
from agents.tools.base import Tool, done, strict_object
from vouchers.models import Station

if TYPE_CHECKING:
    from agents.tools.base import Call, ToolResult

SHOWN = 10
# Read at most, in the order of their names.
MOST = 500
TOPICS = ("hours", "how_it_works", "validity")


def list_stations(call: Call) -> ToolResult:
    """List the stations; those whose name has the given word first."""
    near = call.arguments.get("near")
    wanted = fold(near).strip() if isinstance(near, str) else ""
    names = list(
        Station.objects.filter(is_active=True)
        .order_by("name")
        .values_list("name", flat=True)[:MOST]
    )
    if not names:
        return done(call.text("stations.empty"), stations=[])
    matching = [name for name in names if wanted and wanted in fold(name)]
    header = "stations.none" if wanted and not matching else "stations.header"
    found = matching or names
    lines = [call.text(header)]
    lines += [call.text("stations.line", station=name) for name in found[:SHOWN]]
    if len(found) > SHOWN:
        lines.append(call.text("stations.more", count=len(found) - SHOWN))
    return done("\n".join(lines), stations=found[:SHOWN], count=len(found))


def answer_question(call: Call) -> ToolResult:
    """Answer a question about the programme by its fixed text."""
    topic = str(call.arguments.get("topic"))
    if topic not in TOPICS:
        return call.refused(
            "invalid_request", "There is no such topic.", "refused.invalid_request"
        )
    return done(call.text(f"answer.{topic}", days=settings.VOUCHER_VALID_DAYS))


LIST_STATIONS = Tool(
    name="list_stations",
    description=(
        "List the stations where vouchers can be used: when the person asks where, or "
        "for a station near a town ('near', else null)."
    ),
    parameters=strict_object(near={"type": ["string", "null"]}),
    handler=list_stations,
)
ANSWER_QUESTION = Tool(
    name="answer_question",
    description=(
        "Answer an everyday question by the programme's own text: opening hours, how a "
        "voucher works, or how long vouchers are valid in general."
    ),
    parameters=strict_object(topic={"type": "string", "enum": list(TOPICS)}),
    handler=answer_question,
)
