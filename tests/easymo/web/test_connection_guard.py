from __future__ import annotations

import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from easymo.web import connection_guard
from easymo.web.connection_guard import FIRST_S, IDLE_S, ConnectionGuard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper

FEW = 4


@dataclass
class Listening:
    """A server's side of connections, as the guard sees it."""

    listener: socket.socket
    stack: ExitStack

    def accept(self) -> tuple[socket.socket, str]:
        """Return the server's end of a new connection, and its peer's name."""
        port = self.listener.getsockname()[1]
        self.stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        accepted, (address, peer_port) = self.listener.accept()
        self.stack.enter_context(accepted)
        return accepted, f"{address}:{peer_port}"


@pytest.fixture
def listening(
    settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Listening]:
    monkeypatch.setattr(connection_guard, "OF_NETWORK", FEW)
    settings.BEHIND_PROXY = False
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        settings.PORT = listener.getsockname()[1]
        yield Listening(listener, stack)


def is_open(accepted: socket.socket) -> bool:
    """Tell whether the server's end was left alone."""
    accepted.setblocking(False)
    try:
        return accepted.recv(1) != b""
    except BlockingIOError:
        return True


def test_look__few_fresh_connections__left_alone(listening: Listening) -> None:
    lines = [listening.accept()[0] for _ in range(FEW)]

    assert ConnectionGuard().look(now=time.monotonic()) == 0
    assert all(map(is_open, lines))


def test_look__no_first_request__closed(listening: Listening) -> None:
    # Given
    guard, (line, _) = ConnectionGuard(), listening.accept()
    now = time.monotonic()
    guard.look(now=now)

    # When
    assert guard.look(now=now + FIRST_S - 1) == 0
    assert guard.look(now=now + FIRST_S + 1) == 1

    # Then
    assert not is_open(line)


def test_look__answer_not_taken__counts_as_idle_from_the_answer(
    listening: Listening,
) -> None:
    # Given
    guard, (line, peer) = ConnectionGuard(), listening.accept()
    began = time.monotonic()
    guard.look(now=began - 2 * IDLE_S)
    with guard.request(peer):
        pass

    # Then
    assert guard.look(now=began + IDLE_S - 1) == 0
    assert guard.look(now=time.monotonic() + IDLE_S + 1) == 1
    assert not is_open(line)


def test_look__request_running__never_closed(listening: Listening) -> None:
    guard, (line, peer) = ConnectionGuard(), listening.accept()
    now = time.monotonic()
    guard.look(now=now)
    with guard.request(peer):
        assert guard.look(now=now + 100 * IDLE_S) == 0
    assert is_open(line)


def test_look__more_than_the_cap_of_a_network__the_longest_idle_end(
    listening: Listening,
) -> None:
    # Given: the first ones have waited longest, the very first runs a request
    guard, now = ConnectionGuard(), time.monotonic()
    accepted = []
    for number in range(FEW + 3):
        accepted.append(listening.accept())
        guard.look(now=now + number / 100) if number < FEW else None

    # When
    with guard.request(accepted[0][1]):
        closed = guard.look(now=now + 1)

    # Then
    assert closed == 2
    opened = [is_open(line) for line, _ in accepted]
    assert opened == [True, False, False, *[True] * FEW]


def test_look__behind_a_proxy__only_the_whole_number_counts(
    listening: Listening, settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    settings.BEHIND_PROXY = True
    lines = [listening.accept()[0] for _ in range(FEW + 2)]
    guard = ConnectionGuard()
    assert guard.look(now=time.monotonic()) == 0

    # When
    monkeypatch.setattr(connection_guard, "CROWDED", FEW)

    # Then
    assert guard.look(now=time.monotonic()) == 2
    assert sum(map(is_open, lines)) == FEW


def test_look__other_sockets_of_the_process__left_alone(
    listening: Listening, settings: SettingsWrapper
) -> None:
    # Given: the same kind of connection, to another port
    line, _ = listening.accept()
    settings.PORT += 1

    # Then
    assert ConnectionGuard().look(now=time.monotonic() + 2 * IDLE_S) == 0
    assert is_open(line)
