"""The form of the agent's texts: the draft's document as fields, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from agents.content import answers
from agents.content.document import (
    BUILT_IN,
    BUILT_IN_TOPICS,
    LONGEST_INSTRUCTIONS,
    LONGEST_TEXT,
)
from agents.content.hours import DAYS
from agents.language.texts import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agents.content.errors import Fault

LANGUAGE_NAMES = {
    "en": _("English"),
    "fr": _("French"),
    "rw": _("Kinyarwanda"),
    "sw": _("Swahili"),
}
DAY_NAMES = dict(
    zip(
        DAYS,
        (
            *(_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday")),
            *(_("Friday"), _("Saturday"), _("Sunday")),
        ),
        strict=True,
    )
)
# Each built-in topic: its title, and the question that it answers.
TOPIC_NAMES = {
    "where": (_("Stations"), _("“Where can I use it?”: added below the list.")),
    "hours": (_("Opening hours"), _("“When are you open?”: above the hours.")),
    "validity": (_("Validity"), _("“Until when is it valid?”")),
    "how_it_works": (_("How it works"), _("“How does it work?”")),
    "contact": (_("Contact"), _("“How can I reach you?”")),
}
# Empty places for new topics.
SPARE = 1


@dataclass(frozen=True)
class Section:
    """A part of the page, folded when it is long and nothing in it is wrong."""

    title: str
    help: str
    fields: list[forms.BoundField]
    # The built-in text, shown beside the fields, by language.
    built_in: Sequence[tuple[str, str]] = ()
    is_open: bool = False

    @property
    def filled(self) -> bool:
        """Tell whether an operator wrote something here."""
        return any(field.value() for field in self.fields)


def part_name(part: str) -> str:
    """Return how people call a part of the content: "How it works, French"."""
    kind, _dot, rest = part.partition(".")
    if kind == "instructions":
        return gettext("Instructions of the agent")
    if kind == "exceptions":
        return gettext("Other hours on single dates")
    if kind == "hours":
        return gettext("Hours on {day}").format(day=DAY_NAMES.get(rest, rest))
    if kind != "topic":
        return gettext("Topics")
    key, _dot, field = rest.partition(".")
    title = str(TOPIC_NAMES[key][0]) if key in TOPIC_NAMES else key
    if field == "phrases":
        return gettext("{topic}, words").format(topic=title)
    language = LANGUAGE_NAMES.get(field)
    return f"{title}, {language}" if language else title


def _area(rows: int, longest: int) -> forms.Textarea:
    return UnfoldAdminTextareaWidget(attrs={"rows": rows, "maxlength": longest})


class ContentForm(forms.Form):
    """All texts of the draft on one page."""

    revision = forms.IntegerField(widget=forms.HiddenInput)
    instructions = forms.CharField(
        label=_("Instructions of the agent"),
        required=False,
        max_length=LONGEST_INSTRUCTIONS,
        help_text=_(
            "Added to the fixed instructions of OpenAI's model: facts and manners, in "
            "English. They cannot change what the agent may do. On the phone, sentences "
            "with a telephone number are left out."
        ),
        widget=_area(6, LONGEST_INSTRUCTIONS),
    )
    exceptions = forms.CharField(
        label=_("Other hours on single dates"),
        required=False,
        help_text=_("One date a line: 2026-12-25 closed Christmas"),
        widget=_area(4, 6_000),
    )

    def __init__(
        self, data: Any = None, *, document: dict[str, Any], revision: int
    ) -> None:
        written = {topic["key"]: topic for topic in document.get("topics", [])}
        self.own = [one for key, one in written.items() if key not in BUILT_IN_TOPICS]
        initial: dict[str, Any] = {
            "revision": revision,
            "instructions": document.get("instructions", ""),
            "exceptions": document.get("exceptions", ""),
        }
        super().__init__(data, initial=initial, label_suffix="")
        for day in DAYS:
            self.fields[f"hours_{day}"] = forms.CharField(
                label=DAY_NAMES[day],
                required=False,
                max_length=80,
                initial=document.get("hours", {}).get(day, ""),
                widget=UnfoldAdminTextInputWidget(
                    attrs={"placeholder": "08:00-12:00, 13:00-17:00"}
                ),
            )
        for key in BUILT_IN_TOPICS:
            self._add_texts(key, str(TOPIC_NAMES[key][0]), written.get(key, {}))
        places = len(self.own) + SPARE
        if data is not None:
            # As many as the page had: another one may have been added meanwhile.
            while f"own{places}_key" in data:
                places += 1
        self.places = range(places)
        for place in self.places:
            self._add_own(place)

    def _add_texts(self, prefix: str, title: str, topic: dict[str, Any]) -> None:
        for language in LANGUAGES:
            self.fields[f"{prefix}_{language}"] = forms.CharField(
                label=f"{title}: {LANGUAGE_NAMES[language]}",
                required=False,
                max_length=LONGEST_TEXT,
                initial=topic.get("texts", {}).get(language, ""),
                widget=_area(3, LONGEST_TEXT),
            )

    def _add_own(self, place: int) -> None:
        topic = self.own[place] if place < len(self.own) else {}
        prefix = f"own{place}"
        name = topic.get("key") or gettext("New topic")
        self.fields[f"{prefix}_key"] = forms.CharField(
            label=gettext("Name of topic {number}").format(number=place + 1),
            required=False,
            max_length=30,
            initial=topic.get("key", ""),
            help_text=_("Lower-case letters, digits and _, such as tyres."),
            widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        )
        self.fields[f"{prefix}_phrases"] = forms.CharField(
            label=gettext("{topic}: words that ask about it").format(topic=name),
            required=False,
            max_length=2_500,
            initial=", ".join(topic.get("phrases", [])),
            help_text=_("In any language, with commas between: tyre, pneu, matairi"),
            widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        )
        self._add_texts(prefix, name, topic)
        if topic:
            self.fields[f"{prefix}_removed"] = forms.BooleanField(
                label=gettext("Remove the topic {topic}").format(topic=name),
                required=False,
                widget=UnfoldBooleanSwitchWidget,
            )

    def document(self) -> dict[str, Any]:
        """Return the document that the valid form describes."""
        data = self.cleaned_data
        topics = [self._topic(key, key) for key in BUILT_IN_TOPICS]
        for place in self.places:
            prefix = f"own{place}"
            topic = self._topic(prefix, data[f"{prefix}_key"])
            is_empty = not (
                topic["key"] or topic["phrases"] or any(topic["texts"].values())
            )
            if not (is_empty or data.get(f"{prefix}_removed")):
                topics.append(topic)
        return {
            "instructions": data["instructions"],
            "hours": {day: data[f"hours_{day}"] for day in DAYS},
            "exceptions": data["exceptions"],
            "topics": topics,
        }

    def _topic(self, prefix: str, key: str) -> dict[str, Any]:
        data = self.cleaned_data
        phrases = str(data.get(f"{prefix}_phrases", "")).split(",")
        return {
            "key": key,
            "phrases": [one.strip() for one in phrases if one.strip()],
            "texts": {one: data[f"{prefix}_{one}"] for one in LANGUAGES},
        }

    def add_faults(self, faults: Sequence[Fault]) -> None:
        """Show each fault at its field, else above the form."""
        for fault in faults:
            field = self._field_of(fault.part)
            sentence = fault.sentence
            if field is None:
                sentence = f"{part_name(fault.part)}: {sentence}"
            self.add_error(field, sentence)

    def _field_of(self, part: str) -> str | None:
        kind, _dot, rest = part.partition(".")
        if kind in {"instructions", "exceptions"}:
            return kind
        if kind == "hours":
            return f"hours_{rest}"
        key, _dot, language = rest.partition(".")
        prefix = key if key in BUILT_IN_TOPICS else self._place_of(key)
        name = f"{prefix}_{language or 'key'}"
        return name if name in self.fields else None

    def _place_of(self, key: str) -> str:
        for place in self.places:
            if str(self.cleaned_data.get(f"own{place}_key", "")).lower() == key:
                return f"own{place}"
        return ""

    def sections(self) -> Iterator[Section]:
        """Return the fields in groups, as the page shows them."""
        days = [f"hours_{day}" for day in DAYS]
        yield self._section("", "", ["instructions"], is_open=True)
        yield self._section(
            gettext("When a person answers"),
            gettext(
                "In the time of Kigali; empty is closed. Out of hours, a customer who "
                "asks for a person reads when one will answer."
            ),
            [*days, "exceptions"],
            is_open=True,
        )
        for key, (title, answered) in TOPIC_NAMES.items():
            texts = [f"{key}_{language}" for language in LANGUAGES]
            yield self._section(str(title), str(answered), texts, built_in=key)
        for place in self.places:
            names = [name for name in self.fields if name.startswith(f"own{place}_")]
            known = self.own[place]["key"] if place < len(self.own) else ""
            yield self._section(
                known or gettext("Add a topic"),
                gettext("What people ask about besides, and the answer."),
                names,
            )

    def _section(
        self,
        title: str,
        text: str,
        names: Sequence[str],
        *,
        is_open: bool = False,
        built_in: str = "",
    ) -> Section:
        fields = [self[name] for name in names]
        has_errors = any(field.errors for field in fields)
        shown = [
            (
                str(LANGUAGE_NAMES[one]),
                answers.answer(BUILT_IN, built_in, one, timezone.now()),
            )
            for one in LANGUAGES
        ]
        return Section(
            title,
            text,
            fields,
            [(name, said) for name, said in shown if said] if built_in else (),
            is_open=is_open or has_errors,
        )
