"""States of a call that cannot be written, whatever the code does."""

from __future__ import annotations

import itertools
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from agents.models import Call, CallClaim, CallEvent, CallUsage
from agents.models.call import ALLOWED
from tests.agents.calls.callers import attached, ended, in_state, ring
from tests.agents.cast import make_cast
from tests.undone import undone

if TYPE_CHECKING:
    from tests.agents.cast import Cast

pytestmark = pytest.mark.django_db

ALINE = "+250788100001"
STATES = [str(state) for state in Call.State]
LEASED = {"accepting", "rejecting", "accepted", "attached"}
ACCEPTED = {"accepted", "attached", "ended"}


@pytest.fixture(autouse=True)
def cast() -> Cast:
    return make_cast()


def refused(call: Call, **changes: Any) -> str:
    """Return the name of the constraint that refuses the change; "" when none does."""
    try:
        with transaction.atomic():
            Call.objects.filter(pk=call.pk).update(**changes)
    except DatabaseError as error:
        return str(error.__cause__.diag.constraint_name)
    return ""


def facts_for(call: Call, state: str) -> dict[str, Any]:
    """Return columns that fit the state, so that only the move itself can be refused."""
    now = timezone.now()
    token = call.lease_token or CallClaim.objects.filter(call=call).last()
    if isinstance(token, CallClaim):
        token = token.token
    leased = state in LEASED
    return {
        "state": state,
        "decided_at": call.decided_at or (None if state == "ringing" else now),
        "lease_token": token if leased else None,
        "lease_expires_at": now if leased else None,
        "reason": "x" if state in {"rejecting", "rejected", "ended"} else "",
        "reject_status": 503 if state in {"rejecting", "rejected"} else None,
        "accepted_at": call.accepted_at or (now if state in ACCEPTED else None),
        "attached_at": call.attached_at or (now if state == "attached" else None),
        "ended_at": now if state in {"rejected", "ended"} else None,
        "outcome": "done" if state == "ended" else "",
    }


@pytest.mark.parametrize(("old", "new"), [*itertools.permutations(STATES, 2)])
def test_state__each_move__only_those_of_the_table(old: str, new: str) -> None:
    call = in_state(old, ALINE)

    found = refused(call, **facts_for(call, new))

    if new in ALLOWED[Call.State(old)]:
        # The move is right; a fact that does not fit the new state may be missing.
        assert found != "call_moves_forward"
    else:
        assert found == "call_moves_forward"
        call.refresh_from_db()
        assert call.state == old


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("leased", [True, False])
def test_lease__state__exactly_working_states_have_one(
    state: str, *, leased: bool
) -> None:
    call = in_state(state, ALINE)
    claim = CallClaim.objects.filter(call=call).last()
    token = claim.token if claim else None
    if leased and token is None:
        pytest.skip("a ringing call has no claim to lease it with")
    changes = {
        "lease_token": token if leased else None,
        "lease_expires_at": timezone.now() if leased else None,
    }

    found = refused(call, **changes)

    assert found == ("" if leased == (state in LEASED) else "call_lease_matches_state")


# A change, and the states that it fits.
CHANGES: list[tuple[dict[str, Any], set[str]]] = [
    ({"reason": ""}, {"ringing", "accepting", "accepted", "attached"}),
    ({"reason": "why"}, {"rejecting"}),
    ({"reject_status": None}, {*STATES} - {"rejecting", "rejected"}),
    ({"reject_status": 486}, set()),
    ({"ended_at": None}, {*STATES} - {"rejected", "ended"}),
    ({"outcome": ""}, {*STATES} - {"ended"}),
    ({"outcome": "done"}, {"ended"}),
    ({"profile": None, "conversation": None}, {"ringing"}),
    ({"accepted_at": None}, {"ringing", "accepting", "rejecting", "rejected"}),
    ({"attached_at": None}, {*STATES} - {"attached", "ended"}),
    ({"decided_at": None}, {"ringing"}),
    ({"verified_by": "pin"}, set()),
    ({"verified_at": Now(), "verified_by": "voice"}, set()),
    ({"verified_at": Now(), "verified_by": "pin"}, {"accepted", "attached"}),
    ({"cost": -1}, set()),
    ({"call_id": "rtc_other"}, set()),
]


@pytest.mark.parametrize("state", STATES)
def test_row__each_state_and_change__only_what_fits(state: str) -> None:
    call = in_state(state, ALINE)
    before = Call.objects.filter(pk=call.pk).values().get()

    for changes, fits in CHANGES:
        with undone():
            found = refused(call, **changes)

            assert (found == "") == (state in fits), (changes, found)
            if found:
                assert Call.objects.filter(pk=call.pk).values().get() == before


def test_call__inserted_in_another_state__refused() -> None:
    call = ring(ALINE)
    copy = Call(
        call_id="rtc_2",
        event=ring("+250788100002").event,
        correlation_id=uuid.uuid4(),
        received_at=timezone.now(),
        state=Call.State.ENDED,
        reason="x",
        ended_at=timezone.now(),
    )

    with pytest.raises(DatabaseError), transaction.atomic():
        copy.save(force_insert=True)

    assert call.state == "ringing"


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("cause", [str(cause) for cause in CallClaim.Cause])
@pytest.mark.parametrize("is_over", [False, True])
def test_claim__state_and_lease__only_of_a_free_call(
    state: str, cause: str, *, is_over: bool
) -> None:
    call = in_state(state, ALINE)
    if is_over and call.lease_token:
        Call.objects.filter(pk=call.pk).update(
            lease_expires_at=timezone.now() - timedelta(seconds=1)
        )
    first = state == "ringing"
    ordinal = CallClaim.objects.filter(call=call).count() + 1

    try:
        with transaction.atomic():
            CallClaim.objects.create(
                call=call,
                ordinal=ordinal,
                cause=cause,
                token=uuid.uuid4(),
                claimed_at=Now(),
            )
        made = True
    except DatabaseError:
        made = False

    free = first if cause == "webhook" else state in LEASED and is_over
    assert made == free


@pytest.mark.parametrize("cause", ["lost", "handed"])
def test_claim__again_for_the_same_cause__only_hand_overs(cause: str) -> None:
    ref = attached(ALINE)
    made = 0
    for ordinal in (2, 3):
        Call.objects.filter(pk=ref.pk).update(lease_expires_at=timezone.now())
        try:
            with transaction.atomic():
                CallClaim.objects.create(
                    call_id=ref.pk,
                    ordinal=ordinal,
                    cause=cause,
                    token=uuid.uuid4(),
                    claimed_at=Now(),
                )
            made += 1
        except DatabaseError:
            pass

    assert made == (1 if cause == "lost" else 2)


def test_lease__token_that_nobody_claimed__refused() -> None:
    ref = attached(ALINE)

    found = refused(Call.objects.get(pk=ref.pk), lease_token=uuid.uuid4())

    assert found == "call_lease_was_claimed"


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE agents_callevent SET detail = '{\"a\": 1}'",
        "UPDATE agents_callevent SET at = now()",
        "DELETE FROM agents_callevent",
        "TRUNCATE agents_callevent",
        "UPDATE agents_callclaim SET ordinal = 9",
        "UPDATE agents_callclaim SET token = gen_random_uuid()",
        "DELETE FROM agents_callclaim",
        "TRUNCATE agents_callclaim",
    ],
)
def test_records__changed_or_deleted__refused(sql: str) -> None:
    ended(ALINE)

    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)

    assert CallEvent.objects.count() > 3


def test_event__words__can_be_blanked_only() -> None:
    ref = attached(ALINE)
    CallEvent.objects.create(
        call_id=ref.pk, kind="heard", at=timezone.now(), text="good morning"
    )
    heard = CallEvent.objects.filter(kind="heard")

    assert heard.update(text="") == 1
    with pytest.raises(DatabaseError), transaction.atomic():
        heard.update(text="good evening")


def test_usage__same_response_twice__counted_once() -> None:
    ref = attached(ALINE)
    row = {"call_id": ref.pk, "kind": "response", "provider_id": "resp_1", "model": "m"}
    CallUsage.objects.create(**row, counted_cost=1, at=timezone.now())

    with pytest.raises(DatabaseError), transaction.atomic():
        CallUsage.objects.create(**row, counted_cost=1, at=timezone.now())
