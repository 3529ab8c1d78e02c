from __future__ import annotations

import pytest

from agents.offline.undo import asks_to_undo
from agents.tools.explanation import explain
from vouchers.models import Profile

REFERENCE = "V5-ABCD-EF"
# Each line, and the reason that it tells.
REQUESTS = {
    "undo {v}": None,
    "Undo: {v}.": None,
    "please undo voucher {v}": None,
    "hello, undo the redemption of {v} please": None,
    "undo {v}, wrong voucher": "wrong voucher",
    "undo {v} no fuel left": "no fuel left",
    "reverse {v} because he wanted another one": "he wanted another one",
    "take back {v} - pump 3 is broken": "pump 3 is broken",
    "cancel the redemption of {v}": None,
    "annuler {v}": None,
    "svp annulez l'utilisation de {v}, mauvais client": "mauvais client",
    "défaire {v} parce que pompe vide": "pompe vide",
    "subiza inyuma {v}": None,
    "nyamuneka garura voucher {v} kuko nibeshye": "nibeshye",
    "tengua {v}": None,
    "tafadhali rudisha {v}, kosa": "kosa",
}
WITHOUT_VALUE = (
    *("undo", "undo please", "undo the last redemption", "reverse the last redemption"),
    *("annuler le dernier encaissement", "subiza inyuma", "tengua", "undo it"),
)
NO_REQUESTS = (
    *("undo {v}?", "should i undo {v}", "can we undo {v}?", "why undo {v}"),
    *("don't undo {v}", "do not undo {v}", "never undo {v}", "no undo {v}"),
    *("ne pas annuler {v}", "n'annulez pas {v}", "ntusubize inyuma {v}"),
    *("usitengue {v}", "undo {v} not", "undo {v} no", "undo {v} wait"),
    *("he said undo {v}", '"undo {v}"', "« annuler {v} »", "> undo {v}"),
    *("if he comes back undo {v}", "undo {v} if he comes back", "undo {v} tomorrow"),
    *("undo {v} or not", "undo {v} maybe", "i did undo {v}", "i undid {v}"),
    *("redeem {v}", "redeem {v} undo", "undo {v} then redeem V6-ABCD-EF"),
    *("the manager will undo {v}", "undo the stop", "annuler", "garura", "rudisha"),
    *("reverse", "take back", "undo my order of fuel", "undo 5000 for 0788123456"),
    *("annulé {v}", "tumerudisha {v}", "hello {v}", "{v}"),
)


def of(line: str) -> str:
    return line.format(v=REFERENCE)


def test_undo__plain_request__names_the_voucher_and_the_reason() -> None:
    read = {line: asks_to_undo(of(line)) for line in REQUESTS}

    assert {line: undo and undo.reason for line, undo in read.items()} == REQUESTS
    assert {undo and undo.slots.voucher for undo in read.values()} == {REFERENCE}


def test_undo__code_in_place_of_a_reference__is_the_same_request() -> None:
    missing = [
        line
        for line in REQUESTS
        if not (undo := asks_to_undo(line.format(v="[code 1]")))
        or undo.slots.voucher != "[code 1]"
    ]

    assert missing == []


def test_undo__last_redemption_without_its_name__is_a_request() -> None:
    assert [line for line in WITHOUT_VALUE if asks_to_undo(line) is None] == []


def test_undo__negation_question_quotation_condition_or_other_request__is_none() -> (
    None
):
    assert [line for line in NO_REQUESTS if asks_to_undo(of(line))] == []


@pytest.mark.parametrize("role", [role.value for role in Profile.Role])
def test_undo__by_role__only_station_staff_are_asked(role: str) -> None:
    lines = [of(line) for line in REQUESTS if REQUESTS[line]]

    outcomes = {explain(line, role=role)["outcome"] for line in lines}

    replies = {explain(line, role=role)["reply"].splitlines()[0] for line in lines}
    taken_back = {reply for reply in replies if REFERENCE in reply and "8" in reply}
    assert (outcomes == {"button"}) == (role == "station"), taken_back


def test_void_at_a_station__any_wording__is_refused_and_says_how_to_undo() -> None:
    shown = explain(f"void {REFERENCE}, wrong amount", role="station")

    assert (shown["intent"], shown["outcome"]) == ("void_voucher", "refuses")
    assert "*undo*" in shown["reply"]
