"""The documentation names paths, commands and make targets that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parents[1]
PAGES = (
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    ROOT / "tests/README.md",
    ROOT / "deploy/README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)
# Created by a run of the product, so not part of the repository.
GENERATED = (".env", ".venv", "var/")
TOP = {
    "agents",
    "deploy",
    "docs",
    "easymo",
    "requirements",
    "rollout",
    "scripts",
    "templates",
    "tests",
    "vouchers",
}
SUFFIX = r"\.(?:py|md|yml|yaml|json|sql|toml|txt)"
# `agents/core/locks.py`, `docs/adr`, `people.md`; no address and no pattern.
PATH = re.compile(rf"`((?:[\w.-]+/)+[\w.-]+/?|[\w.-]+{SUFFIX})`")
# With one dot it may be a permission, such as `rollout.rollback`.
MODULE = re.compile(r"`((?:agents|easymo|rollout|vouchers)(?:\.\w+){2,})`")
# [README](../../README.md#turn-the-agent-off-and-on-again): the page and its heading.
ANCHOR = re.compile(r"\]\(([^)#\s]*)#([^)\s]+)\)")
LINK = re.compile(r"\]\(([^)#\s]+)|src=\"([^\"]+)\"")
COMMAND = re.compile(r"manage\.py ([a-z_]+)")
TARGET = re.compile(
    r"(?:`|^\s*|&& )(?:[A-Z_]+=\S+ )*make ((?:[a-z]+ ?)+)", re.MULTILINE
)

page = pytest.mark.parametrize(
    "page", PAGES, ids=[path.relative_to(ROOT).as_posix() for path in PAGES]
)


@page
def test_page__each_path_in_backticks__exists(page: Path) -> None:
    # Given
    named = PATH.findall(page.read_text(encoding="utf-8"))

    # When
    missing = [name for name in named if not _exists(name, page, named)]

    # Then
    assert missing == []


@page
def test_page__each_module__exists(page: Path) -> None:
    named = MODULE.findall(page.read_text(encoding="utf-8"))

    assert [name for name in named if not _is_module(name)] == []


@page
def test_page__each_link__leads_to_a_file(page: Path) -> None:
    # Given
    links = [
        link or image for link, image in LINK.findall(page.read_text(encoding="utf-8"))
    ]

    # When
    missing = [
        link
        for link in links
        if "://" not in link and not (page.parent / link).exists()
    ]

    # Then
    assert missing == []


@page
def test_page__each_anchor__is_a_heading(page: Path) -> None:
    # Given
    anchors = [
        (page.parent / name if name else page, anchor)
        for name, anchor in ANCHOR.findall(page.read_text(encoding="utf-8"))
        if "://" not in name
    ]

    # When
    missing = [
        f"{target.name}#{anchor}"
        for target, anchor in anchors
        if anchor not in _headings(target)
    ]

    # Then
    assert missing == []


@page
def test_page__each_command__exists(page: Path) -> None:
    named = COMMAND.findall(page.read_text(encoding="utf-8"))

    assert set(named) - set(get_commands()) == set()


@page
def test_page__each_make_target__exists(page: Path) -> None:
    # Given
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))

    # When
    named = {
        target
        for group in TARGET.findall(page.read_text(encoding="utf-8"))
        for target in group.split()
    }

    # Then
    assert named - targets == set()


def _exists(name: str, page: Path, named: list[str]) -> bool:
    """Tell whether the path exists from the root, the page or a folder named before."""
    if name.startswith(GENERATED):
        return True
    if "/" not in name or name.split("/", maxsplit=1)[0] in TOP:
        folders = [ROOT, page.parent]
        folders += [(ROOT / other).parent for other in named if "/" in other]
        return any((folder / name).exists() for folder in folders)
    # A path within a package, such as `flags/acknowledgements.py`; else a media type.
    return re.search(f"{SUFFIX}$", name) is None or any(
        (ROOT / app / name).exists() for app in TOP
    )


def _headings(page: Path) -> set[str]:
    """Return the anchors of a page as GitHub makes them."""
    text = re.sub(
        r"^```.*?^```",
        "",
        page.read_text(encoding="utf-8"),
        flags=re.MULTILINE | re.DOTALL,
    )
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", t.lower()).replace(" ", "-") for t in titles}


def _is_module(name: str) -> bool:
    """Tell whether a prefix of the name is a module or a package."""
    parts = name.split(".")
    return any(
        (path := ROOT.joinpath(*parts[:length])).with_suffix(".py").exists()
        or (length == len(parts) and path.is_dir())
        or (path / "__init__.py").exists()
        for length in range(len(parts), 1, -1)
    )


def test_decisions__numbers__are_unique_without_gaps_and_in_the_title() -> None:
    records = sorted((ROOT / "docs" / "adr").glob("*.md"))

    assert [int(record.name[:4]) for record in records] == [*range(1, len(records) + 1)]
    for record in records:
        title = record.read_text(encoding="utf-8").splitlines()[0]
        assert title.startswith(f"# {int(record.name[:4])}."), record.name
