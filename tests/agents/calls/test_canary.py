"""A PIN and a code that were typed are stored nowhere but in the hash.

Looked at: logs, traces and reports (the suite's watch looks besides), every table of the
database, what the model is given, and the variables of all frames of an error at each
step.
"""

from __future__ import annotations

import io
import re
import sys
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.test import Client

from agents.calls import keypad as keypads
from agents.calls import recording
from agents.core import pin_tokens
from agents.core.secret_digits import SecretDigits
from agents.identity import pin, pin_links
from agents.models import PhonePin, PinLink
from easymo.database import units
from tests.agents.calls.phone import PIN, WRONG, calls, give

if TYPE_CHECKING:
    from tests.agents.cast import Cast

db = units.run
# Of two canaries of the suite, and a PIN whose digits stand in no other number.
SECRETS = (PIN, WRONG, "862047")


def tables_with(*secrets: str) -> list[str]:
    """Return every table with a row that shows one of these."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', table_schema, table_name)"
            " FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
            " AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        names = [name for (name,) in cursor.fetchall()]
        found = []
        for name in names:
            for secret in secrets:
                cursor.execute(
                    f"SELECT count(*) FROM {name} t WHERE t::text ~ %s",
                    [rf"(?<![0-9a-f.]){secret}(?![0-9a-f])"],
                )
                if cursor.fetchone()[0]:
                    found.append(f"{name}: {secret}")
        return found


async def test_call__pin_and_code_were_typed__stand_in_no_row_log_or_model_input(
    committed: Cast, capfd: pytest.CaptureFixture[str]
) -> None:
    issued = await db(give, committed, committed.bosco)
    phone = await db(calls, committed.claudine)
    given = [await phone.types(keys) for keys in (WRONG, PIN, issued.code.digits)]
    outcome = await db(phone.asks, "redeem_voucher", voucher="[code 1]")
    given.append(await phone.types("1"))

    secrets = (PIN, WRONG, issued.code.digits)
    told = "".join(f"{one.note}{one.spoken}{one!r}" for one in given) + outcome.output
    written = capfd.readouterr()
    for secret in secrets:
        assert secret not in told + written.out + written.err + repr(phone.keypad)
    assert await db(tables_with, *secrets) == []


FAILURES = {
    "the database": (pin, "lock_caller_pin_count"),
    "the hash": (pin, "_is_right"),
    "the counters": (pin, "_write"),
    "the timeline": (recording, "event"),
}


@pytest.mark.parametrize("where", FAILURES)
async def test_press__error_at_each_step__no_frame_shows_the_digits(
    committed: Cast, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    phone = await db(calls, committed.aline)
    owner, name = FAILURES[where]

    def broken(*_args: object, **_more: object) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(owner, name, broken)
    for digit in PIN[:-1]:
        await phone.keypad.press(digit)

    for last in (PIN[-1], "#"):
        with pytest.raises(OperationalError) as raised:
            await phone.keypad.press(last)
        assert_hidden(raised.value)


def assert_hidden(error: BaseException) -> None:
    """Look at the variables of all frames of our own code, as an error report would."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    looked = 0
    for frame in shown.stack:
        if "/tests/" in frame.filename or "site-packages" in frame.filename:
            continue
        looked += 1
        for name, value in (frame.locals or {}).items():
            assert not any(secret in value for secret in SECRETS), (frame, name)
            assert value not in {"'4'", '"4"'}, (frame, name)
    assert looked > 2


@pytest.mark.parametrize("step", ["hash", "policy", "database"])
def test_set_pin__error_at_each_step__no_frame_shows_the_digits(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def broken(*_args: object, **_more: object) -> None:
        raise ZeroDivisionError

    if step == "hash":
        hasher = type("Broken", (), {"hash": broken})()
        monkeypatch.setattr(pin, "_HASHER", hasher)
    elif step == "database":
        monkeypatch.setattr(pin, "_callers_of", broken)
    else:
        monkeypatch.setattr(pin.pin_policy, "_YEAR", None)
    path = link(cast)
    client = Client(raise_request_exception=True)

    errors = (ZeroDivisionError, AttributeError)
    with pytest.raises(errors) as raised:
        client.post(path, {"pin": PIN, "again": PIN})

    assert_hidden(raised.value)


def link(cast: Cast) -> str:
    made = pin_links.create_link(profile=cast.aline.profile, requested_by="tests")
    return f"/pin/{pin_tokens.token_of(made.public_id)}/"


def test_page__pin_was_sent__stands_in_no_row(committed: Cast) -> None:
    path = link(committed)
    token = path.split("/")[2]

    assert Client().post(path, {"pin": PIN, "again": PIN}).status_code == 200

    assert PinLink.objects.get().used_at is not None
    assert tables_with(PIN) == []
    assert tables_with(re.escape(token)) == []


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (f"{PIN}\n{PIN}\n", "set"),
        (f"{PIN}\n{WRONG}\n", "different"),
        ("1234\n1234\n", "row"),
        ("100001\n100001\n", "own number"),
        ("", "4 to 6"),
        ("12345678\n12345678\n", "4 to 6"),
    ],
)
def test_profile_pin__two_lines__prints_no_pin(
    committed: Cast, monkeypatch: pytest.MonkeyPatch, lines: str, says: str
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
    out = io.StringIO()

    said = ""
    try:
        call_command("profile", "pin", "0788100001", stdout=out)
    except CommandError as error:
        said = str(error)

    said += out.getvalue()
    assert says in said
    assert "+250788100001" not in said
    assert not any(line and line in said for line in lines.split() if line != "1234")
    assert PhonePin.objects.exists() is (says == "set")
    assert tables_with(PIN) == []


def test_profile_pin__clear__deletes_it(committed: Cast) -> None:
    pin.set_pin(profile=committed.aline.profile, pin=SecretDigits(PIN), by="x")
    out = io.StringIO()

    call_command("profile", "pin", "+250788100001", "--clear", stdout=out)
    call_command("profile", "pin", "+250788100001", "--clear", stdout=out)

    assert not PhonePin.objects.exists()
    assert "cleared" in out.getvalue()
    assert "was not set" in out.getvalue()


def test_profile_pin__unknown_number__is_refused(committed: Cast) -> None:
    with pytest.raises(CommandError, match="No profile"):
        call_command("profile", "pin", "+250788999999")


def test_keypad__is_not_stored_and_shows_nothing(committed: Cast) -> None:
    shown: Any = repr(keypads.IGNORED) + repr(SecretDigits(PIN))

    assert PIN not in shown
