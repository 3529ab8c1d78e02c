from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from easymo.database.group_commit import GroupCommit, WaitedTooLong

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Away(Exception):
    pass


class Store:
    """What is written into: closed when told to, and it refuses what is told to be bad."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.open = threading.Event()
        self.open.set()
        self.is_away = False

    def write(self, items: Sequence[str]) -> list[str]:
        self.groups.append(list(items))
        assert self.open.wait(60)
        if self.is_away:
            raise Away
        if any(item.startswith("bad") for item in items):
            raise ValueError("a bad one")
        return [item.upper() for item in items]

    def door(
        self, *, most: int = 64, heaviest: int = 1_000, patience_s: float = 60.0
    ) -> GroupCommit[str, str]:
        return GroupCommit(
            self.write,
            weigh=len,
            most=most,
            heaviest=heaviest,
            common=(Away,),
            patience_s=patience_s,
        )


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


def put_one_by_one(
    threads: ThreadPoolExecutor, door: GroupCommit[str, str], *items: str
) -> list[Future[str]]:
    """Put each from a thread of its own, and see that they stand in this order."""
    made = []
    for item in items:
        seen = waiting(door)
        made.append(threads.submit(door.put, item))
        until(lambda seen=seen: waiting(door) > seen or not door._is_led)
    return made


def waiting(door: GroupCommit[str, str]) -> int:
    return len(door._waiting)


def until(condition: object) -> None:
    end = time.monotonic() + 60
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.001)


def begin(
    threads: ThreadPoolExecutor, store: Store, door: GroupCommit[str, str]
) -> Future[str]:
    """Begin a write that does not end before the store is opened."""
    store.open.clear()
    first = threads.submit(door.put, "first")
    until(lambda: store.groups)
    return first


def test_put__alone__written_at_once(store: Store) -> None:
    door = store.door()

    assert [door.put("a"), door.put("b")] == ["A", "B"]
    assert store.groups == [["a"], ["b"]]


def test_put__during_a_write__together_in_the_next_in_order(
    store: Store, threads: ThreadPoolExecutor
) -> None:
    # Given
    door = store.door()
    first = begin(threads, store, door)

    # When
    later = put_one_by_one(threads, door, "a", "b", "c")
    store.open.set()

    # Then
    assert first.result(60) == "FIRST"
    assert [put.result(60) for put in later] == ["A", "B", "C"]
    assert store.groups == [["first"], ["a", "b", "c"]]


def test_put__its_write_not_ended__does_not_return(
    store: Store, threads: ThreadPoolExecutor
) -> None:
    # Given
    door = store.door()
    first = begin(threads, store, door)
    (later,) = put_one_by_one(threads, door, "a")

    # Then: neither returns before the end of its own write
    assert store.groups == [["first"]]
    assert not first.done()
    assert not later.done()
    store.open.set()
    assert (first.result(60), later.result(60)) == ("FIRST", "A")
    assert store.groups == [["first"], ["a"]]


def test_put__one_bad_among_others__only_that_one_fails(
    store: Store, threads: ThreadPoolExecutor
) -> None:
    # Given
    door = store.door()
    begin(threads, store, door)
    puts = put_one_by_one(threads, door, "a", "bad", "b")

    # When
    store.open.set()

    # Then
    assert [puts[0].result(60), puts[2].result(60)] == ["A", "B"]
    with pytest.raises(ValueError, match="a bad one"):
        puts[1].result(60)
    assert store.groups[1:] == [["a", "bad", "b"], ["a"], ["bad"], ["b"]]
    assert door.put("after") == "AFTER"


def test_put__store_away__all_fail_at_once_and_the_next_is_tried(
    store: Store, threads: ThreadPoolExecutor
) -> None:
    # Given
    door = store.door()
    first = begin(threads, store, door)
    puts = put_one_by_one(threads, door, "a", "b")
    store.is_away = True

    # When
    store.open.set()

    # Then
    for put in (first, *puts):
        with pytest.raises(Away):
            put.result(60)
    assert store.groups == [["first"], ["a", "b"]]
    store.is_away = False
    assert door.put("after") == "AFTER"


@pytest.mark.parametrize(
    ("most", "heaviest", "groups"),
    [
        (2, 1_000, [["aaa", "bbb"], ["ccc", "d"]]),
        (64, 6, [["aaa", "bbb"], ["ccc", "d"]]),
        # One that is too heavy by itself goes alone.
        (64, 1, [["aaa"], ["bbb"], ["ccc"], ["d"]]),
    ],
)
def test_put__more_than_a_group_takes__several_groups(
    store: Store,
    threads: ThreadPoolExecutor,
    most: int,
    heaviest: int,
    groups: list[list[str]],
) -> None:
    # Given
    door = store.door(most=most, heaviest=heaviest)
    begin(threads, store, door)
    puts = put_one_by_one(threads, door, "aaa", "bbb", "ccc", "d")

    # When
    store.open.set()

    # Then
    assert [put.result(60) for put in puts] == ["AAA", "BBB", "CCC", "D"]
    assert store.groups[1:] == groups


def test_put__write_before_takes_too_long__gives_up_and_is_never_written(
    store: Store, threads: ThreadPoolExecutor
) -> None:
    # Given
    door = store.door(patience_s=0.05)
    first = begin(threads, store, door)

    # When
    with pytest.raises(WaitedTooLong):
        door.put("impatient")

    # Then
    store.open.set()
    assert first.result(60) == "FIRST"
    assert door.put("after") == "AFTER"
    assert store.groups == [["first"], ["after"]]


def test_put__many_threads__each_gets_its_own_result_in_fewer_writes(
    store: Store, threads: ThreadPoolExecutor
) -> None:
    # Given: all other threads wait while the first item is written
    door = store.door()
    store.open.clear()
    items = [f"n{number}" for number in range(400)]
    puts = [threads.submit(door.put, item) for item in items]
    until(lambda: waiting(door) == 15)

    # When
    store.open.set()

    # Then
    assert [put.result(60) for put in puts] == [item.upper() for item in items]
    assert sorted(item for group in store.groups for item in group) == sorted(items)
    # The thread of the first item may have added its next one.
    assert store.groups[0] == ["n0"]
    assert len(store.groups[1]) in {15, 16}
