"""Every text is used, and every used key has a text."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from agents.language import texts
from vouchers import errors

ROOT = Path(__file__).parents[3]
TEXTS = texts.TEXTS["en"]
FAMILIES = {key.split(".")[0] for key in TEXTS}


@cache
def _strings() -> tuple[frozenset[str], frozenset[str]]:
    """Return the whole strings of the code, and the beginnings of those filled in."""
    whole: set[str] = set()
    begun: set[str] = set()
    for path in (
        p for app in ("agents", "vouchers") for p in (ROOT / app).rglob("*.py")
    ):
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                whole.add(node.value)
            if isinstance(node, ast.JoinedStr) and isinstance(
                node.values[0], ast.Constant
            ):
                begun.add(str(node.values[0].value))
    for page in (ROOT / "templates").rglob("*.html"):
        whole |= set(re.findall(r"words\.(\w+)", page.read_text(encoding="utf-8")))
    return frozenset(whole), frozenset(begun)


def test_texts__each_key__is_used_somewhere() -> None:
    whole, begun = _strings()
    # The station page has words of its own for the refusals of the business.
    whole |= {f"refused.{kind.code}" for kind in _kinds(errors.VoucherError)}

    unused = [
        key
        for key in TEXTS
        if key not in whole
        # "status.issued" is made of f"status.{…}" and the word "issued".
        and not (key.split(".")[0] + "." in begun and key.split(".", 1)[1] in whole)
    ]

    assert unused == []


def test_texts__each_used_key__exists() -> None:
    whole, _ = _strings()
    looks_like_a_key = {
        text
        for text in whole
        if text.count(".") == 1
        and text.split(".")[0] in FAMILIES
        and text.split(".")[1].isidentifier()
    }

    assert looks_like_a_key - set(TEXTS) == set()


def test_texts__each_refusal_of_the_business__has_words_of_its_own() -> None:
    codes = {kind.code for kind in _kinds(errors.VoucherError)}

    assert {code for code in codes if f"refused.{code}" not in TEXTS} <= TOLD_OTHERWISE


def _kinds(kind: type[errors.VoucherError]) -> list[type[errors.VoucherError]]:
    below = kind.__subclasses__()
    return below + [deeper for one in below for deeper in _kinds(one)]


# Reported as another refusal, or impossible in a chat.
TOLD_OTHERWISE = {
    *("not_pending", "approval_expired", "not_owner", "invalid_reason"),
    "second_person_needed",
    *("invalid_profile", "still_holds_vouchers", "already_decided"),
    # Of reversals, which are no tool of a chat.
    *("too_late", "not_redeemed", "already_asked"),
    # Of batches.
    "campaign_refused",
    # Of extensions, which only the back office makes.
    "wrong_last_day",
}
