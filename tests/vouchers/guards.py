"""Fences for tests, independent of rollout."""

from __future__ import annotations

from django.db import connection

asked: list[str | None] = []


def open_to_all(*, subject: str | None) -> bool:
    asked.append(subject)
    return True


def closed(*, subject: str | None) -> bool:
    asked.append(subject)
    return False


def broken(*, subject: str | None) -> bool:
    raise RuntimeError("the fence failed")


def nearly(*, subject: str | None) -> str:
    return "yes"


def first_statement(*, subject: str | None) -> bool:
    """Open when the transaction has sent no statement before."""
    sent = [q["sql"] for q in connection.queries if "SAVEPOINT" not in q["sql"]]
    return connection.in_atomic_block and not sent


def open_in_database(condition: str) -> None:
    """Replace the rollout's function: vouchers are on where the condition is true."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION voucher_feature_on(p_subject text)"
            f" RETURNS boolean LANGUAGE sql AS $$ {condition} $$"
        )
