from __future__ import annotations

import pytest

from vouchers import errors
from vouchers.models import Voucher


@pytest.mark.parametrize("status", Voucher.Status.values)
def test_not_issued__any_status__has_a_sentence(status: str) -> None:
    # Also "issued": a call that waited for a rotation finds the voucher issued.
    assert str(errors.VoucherNotIssued(status)).endswith(".")


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (errors.VoucherNotFound(), "voucher_not_found", "There is no such voucher."),
        (errors.NotOwner(), "not_owner", "This voucher belongs to another customer."),
        (
            errors.VoucherNotPending("pending_approval"),
            "not_pending",
            "This voucher does not wait for approval: it is pending approval.",
        ),
        (errors.VoucherExpired(), "expired", "This voucher has expired."),
        (errors.CustomerNotFound(), "customer_not_found", "There is no such customer."),
        (errors.Locked(0), "locked", "Too many wrong codes. Try again in 1 minute."),
        (
            errors.Locked(61, "PINs"),
            "locked",
            "Too many PINs. Try again in 2 minutes.",
        ),
        (
            errors.FeatureDisabled(),
            "feature_disabled",
            "Vouchers are switched off at the moment.",
        ),
        (errors.NotAllowed(), "forbidden", "You may not do this."),
        (
            errors.WrongStation(),
            "wrong_station",
            "You cannot redeem at this station.",
        ),
        (
            errors.SecondPersonNeeded(),
            "second_person_needed",
            "A second person must approve this voucher: you requested it.",
        ),
        (
            errors.KeyReused(),
            "key_reused",
            "This key was already used for something else.",
        ),
        (
            errors.InvalidReason(),
            "invalid_reason",
            "Give a reason of 1 to 500 characters.",
        ),
        (
            errors.StillHoldsVouchers(["V-1", "V-2"]),
            "still_holds_vouchers",
            "The person still has 2 unspent voucher(s): void or decline them first"
            " (V-1, V-2).",
        ),
        (
            errors.UnknownStation("X"),
            "station_not_found",
            "There is no station X.",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_error__each_refusal__has_its_code_and_sentence(
    error: errors.VoucherError, code: str, sentence: str
) -> None:
    assert (error.code, str(error)) == (code, sentence)
