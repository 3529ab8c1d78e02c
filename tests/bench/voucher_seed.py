"""Many vouchers at once, for the benchmarks: as the services would have left them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import connection

from tests.roles import confirmed_roles
from tests.vouchers.tampering import unguarded
from vouchers.codes import new_code
from vouchers.models import Profile, Station, VoucherEvent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OWNERS = 1_000
MANY = 100_000

UNINDEX = """
UPDATE pg_index SET indisready = false, indisvalid = false
WHERE indrelid = ANY(%s::text[]::regclass[]) AND NOT indisprimary
"""

VOUCHERS = """
INSERT INTO vouchers (public_id, reference, code_hmac, code_key_id, code_last4,
    owner_id, amount_minor, currency, created_by_kind, created_by_id, status, seq,
    created_at, issued_at, expires_at)
SELECT gen_random_uuid(), 'B' || to_hex(n) || left(%(prefix)s, 1), hmac, 'd1', '0000',
       (SELECT min(id) FROM profiles WHERE role = 'customer') + n %% %(owners)s,
       1000, 'RWF', 'system', 'bench', 'issued', 1, at, at,
       voucher_last_moment(at, 90)
  FROM {source}, (SELECT clock_timestamp() AS at) clock
"""
GENERATED = """(
    SELECT n, sha256(convert_to(%(prefix)s || n, 'UTF8')) AS hmac
      FROM generate_series(%(first)s::bigint, %(first)s::bigint + %(count)s - 1) n) s"""
GIVEN = "unnest(%(hmacs)s::bytea[]) WITH ORDINALITY s(hmac, n)"
EVENTS = """
INSERT INTO voucher_event (voucher_id, seq, kind, new_status, amount_minor, currency,
    owner_id, expires_at, code_commit, actor_kind, actor_id, channel, key, fingerprint,
    created_at, previous_hash, hash)
SELECT v.id, 1, 'issued', 'issued', v.amount_minor, v.currency, v.owner_id,
       v.expires_at, sha256(v.code_hmac), 'system', 'bench', 'system',
       'seed:' || v.public_id, sha256(''), v.created_at, sha256(''), sha256('')
  FROM vouchers v WHERE NOT EXISTS (
       SELECT FROM voucher_event e WHERE e.voucher_id = v.id)
"""


def people() -> None:
    station = Station.objects.create(code="BENCH", name="Bench")
    with confirmed_roles():
        Profile.objects.create(name="Claudine", role="station", station=station)
    Profile.objects.bulk_create(Profile(name=f"Person {n}") for n in range(OWNERS))


def codes(count: int) -> list[str]:
    return [new_code().digits for _ in range(count)]


def vouchers(
    count: int,
    *,
    prefix: str = "given",
    first: int = 1,
    hmacs: Sequence[bytes] | None = None,
) -> None:
    """Store issued vouchers and their events, triggers and checks set aside."""
    source = GENERATED if hmacs is None else GIVEN
    values = {
        "count": count,
        "prefix": prefix,
        "first": first,
        "hmacs": list(hmacs or []),
        "owners": OWNERS,
    }
    tables = ("vouchers", "voucher_event")
    with unguarded(*tables), unindexed(count, *tables), connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(VOUCHERS.format(source=source), values)
        cursor.execute(EVENTS)
        cursor.execute("RESET statement_timeout")


@contextmanager
def unindexed(count: int, *tables: str) -> Iterator[None]:
    """Let a great many rows in without their indexes, which are then built at once.

    A scratch database's superuser may; row by row it would take minutes.
    """
    if count < MANY:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(UNINDEX, [list(tables)])
        yield
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SET maintenance_work_mem = '256MB'")
        for table in tables:
            cursor.execute(f"REINDEX TABLE {table}")


def analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE vouchers")
        cursor.execute("VACUUM ANALYZE voucher_event")


def redeemed(prefix: str) -> int:
    return VoucherEvent.objects.filter(kind="redeemed", key__startswith=prefix).count()
