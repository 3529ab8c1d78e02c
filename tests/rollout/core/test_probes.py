from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from django.db import transaction

from rollout.core.features import Feature
from rollout.core.probes import is_probe, new_subject
from rollout.flags import exposure, fence

if TYPE_CHECKING:
    from tests.rollout.conftest import Switch

pytestmark = pytest.mark.django_db


def is_let_in(subject: str) -> bool:
    with transaction.atomic():
        return fence.guard(subject=subject)


@pytest.mark.parametrize(
    ("audience", "is_on"),
    [({}, True), ({"percent": "0.01"}, True), (None, False)],
)
def test_probe__whatever_the_audience__served_when_anybody_is(
    switch: Switch, audience: dict[str, str] | None, is_on: bool
) -> None:
    if audience is not None:
        switch(VOUCHERS=True, **audience)
    subject = str(new_subject())

    assert exposure.is_on(Feature.VOUCHERS, subject) is is_on
    assert exposure.exposure_of(subject).vouchers is is_on
    assert is_let_in(subject) is is_on


def test_probe__an_id_that_only_looks_like_one__is_nobody(switch: Switch) -> None:
    switch(VOUCHERS=True, percent="0.01")
    forged = uuid.UUID(int=new_subject().int ^ 1)

    assert not is_probe(str(forged))
    assert not exposure.is_on(Feature.VOUCHERS, str(forged))
    assert not is_let_in(str(forged))


def test_probe__on_for_the_cohort_smoke__which_nobody_made(switch: Switch) -> None:
    switch(CHAT=True, cohorts=["smoke"])

    assert exposure.is_on(Feature.CHAT, str(new_subject()))
    assert not exposure.is_on(Feature.CHAT, str(uuid.uuid4()))
    assert not exposure.is_on_for_everyone(Feature.CHAT)
