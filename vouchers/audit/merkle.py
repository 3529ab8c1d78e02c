"""Merkle trees of SHA-256. Pure functions.

A node is the hash of 0x01 and its two children; the last node of an odd row moves up
unchanged. Leaves begin with 0x00 (``leaves.py``).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

EMPTY = hashlib.sha256(b"").digest()
# The side of the neighbour, and its hash.
type Step = tuple[str, bytes]


def root(nodes: Sequence[bytes]) -> bytes:
    """Return the root of a tree with these leaves."""
    row = list(nodes)
    while len(row) > 1:
        row = _parents(row)
    return row[0] if row else EMPTY


def proof(nodes: Sequence[bytes], place: int) -> list[Step]:
    """Return the neighbours on the way from one leaf to the root."""
    row, steps = list(nodes), []
    while len(row) > 1:
        neighbour = place ^ 1
        if neighbour < len(row):
            side = "left" if neighbour < place else "right"
            steps.append((side, row[neighbour]))
        row, place = _parents(row), place // 2
    return steps


def follow(leaf: bytes, steps: Sequence[Step]) -> bytes:
    """Return the root that the leaf and its proof lead to."""
    node = leaf
    for side, neighbour in steps:
        node = _node(neighbour, node) if side == "left" else _node(node, neighbour)
    return node


def _parents(row: list[bytes]) -> list[bytes]:
    pairs = range(0, len(row) - 1, 2)
    parents = [_node(row[at], row[at + 1]) for at in pairs]
    return parents + row[len(row) - 1 :] if len(row) % 2 else parents


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
