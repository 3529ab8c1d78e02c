"""Every change of people and rights leaves a record, on every source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, connection, transaction
from django.db.models import ProtectedError

from agents.models import ApiToken
from easymo.database.authorship import Author, authored
from vouchers.models import AuthorityChange, ChangeRecord, Profile, Station

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db

SOURCES = {
    "admin": Author("admin", "odette", 7),
    "command": Author("command profile", "command line"),
    "SQL": None,
}


@dataclass(frozen=True)
class Recorded:
    """A recorded table: how to add a row, change it by SQL and remove it."""

    add: Callable[[], int]
    # The changed column, its new value as SQL, and what is recorded.
    column: str = ""
    value: str = ""
    recorded: Any = None
    # Only these rows may be removed.
    may_go: bool = False
    key: str = "id"


def in_group() -> int:
    user = User.objects.create_user("eric")
    user.groups.add(Group.objects.get(name="viewer"))
    return user.pk


def permitted() -> int:
    user = User.objects.create_user("eric")
    user.user_permissions.add(Permission.objects.get(codename="view_voucher"))
    return user.pk


def widened() -> int:
    group = Group.objects.create(name="finance")
    group.permissions.add(Permission.objects.get(codename="view_voucher"))
    return group.pk


def token() -> int:
    return ApiToken.objects.create(
        name="pump", digest=b"x" * 32, scopes=["lookup"], created_by="tests"
    ).pk


TABLES = {
    "profiles": Recorded(
        lambda: Profile.objects.create(name="Aline").pk, "is_active", "false", False
    ),
    "vouchers_station": Recorded(
        lambda: Station.objects.create(code="K", name="K").pk,
        "is_active",
        "false",
        False,
    ),
    "agents_apitoken": Recorded(token, "scopes", "'{lookup,void}'", ["lookup", "void"]),
    "auth_user": Recorded(
        lambda: User.objects.create_user("eric").pk, "is_superuser", "true", True
    ),
    "auth_group": Recorded(
        lambda: Group.objects.create(name="finance").pk,
        "name",
        "'money'",
        "money",
        may_go=True,
    ),
    "auth_permission": Recorded(
        lambda: (
            Permission.objects.create(
                name="x",
                codename="x",
                content_type=ContentType.objects.get_for_model(Profile),
            ).pk
        ),
        "codename",
        "'y'",
        "y",
        may_go=True,
    ),
    "auth_user_groups": Recorded(in_group, may_go=True, key="user_id"),
    "auth_user_user_permissions": Recorded(permitted, may_go=True, key="user_id"),
    "auth_group_permissions": Recorded(widened, may_go=True, key="group_id"),
}
# Columns of which only the change is recorded, never the value.
HIDDEN = {
    ("profiles", "name", "'Grace'"),
    ("profiles", "msisdn", "'+250788000099'"),
    ("auth_user", "password", "'secret'"),
    ("auth_user", "email", "'a@b.rw'"),
    ("agents_apitoken", "digest", "sha256('x'::bytea)"),
}


def execute(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def from_source(source: str, do: Callable[[], Any]) -> Any:
    author = SOURCES[source]
    if author is None:
        return do()
    with authored(lambda: author):
        return do()


def latest(table: str, key: int) -> ChangeRecord:
    return ChangeRecord.objects.filter(table_name=table, row_id=key).latest("id")


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("table", TABLES)
def test_row__added_changed_and_removed__is_recorded_with_its_road(
    table: str, source: str
) -> None:
    # Given
    case, author = TABLES[table], SOURCES[source] or Author("")

    # When
    key = from_source(source, case.add)
    rows = [latest(table, key)]
    if case.column:
        change = f"UPDATE {table} SET {case.column} = {case.value} WHERE id = {key}"
        from_source(source, lambda: execute(change))
        rows.append(latest(table, key))
    if case.may_go:
        remove = f"DELETE FROM {table} WHERE {case.key} = {key}"
        from_source(source, lambda: execute(remove))
        rows.append(latest(table, key))

    # Then
    expected = ["insert", *["update"] * bool(case.column), *["delete"] * case.may_go]
    assert [row.kind for row in rows] == expected
    for row in rows:
        assert (row.source, row.actor, row.account_id) == (
            author.source,
            author.name,
            author.account,
        )
        assert row.database_role
    if case.column:
        assert rows[1].after == {case.column: case.recorded}
        assert rows[1].before != rows[1].after


@pytest.mark.parametrize(("table", "column", "value"), sorted(HIDDEN))
def test_row__personal_or_secret_column__is_recorded_without_its_value(
    table: str, column: str, value: str
) -> None:
    key = TABLES[table].add()

    execute(f"UPDATE {table} SET {column} = {value} WHERE id = {key}")

    record = latest(table, key)
    assert record.after == {column: "changed"}
    assert not record.before


@pytest.mark.parametrize("table", ["auth_user", "agents_apitoken"])
def test_row__used__is_not_a_change(table: str) -> None:
    key = TABLES[table].add()
    before = ChangeRecord.objects.count()
    column = "last_login" if table == "auth_user" else "last_used_at"

    execute(f"UPDATE {table} SET {column} = now() WHERE id = {key}")

    assert ChangeRecord.objects.count() == before


@pytest.mark.parametrize(
    "table", ["profiles", "vouchers_station", "agents_apitoken", "auth_user"]
)
def test_row__of_people_stations_tokens_and_accounts__is_never_deleted(
    table: str,
) -> None:
    key = TABLES[table].add()

    with pytest.raises(DatabaseError, match=r"never deleted: .* instead"):
        execute(f"DELETE FROM {table} WHERE id = {key}")


@pytest.mark.parametrize("table", [*TABLES, "change_record", "django_admin_log"])
def test_table__recorded_or_audit__is_never_emptied(table: str) -> None:
    # Its own trigger fires first, before those of the tables that refer to it.
    with pytest.raises(DatabaseError, match=rf"{table}.* (append-only|written once)"):
        execute(f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE change_record SET actor = 'another'",
        "DELETE FROM change_record",
        "DELETE FROM django_admin_log",
        "UPDATE django_admin_log SET user_id = user_id + 1",
        "UPDATE django_admin_log SET change_message = 'another'",
        "UPDATE django_admin_log SET object_repr = 'another'",
        "UPDATE django_admin_log SET action_time = now() - interval '1 day'",
    ],
)
def test_audit__changed_or_deleted__is_refused(statement: str, odette: User) -> None:
    # Given
    LogEntry.objects.create(
        user=odette, action_flag=CHANGE, object_repr="Aline", change_message="x"
    )

    # Then
    with pytest.raises(DatabaseError, match="append-only"):
        execute(statement)


def test_account__deleted_by_the_application__stays_with_its_log(odette: User) -> None:
    # Given
    entry = LogEntry.objects.create(
        user=odette, action_flag=CHANGE, object_repr="Aline"
    )

    # When
    with pytest.raises((DatabaseError, ProtectedError)), transaction.atomic():
        odette.delete()

    # Then
    assert LogEntry.objects.get(pk=entry.pk).user == odette


def test_triggers__of_the_record__fire_also_as_a_replica() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, t.tgname FROM pg_trigger t"
            " JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE NOT t.tgisinternal AND t.tgenabled <> 'A'"
            " AND c.relname = ANY (%s)",
            [[*TABLES, "change_record", "authority_change", "django_admin_log"]],
        )
        assert cursor.fetchall() == []


# What an account can be given. After most of it the account waits.
GIVEN: dict[str, Callable[[User], object]] = {
    "group": lambda u: u.groups.add(Group.objects.get(name="operator")),
    "permission": lambda u: u.user_permissions.add(
        Permission.objects.get(codename="approve_voucher")
    ),
    "superuser": lambda u: User.objects.filter(pk=u.pk).update(is_superuser=True),
}
TAKEN: dict[str, Callable[[User], object]] = {
    "password": lambda u: User.objects.filter(pk=u.pk).update(password="new"),
    "e-mail": lambda u: User.objects.filter(pk=u.pk).update(email="mine@b.rw"),
    "back office": lambda u: User.objects.filter(pk=u.pk).update(is_staff=True),
    "activated": lambda u: User.objects.filter(pk=u.pk).update(is_active=True),
}
HARMLESS: dict[str, Callable[[User], object]] = {
    "group of viewers": lambda u: u.groups.add(Group.objects.get(name="viewer")),
    "first name": lambda u: User.objects.filter(pk=u.pk).update(first_name="E"),
    "password without rights": TAKEN["password"],
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("what", [*GIVEN, *TAKEN])
def test_account__widened__waits_when_a_signed_in_account_did_it(
    odette: User, what: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setitem(SOURCES, "admin", Author("admin", "odette", odette.pk))
    eric = User.objects.create_user("eric", is_active=what != "activated")
    if what in TAKEN:
        GIVEN["group"](eric)

    # When
    from_source(source, lambda: (GIVEN | TAKEN)[what](eric))

    # Then
    eric.refresh_from_db()
    waits = source == "admin"
    assert eric.is_active is not waits
    changes = AuthorityChange.objects.filter(account=eric, decision="waiting")
    assert [change.given_by for change in changes] == [odette] * waits


@pytest.mark.parametrize("what", HARMLESS)
def test_account__not_widened__stays_active(odette: User, what: str) -> None:
    eric = User.objects.create_user("eric")

    with authored(lambda: Author("admin", "odette", odette.pk)):
        HARMLESS[what](eric)

    eric.refresh_from_db()
    assert eric.is_active
    assert not AuthorityChange.objects.exists()


@pytest.mark.parametrize("what", ["password", "e-mail"])
def test_account__own_password_or_address__stays_active(what: str) -> None:
    eric = User.objects.create_user("eric")
    GIVEN["group"](eric)

    with authored(lambda: Author("admin", "eric", eric.pk)):
        TAKEN[what](eric)

    eric.refresh_from_db()
    assert eric.is_active


def test_group__with_members__is_not_widened_by_a_signed_in_account(
    odette: User,
) -> None:
    group = Group.objects.get(name="viewer")
    User.objects.create_user("eric").groups.add(group)

    with (
        authored(lambda: Author("admin", "odette", odette.pk)),
        pytest.raises(DatabaseError, match="group with members"),
        transaction.atomic(),
    ):
        group.permissions.add(Permission.objects.get(codename="approve_voucher"))
