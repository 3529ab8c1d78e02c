"""The keypad of a call: the PIN, a voucher code, yes or no, and the language.

Digits stay in this module: they are held as `SecretDigits` or `Code`, whose text form is
always the same, and reach neither the model, the timeline nor a log. Each press counts:
two presses of one key are two digits.

What a key means follows from the rows: before the caller is verified digits are the PIN;
while a question waits, 1 is yes and 2 is no; otherwise digits are a voucher code. A 3 at
the beginning changes the language, unless the PIN or a code was asked for. When further
digits follow at once, it was the first digit of an entry, and the language goes back.

A PIN ends with the hash key or with its last digit: then it is checked and counted. A
right one verifies the caller at once. After a wrong one further digits belong to the same
entry, which may be a voucher code: it is one try, and answered after a pause.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from django.db import transaction

from agents.calls import recording, tools
from agents.calls.reasons import EndReason
from agents.calls.timers import EARLY_S
from agents.core.clock import Clock, MonotonicClock
from agents.core.errors import LeaseLost
from agents.core.secret_digits import SecretDigits
from agents.identity import calling, pin
from agents.language.choice import DEFAULT
from agents.language.texts import LANGUAGES, render
from agents.models import Call, CallEvent, ToolCall
from agents.tools.registry import PIN_NEEDED
from easymo.database import units
from vouchers.codes import LENGTH, Code, InvalidCode, parse_code

if TYPE_CHECKING:
    from agents.calls.reference import CallRef
    from agents.calls.tools import Asks, ToolOutcome

type Kind = Literal[
    "ignored",
    "digit",
    "pin_ok",
    "pin_wrong",
    "pin_locked",
    "confirm_yes",
    "confirm_no",
    "language",
    "code",
    "code_wrong",
]
type Mode = Literal["pin", "confirm", "code"]
# After a pause of this length a new entry begins.
ENTRY_PAUSE_S = 15.0
# An entry of a PIN's length ends after this time without a further key.
SETTLES_AFTER_S = 2.5
# More digits are not kept.
MOST_DIGITS = 32
# A 3 that is followed by a digit within this time was no change of the language.
FIRST_DIGIT_S = 4.0
DIGITS = frozenset("0123456789")
YES, NO, LANGUAGE, END, AGAIN = "1", "2", "3", "#", "*"


@dataclass(frozen=True, slots=True)
class KeyOutcome:
    """What a press meant; it never says which key it was."""

    kind: Kind = "ignored"
    # Said word for word.
    spoken: str = ""
    # What the model is told before it goes on.
    note: str = ""
    # The language from here on.
    language: str = ""
    # What the keypad is waited for now.
    asks: Asks = ""
    # The entry may be complete: `settle` ends it after a pause.
    settles: bool = False
    ends: EndReason | None = None
    # Of a confirmed change.
    result: ToolOutcome | None = field(default=None, repr=False)


IGNORED = KeyOutcome()


@dataclass(frozen=True, slots=True)
class Expected:
    """What a key means now, read from the rows."""

    mode: Mode
    language: str
    # The agent has asked for exactly this entry.
    was_asked: bool = False
    # The digits that complete the entry.
    length: int = LENGTH


class Keypad:
    """One call's keypad. `codes` are the codes that were entered, by their number."""

    def __init__(self, ref: CallRef, clock: Clock | None = None) -> None:
        self._ref = ref
        self._clock = clock or MonotonicClock()
        self._lock = asyncio.Lock()
        self._entry = SecretDigits()
        self._expected: Expected | None = None
        self._pressed_at = 0.0
        # The language before a 3 that may have been a digit.
        self._language_before = ""
        # The answer to an entry whose first digits were a wrong PIN.
        self._wrong: KeyOutcome | None = None
        self.codes: dict[int, Code] = {}
        # Questions that were answered by a key.
        self.answered: set[int] = set()

    def __repr__(self) -> str:
        return f"<Keypad of call {self._ref.pk}>"

    async def press(self, digit: str) -> KeyOutcome:
        """Take one press; presses are handled in their order."""
        key = SecretDigits(digit)
        # A traceback shows the variables of its frames.
        del digit
        async with self._lock:
            return await self._take(key)

    async def settle(self) -> KeyOutcome:
        """End an entry that was followed by a pause."""
        async with self._lock:
            expected, paused = self._expected, self._clock.now() - self._pressed_at
            if expected is None or not _is_long_enough(self._entry, expected):
                return IGNORED
            if paused < SETTLES_AFTER_S - EARLY_S:
                return KeyOutcome("digit", asks="pin", settles=True)
            return await self._complete(expected)

    async def _take(self, key: SecretDigits) -> KeyOutcome:
        now = self._clock.now()
        if now - self._pressed_at > ENTRY_PAUSE_S:
            self._clear()
        paused = now - self._pressed_at
        self._pressed_at = now
        if key.reveal() == AGAIN:
            self._clear()
            return IGNORED
        if not self._entry:
            self._expected = await units.run(_expected, self._ref)
        expected = self._expected
        assert expected is not None
        if expected.mode == "confirm":
            return await self._answer(key, expected)
        if key.reveal() == END:
            return await self._complete(expected) if self._entry else IGNORED
        if key.reveal() not in DIGITS:
            return IGNORED
        return await self._add(key, expected, paused)

    async def _add(
        self, key: SecretDigits, expected: Expected, paused: float
    ) -> KeyOutcome:
        if not self._entry and key.reveal() == LANGUAGE and not expected.was_asked:
            self._entry, self._language_before = key, expected.language
            return await self._next_language(expected)
        language = ""
        if self._language_before:
            before, self._language_before = self._language_before, ""
            if paused > FIRST_DIGIT_S:
                self._entry = SecretDigits()
            else:
                # The 3 was the first digit of an entry.
                await units.run(recording.language, self._ref, before, by="key")
                language = before
        if len(self._entry) < MOST_DIGITS:
            self._entry += key
        if len(self._entry) == expected.length:
            if expected.mode == "code":
                return await self._complete(expected)
            found = await units.run(_check_pin, self._ref, self._entry)
            if found.kind != "pin_wrong":
                self._clear()
                return found
            self._wrong = found
        return KeyOutcome(
            "digit",
            language=language,
            asks=_asked(expected),
            settles=_is_long_enough(self._entry, expected),
        )

    async def _next_language(self, expected: Expected) -> KeyOutcome:
        """Change to the next language; a question that waits is asked again in it."""
        place = LANGUAGES.index(expected.language)
        language = LANGUAGES[(place + 1) % len(LANGUAGES)]
        await units.run(recording.language, self._ref, language, by="key")
        return KeyOutcome(
            "language",
            render("phone.language", language),
            language=language,
            asks="confirm" if expected.mode == "confirm" else "",
        )

    async def _answer(self, key: SecretDigits, expected: Expected) -> KeyOutcome:
        if key.reveal() == LANGUAGE:
            return await self._next_language(expected)
        if key.reveal() not in {YES, NO}:
            return IGNORED
        is_yes = key.reveal() == YES
        result = await units.run(tools.confirm, self._ref, is_yes=is_yes)
        if result.question is not None:
            self.answered.add(result.question)
        return KeyOutcome(
            "confirm_yes" if is_yes else "confirm_no",
            result.spoken or str(result.payload.get("display", "")),
            note=result.output,
            result=result,
        )

    async def _complete(self, expected: Expected) -> KeyOutcome:
        entered, wrong = self._entry, self._wrong
        self._clear()
        if expected.mode == "code":
            return self._take_code(entered, expected.language)
        if wrong is None:
            return await units.run(_check_pin, self._ref, entered)
        # A code that comes before the PIN is kept.
        taken = self._take_code(entered, expected.language)
        if taken.kind != "code":
            return wrong
        spoken = f"{taken.spoken} {render('phone.pin_needed', expected.language)}"
        return replace(taken, spoken=spoken, asks="pin")

    def _take_code(self, entered: SecretDigits, language: str) -> KeyOutcome:
        code = _read_code(entered)
        if code is None:
            spoken = render("phone.code_wrong", language)
            return KeyOutcome("code_wrong", spoken, asks="code")
        number = len(self.codes) + 1
        self.codes[number] = code
        return KeyOutcome(
            "code",
            render("phone.code_entered", language),
            note=f"The caller entered a voucher code on the keypad: [code {number}].",
        )

    def _clear(self) -> None:
        self._entry, self._language_before = SecretDigits(), ""
        self._wrong = None


def _read_code(entered: SecretDigits) -> Code | None:
    try:
        return parse_code(entered.reveal())
    except InvalidCode:
        # Its message may quote what was entered.
        return None


def _is_long_enough(entry: SecretDigits, expected: Expected) -> bool:
    return expected.mode == "pin" and len(entry) >= expected.length


def _asked(expected: Expected) -> Asks:
    return "pin" if expected.mode == "pin" else "code"


def _expected(ref: CallRef) -> Expected:
    """Read what a key means now. Raises LeaseLost when another worker has the call."""
    call = _call(ref)
    language = call.language if call.language in LANGUAGES else DEFAULT
    if call.verified_at is None:
        length = pin.length_of(call.profile)
        return Expected("pin", language, _was_asked(ref, PIN_NEEDED), length)
    if tools.waiting_question(ref) is not None:
        return Expected("confirm", language)
    return Expected("code", language, _was_asked(ref, "voucher_needed"))


def _was_asked(ref: CallRef, code: str) -> bool:
    """Tell whether the newest tool call of the call asked for this entry."""
    rows = ToolCall.objects.filter(turn__conversation=ref.conversation_id)
    return rows.order_by("-id").values_list("code", flat=True).first() == code


def _call(ref: CallRef) -> Call:
    found = (
        Call.objects.select_related("profile")
        .filter(pk=ref.pk, lease_token=ref.token)
        .first()
    )
    if found is None:
        raise LeaseLost
    return found


def _check_pin(ref: CallRef, entered: SecretDigits) -> KeyOutcome:
    """Check an entry and record the result, in one transaction."""
    with transaction.atomic():
        call = _call(ref)
        found = pin.check_pin(
            profile=call.profile,
            caller=bytes(call.caller_hmac) if call.caller_hmac else None,
            entered=entered,
        )
        if found.verdict == pin.Verdict.RIGHT and calling.has_step(
            call.pk, calling.DENIED
        ):
            # The person answered on WhatsApp that the caller is another person.
            return _denied(call.language or DEFAULT)
        if found.verdict == pin.Verdict.RIGHT:
            recording.verified(ref, by="pin")
        recording.event(ref, CallEvent.Kind.PIN, result=str(found.verdict))
    language = call.language or DEFAULT
    if found.verdict == pin.Verdict.RIGHT:
        return KeyOutcome(
            "pin_ok",
            render("phone.pin_right", language),
            note="The caller is verified now: go on with what they asked for.",
        )
    if found.verdict == pin.Verdict.WRONG:
        spoken = render("phone.pin_wrong", language, left=found.tries_left)
        return KeyOutcome("pin_wrong", spoken, asks="pin")
    spoken = render("phone.pin_locked", language, minutes=found.minutes)
    return KeyOutcome("pin_locked", spoken, ends=EndReason.PIN_LOCKED)


def _denied(language: str) -> KeyOutcome:
    spoken = render("phone.goodbye", language)
    return KeyOutcome("pin_locked", spoken, ends=EndReason.CALLER_DENIED)
