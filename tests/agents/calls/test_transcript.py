"""What stays of a call's words: amounts; and what does not: codes, PINs, numbers."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from agents.calls import recording
from agents.calls.database_services import DatabaseServices
from agents.calls.transcript import Context, scrubbed
from agents.models import CallEvent
from easymo.database import units
from tests.agents.calls.phone import calls, give

if TYPE_CHECKING:
    from tests.agents.cast import Cast

SENTENCES = (
    "{}",
    "I want {} please",
    "je voudrais {} s'il vous plaît",
    "ndashaka {} none",
    "nataka {} leo",
    "it is {}, and nothing else.",
)
# As they are written in transcripts, with a currency of each language.
AMOUNTS = (
    "10,000",
    "10.000",
    "10 000",
    "10000",
    "5000",
    "739154",
    "1,000,000",
    "2500.50",
)
MONEY = (
    *("{} francs", "{} RWF", "{} Frw", "{}F", "{} faranga", "{} amafaranga", "{}/="),
    *("RWF {}", "Frw{}", "amafaranga {}", "francs: {}", "faranga {}", "shilingi {}"),
)
WORDS = {
    "en": ("seven", "three", "nine", "one", "five", "four"),
    "fr": ("sept", "trois", "neuf", "un", "cinq", "quatre"),
    "rw": ("karindwi", "gatatu", "icyenda", "rimwe", "gatanu", "kane"),
    "sw": ("saba", "tatu", "tisa", "moja", "tano", "nne"),
}
# Never stored, in whatever sentence and time.
SECRETS = (
    # PINs: together, with pauses, in words
    *("7391", "73915", "739154", "7 3 9 1", "7-3-9-1", "7, 3, 9, 1", "73 91 54"),
    *(" ".join(words[:count]) for words in WORDS.values() for count in (4, 5, 6)),
    *(", ".join(words[:4]) for words in WORDS.values()),
    # codes, whole, mistyped and in part
    *("4539 0148 9271 0654", "4539014892710654", "4539-0148-9271-0655"),
    *("4539 0148", "4539 0148 9271", "453901489271"),
    # telephone numbers
    *("0788123456", "+250 788 123 456", "788 123 456", "0788 12 34 56"),
)


def digits_of(text: str) -> str:
    return re.sub(r"\D", "", text)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_scrubbed__amount_with_currency__stays(sentence: str) -> None:
    for amount in AMOUNTS:
        for money in MONEY:
            said = sentence.format(money.format(amount))

            assert scrubbed(said) == said, said
            # A PIN may be said in any way while it is asked for.
            strict = scrubbed(said, Context({10_000, 5_000}, is_pin_asked=True))
            assert digits_of(strict) == "", strict


@pytest.mark.parametrize("sentence", SENTENCES)
def test_scrubbed__amount_of_the_rows__stays_without_a_currency(sentence: str) -> None:
    for amount in ("10,000", "10 000", "10000", "5000"):
        said = sentence.format(amount)

        assert scrubbed(said, Context({10_000, 5_000})) == said
        assert digits_of(scrubbed(said, Context({7_000}))) == ""


@pytest.mark.parametrize("sentence", SENTENCES)
@pytest.mark.parametrize("is_pin_asked", [True, False])
def test_scrubbed__secret__is_blanked(sentence: str, *, is_pin_asked: bool) -> None:
    context = Context({10_000}, is_pin_asked=is_pin_asked)
    for secret in SECRETS:
        said = scrubbed(sentence.format(secret), context)

        # Of a telephone number the masked form stays, which is no secret.
        left = digits_of(said.replace("+2507***456", ""))
        assert left == "", (secret, said)
        spoken = {word for words in WORDS.values() for word in words} - {"un"}
        assert not spoken & set(re.findall(r"\w+", said)), (secret, said)


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        ("my PIN is 5000 francs", "my PIN is [digits] francs"),
        ("7391, 10,000 francs", "[digits], 10,000 francs"),
        ("10,000 francs, 7391", "10,000 francs, [digits]"),
        ("4539 0148 francs", "[digits] francs"),
        ("0788 123 francs", "[digits] francs"),
        ("78 812 345 francs", "[digits] francs"),
        ("PIN7391", "PIN[digits]"),
        ("until 30 November 2026", "until 30 November 2026"),
        ("at 14:30 by gate 12", "at 14:30 by gate 12"),
        ("twenty five thousand francs", "twenty five thousand francs"),
        ("one moment, two of them", "one moment, two of them"),
    ],
)
def test_scrubbed__both_in_a_sentence__each_by_itself(said: str, stored: str) -> None:
    assert scrubbed(said).replace("[pin]", "[digits]") == stored


@pytest.mark.parametrize("kind", ["heard", "said"])
def test_event__time_of_the_pin__everything_is_blanked(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Before it is asked for, while it is, right after it, and later."""
    give(cast, cast.aline, 7_000)
    phone = calls(cast.aline)
    stored: list[str] = []

    def say(words: str) -> None:
        recording.event(phone.ref, CallEvent.Kind(kind), text=words)
        stored.append(phone.call.events.filter(kind=kind).latest("id").text)

    say("10,000 francs and 7,000")
    phone.asks("list_vouchers")
    say("10,000 francs and 7,000")
    say("seven, um, three, um, nine, one")
    phone.verify()
    phone.asks("list_vouchers")
    say("10,000 francs and 7,000")
    monkeypatch.setattr(recording, "LATE_WORDS", timedelta(0))
    say("10,000 francs and 7,000")
    say("7391")

    assert stored == [
        "10,000 francs and [digits]",
        "[digits] francs and [digits]",
        "[digits], um, [digits], um, [digits]",
        "[digits] francs and [digits]",
        "10,000 francs and 7,000",
        "[digits]",
    ]


async def test_event__fixed_text_in_the_time_of_the_pin__keeps_its_numbers(
    committed: Cast,
) -> None:
    phone = await units.run(calls, committed.aline)
    services = DatabaseServices(phone.ref)
    await units.run(phone.asks, "list_vouchers")
    await units.run(phone.verify)
    line = services.line("phone.pin_locked", "en", minutes=15)
    shown = services._spoken(
        "tool.list_vouchers", "RWF 7,000, valid until 28 Feb 2027.", "en"
    )

    for words in (line.text, f" {shown.text}", shown.text.replace("7,000", "7,391")):
        await services.event(CallEvent.Kind.SAID, text=words)
    await services.event(CallEvent.Kind.HEARD, text=shown.text)

    stored = CallEvent.objects.filter(kind__in=["said", "heard"]).order_by("id")
    assert [
        one.strip()
        for one in await units.run(lambda: [*stored.values_list("text", flat=True)])
    ] == [
        line.text,
        shown.text,
        "RWF [digits], valid until [digits] Feb [digits].",
        "RWF [digits], valid until [digits] Feb [digits].",
    ]
