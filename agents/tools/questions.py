"""Answers to everyday questions: where, when, how, and what operators added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.content import answers
from agents.content.document import BUILT_IN_TOPICS
from agents.language.lexicons.vocabulary import fold
from agents.llm.model import ToolSpec
from agents.tools.base import Tool, done, strict_object
from vouchers.models import Station

if TYPE_CHECKING:
    from agents.content.document import Content
    from agents.tools.base import Call, Payload, ToolResult

SHOWN = 10
# Read at most, in the order of their names.
MOST = 500
# `where` has a tool of its own.
TOPICS = tuple(topic for topic in BUILT_IN_TOPICS if topic != "where")
# Words of an operator's topic that the model reads, to know what it is about.
SAMPLE = 4


def list_stations(call: Call) -> ToolResult:
    """List the stations; those whose name, town or address has the given words first."""
    near = call.arguments.get("near")
    wanted = fold(near).strip() if isinstance(near, str) else ""
    stations = list(Station.objects.filter(is_active=True).order_by("name")[:MOST])
    context = call.context
    note = answers.own_text(context.content, "where", context.language)
    if not stations:
        return done(note or call.text("stations.empty"), stations=[])
    matching = [one for one in stations if wanted and wanted in fold(_place_of(one))]
    header = "stations.none" if wanted and not matching else "stations.header"
    found = matching or stations
    lines = [call.text(header)]
    lines += [_line(call, station) for station in found[:SHOWN]]
    if len(found) > SHOWN:
        lines.append(call.text("stations.more", count=len(found) - SHOWN))
    if note:
        lines += ["", note]
    names = [station.name for station in found[:SHOWN]]
    return done("\n".join(lines), stations=names, count=len(found))


def _place_of(station: Station) -> str:
    return f"{station.name} {station.town} {station.address}"


def _line(call: Call, station: Station) -> str:
    """Return the station's name, with address, town and hours where they are known."""
    known = (station.address, station.town, station.opening)
    place = ", ".join(filter(None, known))
    if not place:
        return call.text("stations.line", station=station.name)
    return call.text("stations.line_at", station=station.name, place=place)


def answer_question(call: Call) -> ToolResult:
    """Answer a question by the operators' text, or by the built-in one."""
    topic = str(call.arguments.get("topic"))
    context = call.context
    if topic not in topics_of(context.content):
        return call.refused(
            "invalid_request", "There is no such topic.", "refused.invalid_request"
        )
    text = answers.answer(context.content, topic, context.language, context.now())
    if topic == "hours":
        text = "\n\n".join([text, *_hours_of_stations(call)])
    return done(text)


def _hours_of_stations(call: Call) -> list[str]:
    """Return the hours of stations that have some, as one paragraph."""
    stations = Station.objects.filter(is_active=True).exclude(opening="")
    lines = [
        call.text("stations.line_at", station=name, place=opening)
        for name, opening in stations.order_by("name").values_list("name", "opening")[
            :SHOWN
        ]
    ]
    return ["\n".join([call.text("stations.hours"), *lines])] if lines else []


def topics_of(content: Content) -> tuple[str, ...]:
    """Return what `answer_question` answers."""
    return (*TOPICS, *(topic.key for topic in content.own_topics))


def _parameters(topics: tuple[str, ...]) -> Payload:
    return strict_object(topic={"type": "string", "enum": list(topics)})


def _adapted(content: Content) -> ToolSpec:
    """Let the model ask for the operators' own topics too."""
    own = [
        f"{topic.key} ({', '.join(topic.phrases[:SAMPLE])})"
        if topic.phrases
        else topic.key
        for topic in content.own_topics
    ]
    added = f" Also: {'; '.join(own)}." if own else ""
    return ToolSpec(
        ANSWER_QUESTION.name,
        f"{ANSWER_QUESTION.description}{added}",
        _parameters(topics_of(content)),
    )


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
        "voucher works, how long vouchers are valid in general, or how to reach us."
    ),
    parameters=_parameters(TOPICS),
    handler=answer_question,
    adapted=_adapted,
)
