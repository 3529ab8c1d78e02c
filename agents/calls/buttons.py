"""The buttons in WhatsApp that replace the keypad.

A caller who presses no key within eight seconds is offered a button: to prove who they
are, or to answer the question about a change. `look` tells what was pressed meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from agents.calls import tools, whatsapp_copy
from agents.calls.keypad import KeyOutcome, Keypad
from agents.calls.reasons import EndReason
from agents.core.errors import LeaseLost
from agents.identity import calling
from agents.language.choice import DEFAULT, language_of
from agents.language.texts import render
from agents.models import Call
from agents.turns.claim import CALLING, CONFIRM, DECLINE, NOT_CALLING
from agents.turns.reply import display_of

if TYPE_CHECKING:
    from agents.calls.reference import CallRef
    from agents.models import PendingAction
    from vouchers.models import Profile


def offer(ref: CallRef) -> str:
    """Send the button that is needed now; return what to say, the same for everyone.
    The words do not tell whether a message was sent.
    """
    with transaction.atomic():
        call = _locked(ref)
        question = tools.waiting_question(ref)
        if call.verified_at is None:
            _ask_who_calls(ref, call)
            said = "phone.button_sent"
        elif question is not None:
            _ask_about_change(ref, call, question)
            said = "phone.question_sent"
        else:
            return ""
    return render(said, call.language or DEFAULT)


def _ask_who_calls(ref: CallRef, call: Call) -> None:
    """Ask once in ten minutes, whatever the number of calls."""
    profile = call.profile
    if profile is None:
        return
    _lock(profile)
    chat = whatsapp_copy.chat_of(profile)
    if chat is None or calling.was_asked_recently(profile):
        return
    language = language_of(chat)
    since = timezone.localtime(call.received_at)
    whatsapp_copy.send(
        ref,
        profile,
        about="identify",
        body=render("phone.identify", language, time=f"{since:%H:%M}"),
        language=language,
        buttons=(
            (f"{CALLING}{call.public_id}", render("button.calling", language)),
            (f"{NOT_CALLING}{call.public_id}", render("button.not_calling", language)),
        ),
    )
    calling.note(call.pk, calling.ASKED)


def _ask_about_change(ref: CallRef, call: Call, question: PendingAction) -> None:
    """Send the question that waits for a key, with its buttons, once."""
    if call.profile is None:
        return
    language = call.language or DEFAULT
    whatsapp_copy.send(
        ref,
        call.profile,
        about=f"question:{question.pk}",
        body=display_of(question.tool_call),
        language=language,
        buttons=(
            (f"{CONFIRM}{question.public_id}", render("button.confirm", language)),
            (f"{DECLINE}{question.public_id}", render("button.cancel", language)),
        ),
    )


class Watch:
    """What was pressed in WhatsApp during one call; each press is returned once."""

    def __init__(self, ref: CallRef, keypad: Keypad) -> None:
        self._ref = ref
        self._keypad = keypad
        self._is_verified = False
        self._question: int | None = None

    def look(self) -> KeyOutcome | None:
        """Return what was pressed since the last look, if anything."""
        call = _call(self._ref)
        language = call.language or DEFAULT
        if calling.has_step(call.pk, calling.DENIED):
            spoken = render("phone.goodbye", language)
            return KeyOutcome("pin_locked", spoken, ends=EndReason.CALLER_DENIED)
        if call.verified_at is not None and not self._is_verified:
            self._is_verified = True
            if call.verified_by == "whatsapp":
                return KeyOutcome(
                    "pin_ok",
                    render("phone.pin_right", language),
                    note="The caller is verified now: go on with what they asked for.",
                )
        return self._about_question()

    def _about_question(self) -> KeyOutcome | None:
        waiting = tools.waiting_question(self._ref)
        before, self._question = self._question, waiting.pk if waiting else None
        if before in {None, self._question} or before in self._keypad.answered:
            return None
        assert before is not None
        result = tools.decided_on_whatsapp(self._ref, before)
        if result is None:
            return None
        is_yes = result.payload.get("code") != "declined"
        return KeyOutcome(
            "confirm_yes" if is_yes else "confirm_no",
            result.spoken or str(result.payload.get("display", "")),
            note=result.output,
            result=result,
        )


def _lock(profile: Profile) -> None:
    """Let two calls of one person ask one after the other."""
    type(profile).objects.select_for_update(no_key=True).get(pk=profile.pk)


def _call(ref: CallRef) -> Call:
    found = Call.objects.filter(pk=ref.pk, lease_token=ref.token).first()
    if found is None:
        raise LeaseLost
    return found


def _locked(ref: CallRef) -> Call:
    rows = Call.objects.select_related("profile").filter(lease_token=ref.token)
    found = rows.filter(pk=ref.pk).first()
    if found is None:
        raise LeaseLost
    return found
