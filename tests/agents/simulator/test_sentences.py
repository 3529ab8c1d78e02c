from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.urls import reverse

from agents.content import in_force
from agents.models import TaughtSentence
from tests.agents.content.writing import publish, save

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper


pytestmark = pytest.mark.django_db


@pytest.fixture
def odette(db: None, settings: SettingsWrapper, client: Client) -> User:
    settings.SIMULATOR_ENABLED = True
    user = User.objects.create_user(
        "odette", password="a long enough word", is_staff=True
    )
    user.user_permissions.add(Permission.objects.get(codename="use_simulator"))
    client.force_login(user)
    return user


def test_sentences__several_lines__show_intent_outcome_and_reply(
    client: Client, odette: User
) -> None:
    page = client.post(
        reverse("simulator:sentences"),
        {"sentences": "where can i use it\nbonjour <b>", "role": "customer"},
    ).content.decode()

    assert "You can use a voucher at these stations" in page
    assert "Bonjour" in page
    assert "<b>" not in page


def test_teach__sentence__is_stored_without_its_values(
    client: Client, odette: User
) -> None:
    given = {
        "text": "give 0788123456 a voucher of 5000, code 7443 5490 0758 7863",
        "intent": "none",
        "language": "en",
    }

    answer = client.post(reverse("simulator:teach"), given)
    client.post(reverse("simulator:teach"), given | {"intent": "create_voucher"})

    row = TaughtSentence.objects.get()
    assert answer.status_code == 302
    assert row.intent == "create_voucher"
    assert row.text == "give {n} a voucher of {a} code {c}".replace("{a}", "{a}")
    assert client.get(reverse("simulator:sentences-export")).content.decode() == (
        f"create_voucher | en | {row.text}\n"
    )


@pytest.mark.parametrize(
    ("intent", "language"), [("x", "en"), ("none", "xx"), ("", "")]
)
def test_teach__unknown_reading__stores_nothing(
    client: Client, odette: User, intent: str, language: str
) -> None:
    answer = client.post(
        reverse("simulator:teach"),
        {"text": "hello", "intent": intent, "language": language},
    )

    assert answer.status_code == 400
    assert TaughtSentence.objects.count() == 0


@pytest.mark.parametrize("name", ["sentences", "teach", "sentences-export"])
def test_sentences__without_the_permission__are_refused(
    client: Client, odette: User, name: str
) -> None:
    odette.user_permissions.clear()

    assert client.get(reverse(f"simulator:{name}")).status_code == 403


def understood(*arguments: str) -> list[dict[str, object]]:
    out = StringIO()
    call_command("understand", *arguments, stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_understand__texts_and_file__print_one_object_each(tmp_path: Path) -> None:
    file = tmp_path / "given.jsonl"
    file.write_text(
        '{"text": "redeem 7443 5490 0758 7863", "role": "station"}\n\n'
        '{"text": "mes bons"}\n',
        encoding="utf-8",
    )

    found = understood(
        "create voucher 5000 for 0788123456",
        "--role",
        "staff",
        "--file",
        str(file),
        "--json",
    )

    assert [one["intent"] for one in found] == [
        "create_voucher",
        "redeem_voucher",
        "list_vouchers",
    ]
    assert [one["outcome"] for one in found] == ["acts", "acts", "answers"]
    assert list(found[0]) == [
        "text",
        "role",
        "intent",
        "slots",
        "outcome",
        "reply",
        "language",
    ]
    assert found[0]["slots"] == {
        "customer_msisdn": "+250788123456",
        "amount": 5000,
        "code": None,
        "reference": None,
        "station": None,
        "reason": None,
    }
    assert found[1]["slots"]["code"] == "7443549007587863"
    assert found[2]["language"] == "fr"


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        '"text"',
        '{"role": "staff"}',
        '{"text": 5}',
        '{"text": "x", "role": "boss"}',
    ],
)
def test_understand__bad_line__names_it(tmp_path: Path, line: str) -> None:
    file = tmp_path / "given.jsonl"
    file.write_text(f'{{"text": "hello"}}\n{line}\n', encoding="utf-8")

    with pytest.raises(CommandError, match="Line 2"):
        understood("--file", str(file))


WORDS = ("tyre", "pneu")
ANSWERED = {"do you sell tyres": "Tyres {state}.", "how does it work": "How {state}."}


def topics(state: str) -> dict[str, tuple[tuple[str, ...], dict[str, str]]]:
    return {
        "tyres": (WORDS, {"en": f"Tyres {state}."}),
        "how_it_works": ((), {"en": f"How {state}."}),
    }


def test_understand__operators_texts__are_those_in_force_and_not_the_draft(
    db: None,
) -> None:
    assert understood("do you sell tyres")[0]["reply"] != ANSWERED["do you sell tyres"]
    publish(topics=topics("in force"))
    save(topics=topics("in the draft"))

    for text, answer in ANSWERED.items():
        [shown] = understood(text)
        assert shown["reply"] == answer.format(state="in force")
        assert shown["outcome"] == "answers"


def test_sentences_of_the_simulator__draft__is_tried_before_it_is_in_force(
    client: Client, odette: User
) -> None:
    publish(topics=topics("in force"))
    save(topics=topics("in the draft"))

    page = client.post(
        reverse("simulator:sentences"),
        {"sentences": "\n".join(ANSWERED), "role": "customer"},
    ).content.decode()

    for answer in ANSWERED.values():
        assert answer.format(state="in the draft") in page
        assert answer.format(state="in force") not in page


def test_understand__without_the_tables__uses_the_built_in_texts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails() -> None:
        raise OperationalError("no database")

    monkeypatch.setattr(in_force, "current", fails)

    assert understood("how does it work")[0]["outcome"] == "answers"
