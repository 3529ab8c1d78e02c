from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from easymo.database.group_commit import GroupCommit, WaitedTooLong

if TYPE_CHECKING:
    from collections.abc import Sequence


class Away(Exception):
    pass


class Store:
    """What is written into: closed when told to, and it refuses what is told to be bad."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.begun = threading.Event()
        self.open = threading.Event()
        self.open.set()
        self.is_away = False

    def write(self, items: Sequence[str]) -> list[str]:
        self.groups.append(list(items))
        self.begun.set()
        assert self.open.wait(60)
        if self.is_away:
            raise Away
        if any(item.startswith("bad") for item in items):
            raise ValueError("a bad one")
        return [item.upper() for item in items]

    def group_commit(
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


type Put = asyncio.Task[str]


async def put(group_commit: GroupCommit[str, str], *items: str) -> list[Put]:
    """Begin to put each item, in this order."""
    tasks = [asyncio.ensure_future(group_commit.put(item)) for item in items]
    await asyncio.sleep(0)
    return tasks


async def begin(store: Store, group_commit: GroupCommit[str, str]) -> Put:
    """Begin a write that does not end before the store is opened."""
    store.open.clear()
    (first,) = await put(group_commit, "first")
    await asyncio.to_thread(store.begun.wait, 60)
    return first


async def test_put__alone__written_at_once(store: Store) -> None:
    group_commit = store.group_commit()

    assert [await group_commit.put("a"), await group_commit.put("b")] == ["A", "B"]
    assert store.groups == [["a"], ["b"]]


async def test_put__during_a_write__together_in_the_next_in_order(store: Store) -> None:
    # Given
    group_commit = store.group_commit()
    first = await begin(store, group_commit)

    # When
    later = await put(group_commit, "a", "b", "c")
    store.open.set()

    # Then
    assert await asyncio.gather(first, *later) == ["FIRST", "A", "B", "C"]
    assert store.groups == [["first"], ["a", "b", "c"]]


async def test_put__its_write_not_ended__does_not_return(store: Store) -> None:
    # Given
    group_commit = store.group_commit()
    first = await begin(store, group_commit)
    (later,) = await put(group_commit, "a")

    # Then: neither returns before the end of its own write
    assert store.groups == [["first"]]
    assert not first.done()
    assert not later.done()
    store.open.set()
    assert await asyncio.gather(first, later) == ["FIRST", "A"]
    assert store.groups == [["first"], ["a"]]


async def test_put__one_bad_among_others__only_that_one_fails(store: Store) -> None:
    # Given
    group_commit = store.group_commit()
    await begin(store, group_commit)
    puts = await put(group_commit, "a", "bad", "b")

    # When
    store.open.set()

    # Then
    assert await asyncio.gather(puts[0], puts[2]) == ["A", "B"]
    with pytest.raises(ValueError, match="a bad one"):
        await puts[1]
    assert store.groups[1:] == [["a", "bad", "b"], ["a"], ["bad"], ["b"]]
    assert await group_commit.put("after") == "AFTER"


async def test_put__store_away__all_fail_at_once_and_the_next_is_tried(
    store: Store,
) -> None:
    # Given
    group_commit = store.group_commit()
    first = await begin(store, group_commit)
    puts = await put(group_commit, "a", "b")
    store.is_away = True

    # When
    store.open.set()

    # Then
    for each in (first, *puts):
        with pytest.raises(Away):
            await each
    assert store.groups == [["first"], ["a", "b"]]
    store.is_away = False
    assert await group_commit.put("after") == "AFTER"


@pytest.mark.parametrize(
    ("most", "heaviest", "groups"),
    [
        (2, 1_000, [["aaa", "bbb"], ["ccc", "d"]]),
        (64, 6, [["aaa", "bbb"], ["ccc", "d"]]),
        # One that is too heavy by itself goes alone.
        (64, 1, [["aaa"], ["bbb"], ["ccc"], ["d"]]),
    ],
)
async def test_put__more_than_a_group_takes__several_groups(
    store: Store, most: int, heaviest: int, groups: list[list[str]]
) -> None:
    # Given
    group_commit = store.group_commit(most=most, heaviest=heaviest)
    await begin(store, group_commit)
    puts = await put(group_commit, "aaa", "bbb", "ccc", "d")

    # When
    store.open.set()

    # Then
    assert await asyncio.gather(*puts) == ["AAA", "BBB", "CCC", "D"]
    assert store.groups[1:] == groups


async def test_put__write_before_takes_too_long__gives_up_and_is_never_written(
    store: Store,
) -> None:
    # Given
    first = await begin(store, group_commit := store.group_commit(patience_s=60))
    group_commit._patience_s = 0.05

    # When
    with pytest.raises(WaitedTooLong):
        await group_commit.put("impatient")

    # Then
    store.open.set()
    assert await first == "FIRST"
    group_commit._patience_s = 60
    assert await group_commit.put("after") == "AFTER"
    assert store.groups == [["first"], ["after"]]


async def test_put__caller_leaves__the_others_of_the_write_are_served(
    store: Store,
) -> None:
    # Given
    group_commit = store.group_commit()
    first = await begin(store, group_commit)
    (other,) = await put(group_commit, "other")

    # When
    first.cancel()
    store.open.set()

    # Then
    assert await other == "OTHER"


async def test_put__many_at_once__each_gets_its_own_result_in_fewer_writes(
    store: Store,
) -> None:
    # Given
    group_commit = store.group_commit()
    items = [f"n{number}" for number in range(400)]

    # When
    results = await asyncio.gather(*(group_commit.put(item) for item in items))

    # Then
    assert results == [item.upper() for item in items]
    assert [len(group) for group in store.groups] == [1, 64, 64, 64, 64, 64, 64, 15]
