"""What the commands share: arguments of a change, the actor's name, errors."""

from __future__ import annotations

import getpass
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError

from easymo.database.errors import as_command_error
from rollout.core.errors import RolloutError
from rollout.models import FlagChange

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator


def add_actor(parser: ArgumentParser) -> None:
    parser.add_argument("--by", metavar="NAME", help="default: your login")


def add_reason_and_actor(parser: ArgumentParser) -> None:
    parser.add_argument("--reason", required=True)
    add_actor(parser)


def change_arguments(options: dict[str, Any]) -> dict[str, Any]:
    """Return the keyword arguments that every service for a change takes."""
    return {
        "reason": options["reason"],
        "actor": actor_name(options["by"]),
        "source": FlagChange.Source.CLI,
    }


def actor_name(name: str | None) -> str:
    """Return the given name or the login, which may be unknown in a container."""
    if name is not None:
        return name
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "command line"


def parse_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CommandError("Give the day like 2027-01-31.") from error


@contextmanager
def command_errors() -> Iterator[None]:
    """Turn refusals and an unreachable database into errors of the command."""
    try:
        with as_command_error():
            yield
    except RolloutError as error:
        raise CommandError(str(error)) from error
