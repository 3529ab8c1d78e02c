from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection


@pytest.mark.django_db
@pytest.mark.parametrize(
    "command",
    [
        ("audit", "verify"),
        ("audit", "verify", "--json"),
        ("flags",),
        ("profile", "show", "+250788123456"),
        ("report",),
        ("stage",),
        ("station", "add", "KGL-1", "--name", "Kigali"),
        ("token", "list"),
    ],
)
def test_command__database_away__ends_with_a_sentence(command: tuple[str, ...]) -> None:
    def refuse(*_: object) -> None:
        raise OperationalError("could not connect with password hunter2")

    with connection.execute_wrapper(refuse), pytest.raises(CommandError) as said:
        call_command(*command)

    assert "Is it reachable" in str(said.value)
    assert "hunter2" not in str(said.value)
    assert said.value.returncode == 1
