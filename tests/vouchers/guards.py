"""Fences of our own, so that vouchers are tried without any rollout."""

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
    raise RuntimeError("the fence fell over")


def nearly(*, subject: str | None) -> str:
    return "yes"


def first_statement(*, subject: str | None) -> bool:
    """Open only when the transaction has done nothing before."""
    asked.append(str(len(connection.queries)))
    return connection.in_atomic_block
