"""The keypad: PIN, code, yes and no, language; digits stay in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agents.calls import keypad, recording
from agents.calls.reasons import EndReason
from agents.core.secret_digits import SecretDigits
from agents.identity import pin
from agents.language import texts
from agents.models import Call, CallerPinCount, CallEvent, PhonePin
from easymo.database import units
from tests.agents.calls.phone import PIN, WRONG, Phone, calls, give
from tests.vouchers.racing import race

if TYPE_CHECKING:
    from tests.agents.cast import Cast

db = units.run


async def begin(cast: Cast, person: str = "aline", **more: Any) -> Phone:
    return await db(calls, getattr(cast, person), **more)


async def is_verified(phone: Phone) -> bool:
    return await db(recording.is_verified, phone.ref)


# Keys, and whether they are the right PIN 739154 (or 7711 and 3391 where they are set).
ENTRIES: list[tuple[str, str, bool]] = [
    ("739154", PIN, True),
    ("739154", PIN + "#", True),
    ("739154", "12*" + PIN, True),
    ("739154", "#" + PIN, True),
    ("739154", "##" + PIN, True),
    ("739154", "A" + PIN, True),
    # Two presses of one key are two digits.
    ("7711", "7711", True),
    ("7711", "771#", False),
    ("7711", "71#", False),
    # A 3 at the beginning may be the language or a digit.
    ("3391", "3391", True),
    ("3391", "3391#", True),
    ("3391", "391#", False),
    ("739154", "73915#", False),
    # The last digit of the PIN ends the entry.
    ("739154", "7391540", True),
    ("7711", "77110", True),
    ("739154", "07391540", False),
    ("739154", "1#", False),
]


@pytest.mark.parametrize(("pin_digits", "keys", "is_right"), ENTRIES)
@pytest.mark.parametrize("was_asked", [True, False])
async def test_press__entry__is_the_pin_or_not(
    committed: Cast, pin_digits: str, keys: str, is_right: bool, was_asked: bool
) -> None:
    phone = await begin(committed, pin_digits=pin_digits)
    if was_asked:
        await db(phone.asks, "list_vouchers")

    await phone.types(keys)

    assert await is_verified(phone) is is_right


async def test_press__pin_is_right__tells_the_model_and_no_digits(
    committed: Cast,
) -> None:
    phone = await begin(committed)

    found = [await phone.types(key) for key in PIN]

    assert [each.kind for each in found] == [*["digit"] * 5, "pin_ok"]
    assert found[-1].spoken == texts.render("phone.pin_right", "en")
    assert not set("0123456789") & set("".join(map(repr, found)))


@pytest.mark.parametrize("language", texts.LANGUAGES)
async def test_press__three_wrong_ones__end_the_call_politely_and_lock(
    committed: Cast, language: str
) -> None:
    phone = await begin(committed)
    await db(recording.language, phone.ref, language, by="words")

    found = [await phone.types(WRONG) for _ in range(3)]

    assert [each.kind for each in found] == ["pin_wrong", "pin_wrong", "pin_locked"]
    assert [each.ends for each in found] == [None, None, EndReason.PIN_LOCKED]
    assert found[0].spoken == texts.render("phone.pin_wrong", language, left=2)
    assert found[2].spoken == texts.render("phone.pin_locked", language, minutes=15)
    # Another call is locked at its first entry, also of the right PIN.
    again = await db(Phone, phone.person, phone.ref)
    assert (await again.types(PIN)).kind == "pin_locked"
    assert await is_verified(phone) is False


async def test_press__caller_without_a_pin__hears_the_same(committed: Cast) -> None:
    phone = await begin(committed, pin_digits="")

    found = [await phone.types(PIN) for _ in range(3)]

    assert [each.kind for each in found] == ["pin_wrong", "pin_wrong", "pin_locked"]


CODE = "4539014892710654"


@pytest.mark.parametrize("pin_digits", ["7711", "77113", "771135"])
async def test_press__right_pin__verifies_at_its_last_digit(
    committed: Cast, pin_digits: str
) -> None:
    phone = await begin(committed, pin_digits=pin_digits)
    await db(phone.asks, "list_vouchers")

    found = [await phone.keypad.press(key) for key in f"{pin_digits}#"]

    kinds = [each.kind for each in found]
    assert kinds == [*["digit"] * (len(pin_digits) - 1), "pin_ok", "ignored"]
    assert (await db(PhonePin.objects.get)).failures == 0


@pytest.mark.parametrize("pin_digits", ["7711", "77113", "771135", ""])
@pytest.mark.parametrize("end", ["#", ""])
async def test_press__more_digits_after_a_wrong_pin__are_one_try(
    committed: Cast, pin_digits: str, end: str
) -> None:
    issued = await db(give, committed, committed.aline)
    code = issued.code.digits
    phone = await begin(committed, pin_digits=pin_digits)

    # A voucher code is kept for the time after the PIN.
    found = await phone.types(code + end)
    assert (found.kind, found.asks) == ("code", "pin")
    assert found.spoken.endswith(texts.render("phone.pin_needed", "en"))
    assert [each.digits for each in phone.keypad.codes.values()] == [code]

    # Anything else is a wrong PIN, also with the right one at its end.
    found = await phone.types(f"{CODE[:7]}{pin_digits or PIN}{end}")
    assert found.spoken == texts.render("phone.pin_wrong", "en", left=1)

    assert await is_verified(phone) is False
    assert (await db(CallerPinCount.objects.get)).failures == 2
    results = CallEvent.objects.filter(kind="pin").values_list("detail", flat=True)
    assert await db(lambda: [*results]) == [{"result": "wrong"}] * 2


async def test_settle__before_the_pause__answers_nothing(committed: Cast) -> None:
    phone = await begin(committed)
    for digit in WRONG:
        await phone.keypad.press(digit)

    found = await phone.keypad.settle()

    assert (found.kind, found.settles) == ("digit", True)
    # The try counts already.
    assert (await db(PhonePin.objects.get)).failures == 1
    assert (await phone.types("#")).kind == "pin_wrong"
    assert (await db(PhonePin.objects.get)).failures == 1


async def test_press__wrong_pins_one_after_the_other__each_is_a_try(
    committed: Cast,
) -> None:
    phone = await begin(committed)

    found = [await phone.types(keys) for keys in ("295173*", "295173*", "295173")]

    assert [each.kind for each in found] == ["ignored", "ignored", "pin_locked"]


async def test_press__pause_within_an_entry__begins_again(committed: Cast) -> None:
    phone = await begin(committed)
    await phone.types("12")
    phone.hands.at += keypad.ENTRY_PAUSE_S + 0.1

    assert (await phone.types(PIN)).kind == "pin_ok"


async def test_press__three__goes_through_the_languages(committed: Cast) -> None:
    phone = await begin(committed)

    found = []
    for _ in range(5):
        phone.hands.at += 20
        found.append(await phone.types("3"))

    assert [each.language for each in found] == ["fr", "rw", "sw", "en", "fr"]
    assert found[0].spoken == texts.render("phone.language", "fr")
    assert (await db(lambda: phone.call)).language == "fr"


async def test_press__three_then_digits_at_once__was_no_change_of_language(
    committed: Cast,
) -> None:
    phone = await begin(committed, pin_digits="3391")

    found = await phone.types("3391")

    assert found.kind == "pin_ok"
    assert (await db(lambda: phone.call)).language == "en"


async def test_press__three_then_digits_later__was_the_language(
    committed: Cast,
) -> None:
    phone = await begin(committed)
    await phone.types("3")
    phone.hands.at += keypad.FIRST_DIGIT_S + 1

    found = await phone.types(PIN)

    assert found.kind == "pin_ok"
    assert (await db(lambda: phone.call)).language == "fr"


@pytest.mark.parametrize("key", "04567890*#AB")
async def test_press__question_waits__other_keys_do_nothing(
    committed: Cast, key: str
) -> None:
    phone = await begin(committed, "diane")
    await db(phone.verify)
    await db(
        phone.asks, "create_voucher", customer_msisdn="+250788100002", amount=5_000
    )

    found = await phone.types(key)

    assert found.kind == "ignored"
    assert await db(lambda: phone.question) is not None


async def test_press__question_waits__three_changes_the_language_and_keeps_it(
    committed: Cast,
) -> None:
    phone = await begin(committed, "diane")
    await db(phone.verify)
    await db(
        phone.asks, "create_voucher", customer_msisdn="+250788100002", amount=5_000
    )

    found = await phone.types("3")

    assert (found.kind, found.language, found.asks) == ("language", "fr", "confirm")
    assert (await phone.types("1")).kind == "confirm_yes"


async def test_press__question_has_expired__changes_nothing(
    committed: Cast, time_machine: Any
) -> None:
    from datetime import timedelta

    from django.utils import timezone

    phone = await begin(committed, "diane")
    await db(phone.verify)
    await db(
        phone.asks, "create_voucher", customer_msisdn="+250788100002", amount=5_000
    )
    time_machine.move_to(timezone.now() + timedelta(minutes=10))

    assert (await phone.types("1")).kind != "confirm_yes"


async def test_press__code__is_a_placeholder_for_the_model(committed: Cast) -> None:
    issued = await db(give, committed, committed.bosco)
    phone = await begin(committed, "claudine")
    await db(phone.verify)
    digits = issued.code.digits

    found = await phone.types(digits)

    assert found.kind == "code"
    assert "[code 1]" in found.note
    assert digits[:4] not in found.note + found.spoken + repr(phone.keypad)
    asked = await db(phone.asks, "redeem_voucher", voucher="[code 1]")
    assert asked.asks == "confirm"
    assert (await phone.types("1")).result.payload["status"] == "redeemed"


@pytest.mark.parametrize("keys", ["1234#", "1234567812345678", "12*34#"])
async def test_press__no_code__is_asked_again(committed: Cast, keys: str) -> None:
    phone = await begin(committed, "claudine")
    await db(phone.verify)

    found = await phone.types(keys)

    assert (found.kind, found.asks) == ("code_wrong", "code")
    assert phone.keypad.codes == {}


async def test_press__both_at_once__keep_their_order(committed: Cast) -> None:
    import asyncio

    phone = await begin(committed)

    await asyncio.gather(*(phone.keypad.press(digit) for digit in PIN))
    phone.hands.at += keypad.SETTLES_AFTER_S
    await phone.keypad.settle()

    assert await is_verified(phone)


async def test_press__timeline__says_that_and_not_which(committed: Cast) -> None:
    phone = await begin(committed)
    await phone.types(WRONG)
    await phone.types(PIN)

    rows = await db(lambda: list(CallEvent.objects.values_list("kind", "detail")))

    assert [detail for kind, detail in rows if kind == "pin"] == [
        {"result": "wrong"},
        {"result": "right"},
    ]


# Races.


def _enter(phone: Phone, digits: str) -> Any:
    return keypad._check_pin(phone.ref, SecretDigits(digits))


def test_check__two_calls_of_one_person_wrong_at_once__three_in_all(
    committed: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[int] = []
    is_right = pin._is_right

    def counted(*args: Any) -> bool:
        compared.append(1)
        return is_right(*args)

    monkeypatch.setattr(pin, "_is_right", counted)
    phones = [calls(committed.aline), calls(committed.aline)]

    found = race(*[lambda p=phones[n % 2]: _enter(p, WRONG) for n in range(12)])

    assert len(compared) == 3
    assert [each.kind for each in found].count("pin_wrong") == 2
    assert PhonePin.objects.get().locks == 1


def test_check__right_in_one_call__does_not_verify_the_other(committed: Cast) -> None:
    one, other = calls(committed.aline), calls(committed.aline)

    race(lambda: _enter(one, PIN), lambda: _enter(other, WRONG))

    assert recording.is_verified(one.ref) is True
    assert recording.is_verified(other.ref) is False
    assert Call.objects.filter(verified_by="pin").count() == 1
