"""Sentences of services: English as data, rendered in the language of the reader."""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
import json
import pickle
import pkgutil
import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.template import Context, Template
from django.utils import translation

import agents
import rollout
import vouchers
from agents.content.errors import Fault
from agents.core.errors import AgentError, PinRefused
from easymo.paths import BASE_DIR
from easymo.sentences import (
    Sentence,
    amount,
    counted,
    day,
    decimal,
    english,
    joined,
    label,
    translatable,
)
from rollout.core.errors import RolloutError
from tests.easymo.backoffice.test_french_pages import ENGLISH
from vouchers.errors import (
    CampaignRefused,
    LimitExceeded,
    SecondPersonNeeded,
    VoucherError,
    VoucherNotIssued,
)
from vouchers.money import InvalidAmount, Money, shown_money

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REFUSED = translatable("There is no such voucher.")
BASES = (VoucherError, RolloutError, AgentError, InvalidAmount)
# Errors that are no subclass of these, and reach pages as well; `Fault` and `LineError`
# hold a sentence of a refusal.
OTHERS = (
    *("InvalidCurrency", "InvalidCode", "MistypedCode", "InvalidMsisdn"),
    *("InvalidHours", "InvalidAttachment", "NoLine", "NotAccepted"),
    *("Fault", "LineError"),
)
# Commands, other programs, and what only the log shows.
ELSEWHERE = re.compile(
    r"/(migrations|management|legacy|realtime_server|smoke|audit)/"
    r"|agents/(api/(?!tokens)|llm|realtime|whatsapp)"
)
# What a parameter of a refusal may be given, by its name.
VALUES: dict[str, Any] = {
    "status": "redeemed",
    "decision": "approved",
    "by": "Claudine",
    "at": datetime(2026, 3, 5, 12, 30, tzinfo=UTC),
    "expired_at": None,
    "present": date(2026, 3, 5),
    "latest": date(2026, 4, 5),
    "period_s": 900,
    "limit": "voucher",
    "cap": shown_money(Money(10_000, "RWF")),
    "bar": "own_request",
    "retry_after": 90,
    "what": translatable("wrong codes"),
    "references": ["VN-KCZZ-GG"],
    "code": "KGL1",
    "username": "claudine",
    "rule": "shape",
    "sentence": REFUSED,
    "message": REFUSED,
    "unmet": ["Grace"],
    "faults": Fault("hours.mon", REFUSED),
}


def test_sentence__french_page__is_french_there_and_english_as_data() -> None:
    text = translatable("There is no station {code}.", code="KGL1")

    with translation.override("fr"):
        shown = [str(text), f"{text}", f"{text:<10}", str(ValueError(text))]
        page = Template("{{ text }}|{{ text|default:'' }}").render(
            Context({"text": copy.deepcopy(text)}, autoescape=False)
        )
        stored = [
            json.loads(json.dumps(text)),
            english(text),
            "".join([text]),
            pickle.loads(pickle.dumps(text)),
        ]

    assert set(shown) == {"Il n'y a pas de station KGL1."}
    assert page == "Il n'y a pas de station KGL1.|Il n'y a pas de station KGL1."
    assert set(stored) == {"There is no station KGL1."} == {text}


@pytest.mark.parametrize(
    ("text", "in_english", "in_french"),
    [
        (shown_money(Money(10_000, "RWF")), "RWF 10,000", "10 000 RWF"),
        (shown_money(Money(-123_450, "USD")), "USD -1,234.50", "-1 234,50 USD"),
        (amount(0.0312, 4, "USD", in_english="$0.0312"), "$0.0312", "0,0312 USD"),
        (
            counted(1_200, "{number} call", "{number} calls"),
            "1,200 calls",
            "1 200 appels",
        ),
        (counted(1, "{number} call", "{number} calls"), "1 call", "1 appel"),
        (decimal("95.4", " %"), "95.4 %", "95,4 %"),
        (day(date(2026, 3, 5)), "5 March 2026", "5 mars 2026"),
        (label("approved"), "approved", "approuvé"),
        (joined(", ", [label("approved"), "x"]), "approved, x", "approuvé, x"),
        (
            translatable(
                "about {time}", time=counted(2, "{number} day", "{number} days")
            ),
            "about 2 days",
            "environ 2 jours",
        ),
    ],
)
def test_sentence__with_values__each_value_follows_the_language(
    text: Sentence, in_english: str, in_french: str
) -> None:
    with translation.override("fr"):
        shown = str(text).replace("\N{NO-BREAK SPACE}", " ")

    assert (str(text), english(text), shown) == (in_english, in_english, in_french)


def refusals() -> Iterator[Exception]:
    """Make each kind of refusal, with each of its fixed sentences."""
    for package in (agents, rollout, vouchers):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.name.endswith(("errors", "checks", "hours")):
                importlib.import_module(found.name)
    for kind in subclasses(*BASES):
        if kind.__module__.split(".")[0] in {"agents", "rollout", "vouchers"}:
            yield made(kind)
    for kind, name in ((VoucherNotIssued, "status"), (PinRefused, "rule")):
        yield from (made(kind, **{name: key}) for key in kind.SENTENCES)
    for status in VoucherNotIssued.SENTENCES:
        yield VoucherNotIssued(status)
    for bars in (CampaignRefused, SecondPersonNeeded):
        yield from (bars(bar) for bar in bars.SENTENCES)
    for limit in ("voucher", "issuer_daily", "customer_daily"):
        yield LimitExceeded(limit, VALUES["cap"])


def subclasses(*kinds: type[Exception]) -> list[type[Exception]]:
    found = list(kinds)
    for kind in kinds:
        found += subclasses(*kind.__subclasses__())
    return found


def made(kind: type[Exception], **given: Any) -> Exception:
    if "__init__" not in {
        name
        for each in kind.__mro__
        if each.__module__ != "builtins"
        for name in vars(each)
    }:
        return kind(REFUSED)
    wanted = list(inspect.signature(kind.__init__).parameters)[1:]
    values = {**VALUES, **given}
    if kind is CampaignRefused:
        values["bar"] = "campaign_is_stopped"
    return kind(*(values[name] for name in wanted if name not in {"args", "kwargs"}))


def test_refusals__each_kind__is_french_on_a_french_page() -> None:
    kinds = set()
    left = []
    for refusal in refusals():
        kinds.add(type(refusal))
        with translation.override("fr"):
            shown = str(refusal)
        if shown == str(refusal) or ENGLISH.search(shown):
            left.append((type(refusal).__name__, shown))

    assert len(kinds) > 50
    assert not left


def test_refusals__each_code__is_one_word_in_every_language() -> None:
    with translation.override("fr"):
        codes = [str(getattr(kind, "code", "x")) for kind in subclasses(*BASES)]

    assert all(re.fullmatch(r"[a-z_]+", code) for code in codes)


def literals(path: Path, names: set[str]) -> Iterator[str]:
    """Return the refusals of a file whose sentence is a plain text or an f-string."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        if name not in names:
            continue
        for given in (*call.args, *(word.value for word in call.keywords)):
            is_text = isinstance(given, ast.Constant) and " " in str(given.value)
            is_made = isinstance(given, ast.JoinedStr) and any(
                isinstance(part, ast.Constant) and " " in str(part.value)
                for part in given.values
            )
            if is_text or is_made:
                yield f"{path.relative_to(BASE_DIR)}:{call.lineno} {name}"


def test_source__each_refusal__is_a_text_of_the_catalogue() -> None:
    list(refusals())
    names = {kind.__name__ for kind in subclasses(*BASES)} | {*OTHERS}
    files = [
        path
        for folder in ("agents", "rollout", "vouchers")
        for path in (BASE_DIR / folder).rglob("*.py")
        if not ELSEWHERE.search(path.relative_to(BASE_DIR).as_posix())
    ]

    found = [each for path in files for each in literals(path, names)]

    assert len(files) > 300
    assert not found


@pytest.mark.parametrize(
    ("source", "is_found"),
    [
        ('raise InvalidChange("It is over.")', True),
        ('raise InvalidChange(f"It is {x} over.")', True),
        ('raise errors.InvalidChange(f"It is {x} over.") from error', True),
        ('raise InvalidChange(translatable("It is over."))', False),
        ("raise Fault(f'hours.{day}', why)", False),
        ('raise ValueError("It is over.")', False),
    ],
)
def test_literals__plain_text__is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, is_found: bool
) -> None:
    monkeypatch.setattr("tests.easymo.test_sentences.BASE_DIR", tmp_path)
    file = tmp_path / "x.py"
    file.write_text(source, encoding="utf-8")

    assert bool(list(literals(file, {"InvalidChange", "Fault"}))) is is_found
