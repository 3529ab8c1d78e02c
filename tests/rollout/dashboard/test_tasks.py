from __future__ import annotations

import pytest

from rollout.dashboard.tasks import read_tasks
from rollout.models import CheckRun, Contact
from rollout.notices import contacts

pytestmark = pytest.mark.django_db


def save(role: str, **values: object) -> None:
    row = Contact.objects.filter(role=role).first()
    contacts.save_contact(contact=row, role=role, **values)


def test_numbers__nobody_named__says_so_and_offers_nobody_to_call() -> None:
    found = read_tasks()

    assert found.to_call is None
    assert {each.problem for each in found.numbers if each.is_on_call} == {
        "no person is named yet"
    }
    # A provider's support is listed after them.
    assert not found.numbers[-1].is_on_call


def test_numbers__first_has_no_telephone__the_second_is_called() -> None:
    save("On-call Engineer", name="Odette", email="odette@example.rw", order=1)
    save("Platform Lead", name="Pascal", phone="+250788000102", order=2)

    found = read_tasks().to_call

    assert found is not None
    assert (found.name, found.phone) == ("Pascal", "+250788000102")


def test_checks__never_run__is_no_data_and_a_failed_one_names_what() -> None:
    CheckRun.objects.create(
        kind="smoke",
        passed=False,
        results=[
            {"name": "hello", "title": "Say hello", "status": "failed", "detail": "410"}
        ],
        release="r",
        actor="odette",
    )

    found = {each.kind: each for each in read_tasks().checks}

    assert found["preflight"].passed is None
    assert (found["smoke"].passed, found["smoke"].failed) == (
        False,
        ("Say hello: 410",),
    )


def test_due__of_this_stage__are_counted_and_listed() -> None:
    found = read_tasks()

    assert found.lines > 0
    assert found.done == 0
    assert all(each.text and each.section for each in found.due)
