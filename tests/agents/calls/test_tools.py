"""Tools of a call: the rows and rules of chat, behind the PIN, confirmed by a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError

from agents.calls import tools
from agents.content.document import BUILT_IN
from agents.core.errors import LeaseLost
from agents.language import speech, texts
from agents.llm.model import ToolRequest
from agents.models import Announcement, Conversation, PendingAction, ToolCall
from agents.tools import registry
from agents.tools.authority import GENERAL
from rollout.core.features import Feature
from rollout.flags.flags import set_features
from tests.agents.calls.phone import Phone, calls, give
from tests.undone import undone
from vouchers.models import Voucher, VoucherEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.agents.cast import Cast

EVERYTHING: dict[str, Any] = {
    "customer_msisdn": "+250788100002",
    "amount": 5_000,
    "voucher": None,
    "station": "Kimironko",
    "reason": "a mistake",
}
# The roles, the changes that each may make on the phone, and their arguments.
CHANGES: dict[tuple[str, str], tuple[str, str]] = {
    ("aline", "redeem_voucher"): ("redeemed", "aline"),
    ("diane", "create_voucher"): ("issued", "bosco"),
    ("diane", "redeem_voucher"): ("redeemed", "bosco"),
    ("diane", "void_voucher"): ("voided", "bosco"),
    ("claudine", "redeem_voucher"): ("redeemed", "bosco"),
}


def ask(phone: Phone, cast: Cast, tool: str, owner: str) -> tools.ToolOutcome:
    """Let the model ask for a change of a voucher that exists for it."""
    arguments = dict(EVERYTHING)
    if tool != "create_voucher":
        issued = give(cast, getattr(cast, owner))
        arguments["voucher"] = issued.voucher.reference
        if phone.person is cast.claudine:
            assert issued.code is not None
            phone.keypad.codes[1] = issued.code
            arguments["voucher"] = "[code 1]"
    wanted = registry.BY_NAME[tool].parameters["properties"]
    return phone.asks(tool, **{k: v for k, v in arguments.items() if k in wanted})


def effects(kind: str) -> int:
    return VoucherEvent.objects.filter(channel="voice", kind=kind).count()


@pytest.mark.parametrize("person", ["aline", "diane", "claudine"])
def test_perform__before_the_pin__needs_it_and_reads_nothing(
    cast: Cast, person: str
) -> None:
    give(cast, cast.aline)
    for tool in (t.name for t in registry.TOOLS if t.name not in GENERAL):
        with undone():
            phone = calls(getattr(cast, person))

            found = ask(phone, cast, tool, "bosco")

            assert found.payload["code"] == "pin_needed", tool
            assert found.asks == "pin"
            assert found.spoken == texts.render("phone.pin_needed", "en")
            assert not PendingAction.objects.exists(), tool
            row = ToolCall.objects.get()
            assert (row.status, row.code) == ("refused", "pin_needed"), tool
            assert phone.written == []


@pytest.mark.parametrize(("person", "tool"), CHANGES)
def test_perform__change__is_a_question_with_amount_and_digits_in_each_language(
    cast: Cast, person: str, tool: str
) -> None:
    for language in texts.LANGUAGES:
        with undone():
            check_question(cast, person, tool, language)


def check_question(cast: Cast, person: str, tool: str, language: str) -> None:
    kind, owner = CHANGES[person, tool]
    phone = calls(getattr(cast, person)).verify()
    Conversation.objects.update(language=language)
    type(phone.call).objects.update(language=language)

    found = ask(phone, cast, tool, owner)

    assert found.asks == "confirm"
    assert "5,000" in found.spoken.replace("\u202f", ",").replace(" ", ","), language
    assert found.spoken.endswith(texts.render("phone.press", language))
    if person != "aline":
        assert "0 0 0 2" in found.spoken
    # Nothing that cannot be said, and no button that is not there.
    assert not set(found.spoken) & set("*_{}✅⏳🎁\n")
    last_line = texts.TEXTS[language]["confirm.redeem"].rpartition("\n")[2]
    assert last_line not in found.spoken
    assert effects(kind) == 0


@pytest.mark.parametrize(("person", "tool"), CHANGES)
async def test_confirm__one__executes_once_with_receipt(
    committed: Cast, person: str, tool: str
) -> None:
    from easymo.database import units

    def begin() -> Phone:
        phone = calls(getattr(committed, person)).verify()
        assert ask(phone, committed, tool, CHANGES[person, tool][1]).asks == "confirm"
        return phone

    phone = await units.run(begin)
    kind = CHANGES[person, tool][0]

    found = await phone.types("1")
    again = await phone.types("1")

    def look() -> tuple[int, list[str], str]:
        rows = ToolCall.objects.filter(ordinal__gte=1_000)
        return effects(kind), [m.body for m in phone.written], rows.get().status

    count, bodies, status = await units.run(look)
    assert (found.kind, count, status) == ("confirm_yes", 1, "succeeded")
    assert again.kind != "confirm_yes"
    assert len(bodies) == 1
    assert bodies[0].startswith(texts.render("phone.on_whatsapp", "en"))
    assert texts.render("phone.receipt_sent", "en") in found.spoken
    # The code comes in writing only.
    assert "{code:" not in found.spoken + found.note
    assert ("{code:" in bodies[0]) == (tool == "create_voucher")


@pytest.mark.parametrize(("person", "tool"), CHANGES)
def test_confirm__two__changes_nothing(cast: Cast, person: str, tool: str) -> None:
    kind, owner = CHANGES[person, tool]
    phone = calls(getattr(cast, person)).verify()
    ask(phone, cast, tool, owner)

    found = tools.confirm(phone.ref, is_yes=False)

    assert found.payload["code"] == "declined"
    assert effects(kind) == 0
    assert PendingAction.objects.get().status == "declined"
    assert tools.confirm(phone.ref, is_yes=True).payload["code"] == "question_over"
    assert effects(kind) == 0


def test_confirm__issue__tells_the_owner_with_the_receipt(cast: Cast) -> None:
    phone = calls(cast.diane).verify()
    ask(phone, cast, "create_voucher", "bosco")

    tools.confirm(phone.ref, is_yes=True)

    assert Announcement.objects.get().outcome == "told"
    assert cast.bosco.replies[-1].cause.endswith(":issued")


@pytest.mark.parametrize("case", ["window", "stop", "no chat"])
def test_confirm__person_who_cannot_be_written_to__hears_no_promise(
    cast: Cast, case: str
) -> None:
    from agents.identity import consent

    phone = calls(cast.diane).verify()
    ask(phone, cast, "create_voucher", "bosco")
    if case == "stop":
        consent.record_consent(
            profile=cast.diane.profile,
            kind=consent.Kind.STOP,
            source=consent.Source.WORDS,
            cause="tests",
        )
    elif case == "window":
        Conversation.objects.filter(pk=cast.diane.chat.pk).update(window_closes_at=None)
    else:
        Conversation.objects.filter(pk=cast.diane.chat.pk).update(phone_number_id="9")

    found = tools.confirm(phone.ref, is_yes=True)

    assert effects("issued") == 1
    assert phone.written == []
    assert texts.render("phone.receipt_sent", "en") not in found.spoken


OFF = {
    "voice": {Feature.VOICE: False},
    "vouchers": {Feature.VOUCHERS: False},
    "all": dict.fromkeys(Feature, False),
}


@pytest.mark.parametrize("which", OFF)
@pytest.mark.parametrize(("person", "tool"), CHANGES)
def test_confirm__after_a_kill__changes_nothing(
    cast: Cast, person: str, tool: str, which: str
) -> None:
    kind, owner = CHANGES[person, tool]
    phone = calls(getattr(cast, person)).verify()
    ask(phone, cast, tool, owner)
    set_features(OFF[which], actor="tests", reason="tests", source="command")

    found = tools.confirm(phone.ref, is_yes=True)

    assert found.payload["success"] is False
    assert found.payload["code"] == "feature_disabled"
    assert effects(kind) == 0
    set_features(
        dict.fromkeys(Feature, True), actor="tests", reason="tests", source="command"
    )
    # Turning it on again does not revive the question.
    assert tools.confirm(phone.ref, is_yes=True).payload["success"] is False
    assert effects(kind) == 0


def test_confirm__limit_was_reached_meanwhile__is_refused(cast: Cast) -> None:
    phone = calls(cast.diane).verify()
    phone.asks("create_voucher", customer_msisdn="+250788100002", amount=50_000)
    give(cast, cast.bosco, 10_000)
    for _ in range(9):
        give(cast, cast.bosco, 10_000)

    found = tools.confirm(phone.ref, is_yes=True)

    assert found.payload["code"] == "limit_exceeded"
    assert effects("issued") == 0


def test_perform__repeated_call__gives_the_first_answer(cast: Cast) -> None:
    phone = calls(cast.aline).verify()
    request = ToolRequest("call_1", "list_vouchers", "{}")

    found = [
        tools.perform(phone.ref, turn=phone.turn, ordinal=0, request=request).payload
        for _ in range(2)
    ]

    assert found[0] == found[1]
    assert ToolCall.objects.count() == 1


@pytest.mark.parametrize(
    "arguments", ["", "{", "[]", "null", '{"x": 1}', '{"reason": 5}', "{}" * 3_000]
)
@pytest.mark.parametrize("name", ["void_voucher", "list_vouchers", "no_such_tool"])
def test_perform__broken_call__is_refused_and_changes_nothing(
    cast: Cast, name: str, arguments: str
) -> None:
    phone = calls(cast.diane).verify()

    found = tools.perform(
        phone.ref,
        turn=phone.turn,
        ordinal=0,
        request=ToolRequest("call_1", name, arguments),
    )

    assert found.payload["success"] is False
    assert not PendingAction.objects.exists()


def test_perform__second_change_in_a_turn__is_refused(cast: Cast) -> None:
    phone = calls(cast.diane).verify()
    ask(phone, cast, "create_voucher", "bosco")

    assert ask(phone, cast, "create_voucher", "bosco").payload["code"] == "one_change"

    assert PendingAction.objects.count() == 1


def test_perform__defect_in_a_tool__apologises(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = calls(cast.aline).verify()

    def broken(*_args: object, **_more: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(registry, "execute", broken)

    found = phone.asks("list_vouchers")

    assert found.payload["code"] == "failed"
    assert ToolCall.objects.get().status == "failed"


def test_confirm__database_away_for_a_moment__is_tried_again(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = calls(cast.diane).verify()
    ask(phone, cast, "create_voucher", "bosco")
    tries: list[int] = []
    execute = registry.execute

    def once_away(*args: Any, **more: Any) -> Any:
        tries.append(1)
        if len(tries) == 1:
            raise OperationalError("server closed the connection unexpectedly")
        return execute(*args, **more)

    monkeypatch.setattr(registry, "execute", once_away)
    monkeypatch.setattr(tools, "is_transient", lambda error: True)

    assert tools.confirm(phone.ref, is_yes=True).payload["success"] is True
    assert effects("issued") == 1


@pytest.mark.parametrize("what", ["perform", "confirm"])
def test_lease_of_another_worker__writes_nothing(cast: Cast, what: str) -> None:
    import uuid
    from dataclasses import replace

    phone = calls(cast.diane).verify()
    ask(phone, cast, "create_voucher", "bosco")
    phone.ref = replace(phone.ref, token=uuid.uuid4())

    jobs: dict[str, Callable[[], object]] = {
        "perform": lambda: phone.asks("list_vouchers"),
        "confirm": lambda: tools.confirm(phone.ref, is_yes=True),
    }
    with pytest.raises(LeaseLost):
        jobs[what]()

    assert effects("issued") == 0


def test_hand_off__before_and_after_the_pin__transfers_and_opens_no_task(
    cast: Cast,
) -> None:
    phone = calls(cast.aline)

    found = phone.asks("hand_off", reason="asked_for_a_person")

    assert found.transfers is True
    assert found.spoken == texts.render("phone.transfer", "en")
    assert not cast.aline.profile.hand_offs.exists()


def test_offered__everyone__gets_the_same_list() -> None:
    assert [spec.name for spec in tools.offered(BUILT_IN)] == [*registry.BY_NAME]


def test_station_staff__reference_without_a_code__are_asked_for_the_code(
    cast: Cast,
) -> None:
    issued = give(cast, cast.bosco)
    phone = calls(cast.claudine).verify()

    found = phone.asks("redeem_voucher", voucher=issued.voucher.reference)

    assert (found.payload["code"], found.asks) == ("voucher_needed", "code")
    assert found.spoken == texts.render("phone.code_needed", "en")


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize(
    "key", ["create", "create_approval", "redeem", "redeem_for", "void"]
)
def test_question__last_line__is_about_the_buttons(key: str, language: str) -> None:
    """`speech.question` leaves the last line out."""
    last = texts.TEXTS[language][f"confirm.{key}"].rpartition("\n")[2]

    assert "10" in last
    assert "{" not in last
    assert speech.question("Q?\n" + last, language).startswith("Q? ")


def test_voucher_of_another__is_not_found(cast: Cast) -> None:
    issued = give(cast, cast.bosco)
    phone = calls(cast.aline).verify()

    found = phone.asks(
        "redeem_voucher", voucher=issued.voucher.reference, station="Kimironko"
    )

    assert found.payload["code"] == "voucher_not_found"
    assert Voucher.objects.get().status == "issued"
