"""Reasons and notes of the back office: a code in any spelling is not stored."""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry

from easymo.backoffice.reason import InvalidReason as InvalidFormReason
from easymo.backoffice.reason import ReasonForm
from easymo.backoffice.reason import clean_reason as of_a_form
from rollout.core.change_reason import valid_reason as of_a_feature
from rollout.core.errors import InvalidReason as InvalidFeatureReason
from rollout.incidents.incidents import valid_text as of_an_incident
from tests.backoffice import create_records, signed_in
from tests.spellings import (
    SCRIPTS,
    SEPARATORS,
    SIZES,
    WORDS,
    dictated,
    make_code,
    written,
)
from vouchers.codes import find_codes
from vouchers.errors import InvalidReason
from vouchers.models import VoucherNote
from vouchers.services.transition import clean_reason as of_a_voucher

if TYPE_CHECKING:
    from collections.abc import Iterator

CLEANING = {
    "form": of_a_form,
    "voucher": of_a_voucher,
    "feature": of_a_feature,
    "incident": of_an_incident,
}
ACCEPTED = "Lost at the pump, RWF 10,000 for +250788123456 on 2026-05-04."


def spellings() -> Iterator[str]:
    for separator, script, sizes in product(SEPARATORS, SCRIPTS, SIZES):
        code = make_code((separator, script, sizes))
        yield written(code, separator=separator, script=script, sizes=sizes)
    for language in WORDS:
        yield dictated(make_code(language), language)


@pytest.mark.parametrize("kind", CLEANING)
def test_reason__code_in_any_spelling__is_not_kept(kind: str) -> None:
    tried, kept = 0, []
    for spelling in spellings():
        text = f"Void, code {spelling} was lost"
        if not find_codes(text):
            # What no reader takes for a code: see the tests of the reader.
            continue
        try:
            cleaned = CLEANING[kind](text)
        except (InvalidFormReason, InvalidReason, InvalidFeatureReason):
            # Line breaks and invisible marks are refused as a whole.
            continue
        tried += 1
        if find_codes(cleaned) or not cleaned.startswith("Void, code ["):
            kept.append(spelling)

    assert tried > 3_000
    assert kept == []


@pytest.mark.parametrize("kind", ["form", "voucher"])
def test_reason__number_amount_and_date__stay(kind: str) -> None:
    assert CLEANING[kind](ACCEPTED) == ACCEPTED


def test_forms__every_one_that_asks_for_a_reason__cleans_it() -> None:
    admin.autodiscover()
    forms = list(_subclasses(ReasonForm))

    assert len(forms) > 10
    assert [form for form in forms if "clean_reason" in vars(form)] == []


def _subclasses(kind: type[ReasonForm]) -> Iterator[type[ReasonForm]]:
    for each in kind.__subclasses__():
        yield each
        yield from _subclasses(each)


@pytest.mark.django_db
def test_void_page__code_in_the_reason__neither_note_nor_log_has_it() -> None:
    # Given
    voucher = create_records().issued.voucher
    client = signed_in("superuser")
    address = f"/admin/vouchers/voucher/{voucher.pk}/void/"
    page = client.get(address)
    key = re.search(rb'name="key" value="([^"]+)"', page.content)
    assert key is not None
    code = make_code("void")
    typed = f"Code {written(code)} was lost"

    # When
    answer = client.post(address, {"key": key[1].decode(), "reason": typed})

    # Then
    assert answer.status_code == 302
    assert VoucherNote.objects.get(event__kind="voided").text == "Code [code] was lost"
    assert not [
        entry for entry in LogEntry.objects.all() if find_codes(entry.change_message)
    ]
