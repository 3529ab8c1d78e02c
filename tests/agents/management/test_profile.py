from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from rollout.models import Cohort

pytestmark = pytest.mark.django_db


def test_add__several_cohorts__each_order_of_the_words() -> None:
    orders = (
        ["0788100091", "--cohort", "beta", "pilot"],
        ["--cohort", "beta", "pilot", "0788100092"],
        ["--cohort", "beta", "--cohort", "pilot", "0788100093"],
        ["0788100094", "--cohort", "beta", "--name", "Chantal", "--cohort", "pilot"],
    )
    for words in orders:
        out = io.StringIO()

        call_command("profile", "add", *words, stdout=out)

        assert "cohorts   beta, pilot" in out.getvalue(), words


def test_add__no_number__refused_and_no_cohort_made() -> None:
    for words, code in (([], 2), (["--name", "X"], 2), (["--cohort", "pilot"], 1)):
        with pytest.raises(CommandError) as caught:
            call_command("profile", "add", *words)

        assert caught.value.returncode == code
    assert not Cohort.objects.filter(name="pilot").exists()
