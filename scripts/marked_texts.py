"""Find the texts of the back office that are marked for translation."""

from __future__ import annotations

import ast
import os
import re
import sys
from gettext import GNUTranslations
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python
from django.utils.translation.template import templatize

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("agents", "easymo", "rollout", "templates", "vouchers")
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "translatable": None,
    "ntranslatable": (1, 2),
    "counted": (2, 3),
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
}
# Libraries that mark texts and have no French: only what is missing is translated here.
LIBRARIES = ("unfold",)
UNUSED = re.compile(r"/contrib/(?!filters/)|/(import_export|reversion|simple_history)")
FRENCH = ("django.contrib.admin", "django.contrib.auth", "django.conf", "axes")

_TEXT = r"""u?(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
STRING = re.compile(_TEXT, re.DOTALL)
CALL = re.compile(
    rf"\b(gettext|ngettext|pgettext|_)\(\s*({_TEXT}(?:,\s*{_TEXT})*)", re.DOTALL
)

type Found = tuple[str | tuple[str, str], str | None, str]


def marked() -> Catalog:
    """Return all texts of the back office, with the files that have them."""
    catalog = Catalog(charset="utf-8")
    for text, context, place in sorted(
        [*_ours(), *_names(), *_stored(), *_of_libraries()], key=lambda found: found[2]
    ):
        if text and text[0].strip() if isinstance(text, tuple) else text.strip():
            catalog.add(text, context=context, locations=[(place, 0)])
    return catalog


def _ours() -> Iterator[Found]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if "migrations" not in path.parts:
                yield from _in_file(path, path.relative_to(ROOT).as_posix())


def _in_file(path: Path, place: str) -> Iterator[Found]:
    if path.suffix == ".py":
        found = _in_python(path)
    elif path.suffix in {".html", ".md"}:
        found = _in_template(path)
    else:
        return
    for function, parts in found:
        if function.startswith("n") or function == "counted":
            yield (parts[0], parts[1]), None, place
        elif function.startswith("p"):
            yield parts[1], parts[0], place
        else:
            yield parts[0], None, place


def _in_python(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    with path.open("rb") as file:
        for _line, function, found, _notes in extract_python(file, KEYWORDS, [], {}):
            given = cast("Any", found)
            given = [given] if isinstance(given, str) else given or []
            parts = tuple(str(part) for part in given if part)
            if parts:
                yield str(function), parts


def _in_template(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Read the calls that Django makes of the tags; the rest of its output is no Python."""
    source = templatize(path.read_text(encoding="utf-8"), origin=path.name)
    for call in CALL.finditer(source):
        literals = STRING.findall(call[2])
        yield call[1], tuple(str(ast.literal_eval(each)) for each in literals)


def _names() -> Iterator[Found]:
    """Return the names of models, fields and choices: see easymo/backoffice/names.py."""
    _set_up()
    from easymo.backoffice import names  # noqa: PLC0415

    for text in names.texts():
        yield text, None, "easymo/backoffice/names.py"


def _stored() -> Iterator[Found]:
    """Return texts of rows that migrations make: the checklist and the permissions."""
    _set_up()
    checklist = import_module("rollout.migrations.0006_checklist")
    for (_stage, section), lines in checklist.LINES.items():
        for text in (section, *(line[-1] for line in lines)):
            yield text, None, "rollout/migrations/0006_checklist.py"
    from easymo.backoffice import names  # noqa: PLC0415

    for text in names.permissions():
        yield text, None, "easymo/backoffice/names.py"


def _set_up() -> None:
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "easymo.settings")
    from django import setup  # noqa: PLC0415
    from django.apps import apps  # noqa: PLC0415

    if not apps.ready:
        setup()
    # It imports all pages, and with them their forms.
    import_module("easymo.urls")


def _of_libraries() -> Iterator[Found]:
    known = _known_in_french()
    for library in LIBRARIES:
        folder = _folder_of(library)
        for path in sorted(folder.rglob("*")):
            if UNUSED.search(path.as_posix()):
                continue
            for text, context, _place in _in_file(path, library):
                single = text if isinstance(text, str) else text[0]
                if single not in known:
                    yield text, context, library


def _known_in_french() -> set[str]:
    known: set[str] = set()
    for package in FRENCH:
        file = _folder_of(package) / "locale" / "fr" / "LC_MESSAGES" / "django.mo"
        with file.open("rb") as opened:
            # The reader of the standard library has no public list of its texts.
            texts = GNUTranslations(opened)._catalog  # type: ignore[attr-defined]
        known |= {key if isinstance(key, str) else key[0] for key in texts}
    return known


def _folder_of(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(package)
    return Path(spec.origin).parent
