"""Everything that the owner of the database can do to vouchers is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.vouchers.audit import owner
from tests.vouchers.audit.owner import edit, named
from vouchers.audit import checkpoint, comparison, leaves
from vouchers.audit.verify import verify, verify_one
from vouchers.models import CheckpointPage, Voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.vouchers.audit.owner import Attack

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("is_checkpointed_again", [False, True])
@pytest.mark.parametrize("do", owner.ATTACKS, ids=lambda do: do.__name__)
def test_verify__changed_after_a_checkpoint__names_the_voucher(
    issue: Callable[[], Voucher],
    spend: Callable[[Voucher], Voucher],
    do: Attack,
    is_checkpointed_again: bool,
) -> None:
    # Given
    other, victim = issue(), spend(issue())
    checkpoint.write()
    assert verify().broken == []

    # When
    wanted = owner.attack(do, victim, other)
    if is_checkpointed_again:
        # The worker writes its next checkpoint before anyone looks.
        issue()
        checkpoint.write()

    # Then
    expected = {wanted, str(other.public_id)} if do is owner.swap_events else {wanted}
    assert named() == expected
    if found := Voucher.objects.filter(public_id=wanted).first():
        assert verify_one(voucher=found) != []


@pytest.mark.parametrize("do", owner.SEALED, ids=lambda do: do.__name__)
def test_verify__changed_before_a_checkpoint_covers_it__names_the_voucher(
    issue: Callable[[], Voucher], spend: Callable[[Voucher], Voucher], do: Attack
) -> None:
    # Given
    issue()
    checkpoint.write()
    other, victim = issue(), spend(issue())
    assert verify().broken == []

    # When
    wanted = owner.attack(do, victim, other)

    # Then
    assert wanted in named()
    checkpoint.write()
    assert wanted in named()


@pytest.mark.parametrize(
    "do",
    [owner.unredeem, owner.raise_amount, owner.remove, owner.forge, owner.append],
    ids=lambda do: do.__name__,
)
def test_verify__chain_and_row_alone__control_finds_nothing(
    issue: Callable[[], Voucher],
    spend: Callable[[Voucher], Voucher],
    do: Attack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    other, victim = issue(), spend(issue())
    checkpoint.write()
    owner.attack(do, victim, other)

    # When
    monkeypatch.setattr(comparison, "_seal_fault", lambda *_: None)
    monkeypatch.setattr("vouchers.audit.verify.rows.pages", lambda *_: iter(()))

    # Then
    assert named() == set()


@pytest.mark.parametrize("is_covered", [False, True])
def test_verify__step_after_the_checkpoint__is_no_fault(
    issue: Callable[[], Voucher], spend: Callable[[Voucher], Voucher], is_covered: bool
) -> None:
    voucher = issue()
    checkpoint.write()
    spend(voucher)
    if is_covered:
        checkpoint.write()
    issue()
    assert verify().broken == []


@pytest.mark.parametrize("is_covered", [False, True])
@pytest.mark.parametrize("is_voucher_removed", [False, True])
def test_verify__event_removed_without_its_seal__names_the_voucher(
    issue: Callable[[], Voucher],
    spend: Callable[[Voucher], Voucher],
    is_voucher_removed: bool,
    is_covered: bool,
) -> None:
    """Found even where no checkpoint recorded the voucher."""
    # Given
    voucher = spend(issue())
    if is_covered:
        checkpoint.write()

    # When
    if is_voucher_removed:
        edit(f"DELETE FROM voucher_event WHERE voucher_id = {voucher.pk}")
        edit(f"DELETE FROM voucher_envelope WHERE voucher_id = {voucher.pk}")
        edit(f"DELETE FROM vouchers WHERE id = {voucher.pk}")
    else:
        edit(f"DELETE FROM voucher_event WHERE voucher_id = {voucher.pk} AND seq = 3")
        edit(
            "UPDATE vouchers SET status = 'issued', redeemed_at = NULL,"
            f" station_id = NULL, seq = 2 WHERE id = {voucher.pk}"
        )

    # Then
    is_named = is_covered or not is_voucher_removed
    assert named() == {str(voucher.public_id) if is_named else f"#{voucher.pk}"}


def test_verify__record_changed_with_the_voucher__names_it(
    issue: Callable[[], Voucher], spend: Callable[[Voucher], Voucher]
) -> None:
    """The owner writes the record of the checkpoint again too, without the key."""
    # Given
    other, victim = issue(), spend(issue())
    checkpoint.write()

    # When
    owner.attack(owner.unredeem, victim, other)
    page = CheckpointPage.objects.get()
    found, _ = leaves.unpack(bytes(page.leaves), None)
    packed = bytes(page.leaves)
    new = [
        leaves.leaf_of(*next(iter(owner.rows.trails_of([leaf.voucher_id]))))
        for leaf in found
    ]
    forged = leaves.pack(new, page.key_id)
    at = leaves.SIZE * [leaf.voucher_id for leaf in found].index(victim.pk)
    mac = packed[at + leaves.SIZE - 16 : at + leaves.SIZE]
    body = forged[at : at + leaves.SIZE - 16] + mac
    edit(
        "UPDATE voucher_checkpoint_page SET leaves = %s, root = %s",
        packed[:at] + body + packed[at + leaves.SIZE :],
        leaves.page_root(new),
    )

    # Then
    assert {str(victim.public_id), "checkpoint 1"} <= named()
    with pytest.raises(checkpoint.CheckpointRefused):
        checkpoint.write()
