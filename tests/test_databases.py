from __future__ import annotations

import threading

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import connection


def test_committed_db__commit_in_thread__seen_by_others(committed_db: str) -> None:
    # Given
    def commit() -> None:
        Group.objects.create(name="committed")
        connection.close()

    # When
    worker = threading.Thread(target=commit)
    worker.start()
    worker.join()

    # Then
    assert Group.objects.filter(name="committed").count() == 1
    with psycopg.connect(committed_db) as other:
        assert other.execute(
            "SELECT count(*) FROM auth_group WHERE name = 'committed'"
        ).fetchone() == (1,)


@pytest.mark.django_db
def test_plain_db__after_a_committing_test__is_clean() -> None:
    assert not Group.objects.filter(name="committed").exists()


@pytest.mark.django_db(transaction=True)
def test_transaction_marker__given__has_its_own_database() -> None:
    assert "_own_" in connection.settings_dict["NAME"]
    assert not Group.objects.filter(name="committed").exists()
    Group.objects.create(name="committed")
