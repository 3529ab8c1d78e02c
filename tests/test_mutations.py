"""The changes that `make mutants` makes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.processes import ROOT

if TYPE_CHECKING:
    from types import ModuleType


@pytest.fixture
def mutations(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import mutations

    monkeypatch.delitem(sys.modules, "mutations")
    return mutations


def changes(mutations: ModuleType, file: str, source: str) -> set[str]:
    found = mutations.mutations(file, source.encode())
    return {mutation.apply(source.encode()).decode() for mutation in found}


def test_python__condition__changes_operators_numbers_and_operands(
    mutations: ModuleType,
) -> None:
    assert changes(mutations, "a.py", "x = a < 1 and not b\n") == {
        "x = a <= 1 and not b\n",
        "x = a < 2 and not b\n",
        "x = True and not b\n",
        "x = a < 1 and True\n",
        "x = a < 1 and bool(b)\n",
    }


def test_python__filter_and_call__are_dropped(mutations: ModuleType) -> None:
    assert changes(mutations, "a.py", "f(rows.filter(a=b, c=d))\n") == {
        "f(rows.filter( c=d))\n",
        "f(rows.filter(a=b, ))\n",
        "pass\n",
    }


def test_python__logging_types_and_annotations__are_not_changed(
    mutations: ModuleType,
) -> None:
    source = (
        "logger.info('a', extra={'b': 1})\n"
        "x: Literal[1]\n"
        "if TYPE_CHECKING:\n    y = 1\n"
        "'text'\n"
    )
    assert changes(mutations, "a.py", source) == set()


def test_python__models__changes_functions_only(mutations: ModuleType) -> None:
    source = "a = 1\ndef f(self):\n    return 1\n"
    assert changes(mutations, "vouchers/models/a.py", source) == {
        "a = 1\ndef f(self):\n    return 2\n"
    }


def test_sql__conditions__are_dropped_and_turned_round(mutations: ModuleType) -> None:
    source = "SELECT 1 WHERE a = b\n   AND (c IS NULL OR d); -- AND e = f\n"
    assert changes(mutations, "a.sql", source) == {
        source.replace("SELECT 1", "SELECT 2"),
        source.replace("a = b", "a <> b"),
        source.replace("IS NULL", "IS NOT NULL"),
        source.replace("(c IS NULL OR d)", "true"),
        source.replace("OR d", "OR false"),
    }


def test_sql__assignments_and_texts_of_errors__are_not_changed(
    mutations: ModuleType,
) -> None:
    source = "UPDATE t SET a = 1;\nRAISE EXCEPTION 'no' USING ERRCODE = 'x';\n"
    assert changes(mutations, "a.sql", source) == set()


def test_all_files__of_the_groups__can_be_changed(mutations: ModuleType) -> None:
    files = [*ROOT.glob("vouchers/sql/schema/*.sql"), *ROOT.glob("vouchers/*.py")]

    for file in files:
        source = file.read_bytes()
        for mutation in mutations.mutations(str(file.relative_to(ROOT)), source):
            assert mutation.apply(source) != source
