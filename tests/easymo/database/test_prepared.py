from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from agents.models import Conversation
from easymo.database.prepared import Prepared, slot
from vouchers.models import Profile

if TYPE_CHECKING:
    from django.db.models import QuerySet


@pytest.fixture
def chat(db: None) -> Conversation:
    person = Profile.objects.create(msisdn="+250788123456", name="Aline")
    return Conversation.objects.create(
        profile=person, phone_number_id="1", memory={"asked": ["amount"]}
    )


def test_all__asked_with_values__the_rows_that_django_reads(chat: Conversation) -> None:
    # Given: JSON, a UUID, times; a selected relation, and an empty one (no station)
    known = Prepared(
        lambda: Conversation.objects.select_related("profile__station").filter(
            pk=slot("pk"), public_id=slot("name")
        )
    )

    # When
    with CaptureQueriesContext(connection) as queries:
        [found] = known.all(pk=chat.pk, name=chat.public_id)
        profile, station = found.profile, found.profile.station

    # Then
    plain = Conversation.objects.get(pk=chat.pk)
    names = [field.attname for field in Conversation._meta.concrete_fields]
    assert [getattr(found, n) for n in names] == [getattr(plain, n) for n in names]
    assert (profile, profile.name, station) == (plain.profile, "Aline", None)
    assert len(queries) == 1
    assert known.all(pk=chat.pk + 1, name=chat.public_id) == []


def test_first__column_left_out__read_when_it_is_used(chat: Conversation) -> None:
    without = Prepared(lambda: Conversation.objects.defer("memory").order_by("-id")[:1])

    found = without.first()

    assert found is not None
    assert found.get_deferred_fields() == {"memory"}
    assert found.memory == {"asked": ["amount"]}


@pytest.mark.parametrize("name", ["Aline", "it's 100 %s", "%", "back\\slash"])
def test_all__constant_of_any_kind__is_part_of_the_text(
    chat: Conversation, name: str
) -> None:
    # Given
    Profile.objects.filter(pk=chat.profile_id).update(name=name)
    named = Prepared(
        lambda: Conversation.objects.filter(
            profile__name=name, pk=slot("pk"), is_synthetic=False
        )
    )

    # When
    with CaptureQueriesContext(connection) as queries:
        found = named.all(pk=chat.pk)

    # Then
    assert found == [chat]
    [query] = queries.captured_queries
    assert (query["sql"].count("$1"), query["sql"].count("$2")) == (1, 0)


def test_first__asked_again__text_is_built_once(chat: Conversation) -> None:
    # Given
    built = []

    def build() -> QuerySet[Conversation]:
        built.append(1)
        return Conversation.objects.filter(pk=slot("pk"))

    by_key = Prepared(build)

    # When
    found = [by_key.first(pk=key) for key in (chat.pk, 0, chat.pk)]

    # Then
    assert found == [chat, None, chat]
    assert len(built) == 1


@pytest.mark.django_db(transaction=True)
def test_first__lock_outside_a_transaction__refused_every_time() -> None:
    # Given
    locked = Prepared(
        lambda: Conversation.objects.select_for_update().filter(pk=slot("pk"))
    )
    with transaction.atomic():
        assert locked.first(pk=0) is None

    # When, Then
    with pytest.raises(TransactionManagementError):
        locked.first(pk=0)
