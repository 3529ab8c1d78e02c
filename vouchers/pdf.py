"""PDF pages of text lines, with fonts that every reader of PDF has."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pydyf  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    type Line = tuple[str, str]

# A4 in points, and lines of a font in which all signs have one width.
WIDTH, HEIGHT, MARGIN = 595, 842, 50
SIZE, LEADING = 9, 13
LINES_PER_PAGE = (HEIGHT - 2 * MARGIN) // LEADING - 3
# Signs of that font between the margins.
COLUMNS = int((WIDTH - 2 * MARGIN) / (SIZE * 0.6))
PLAIN, BOLD = "F1", "F2"
FONTS = {PLAIN: "Courier", BOLD: "Courier-Bold"}


def text_pages(lines: Sequence[Line], *, footer: str) -> bytes:
    """Return a document of lines, each with its font; the footer counts the pages."""
    document = pydyf.PDF()
    fonts = _fonts(document)
    pages = [
        lines[start : start + LINES_PER_PAGE]
        for start in range(0, len(lines), LINES_PER_PAGE)
    ]
    for number, page in enumerate(pages, start=1):
        last = (PLAIN, f"{footer}, page {number} of {len(pages)}")
        _add_page(document, fonts, [*page, (PLAIN, ""), last])
    return _written(document)


def card(
    lines: Sequence[tuple[str, int, str]], modules: Sequence[Sequence[int]]
) -> bytes:
    """Return a page with lines (font, size, text) and a QR image below them."""
    document = pydyf.PDF()
    fonts = _fonts(document)
    content = pydyf.Stream()
    content.begin_text()
    content.move_text_to(MARGIN, HEIGHT - MARGIN)
    used = 0
    for font, size, text in lines:
        content.set_font_size(font, size)
        content.move_text_to(0, -size * 1.6)
        used += int(size * 1.6)
        content.show_text_string(_encoded(text))
    content.end_text()
    # Points of one module.
    module = 6
    top = HEIGHT - MARGIN - used - 3 * module
    for row, found in enumerate(modules):
        for column, is_dark in enumerate(found):
            if is_dark:
                x, y = MARGIN + column * module, top - (row + 1) * module
                content.rectangle(x, y, module, module)
    content.fill()
    document.add_object(content)
    _place(document, fonts, content)
    return _written(document)


def wrapped(text: str, *, indent: str = "") -> Iterator[str]:
    """Break a text into lines that fit between the margins."""
    line = ""
    for word in text.split():
        if line and len(line) + len(word) + 1 > COLUMNS - len(indent):
            yield indent + line
            line = ""
        line = f"{line} {word}".strip()
        while len(line) > COLUMNS - len(indent):
            yield indent + line[: COLUMNS - len(indent)]
            line = line[COLUMNS - len(indent) :]
    if line:
        yield indent + line


def _encoded(text: str) -> bytes:
    """Return the text in the encoding of the fonts; other signs become a mark."""
    return text.encode("cp1252", "replace")


def _fonts(document: pydyf.PDF) -> pydyf.Dictionary:
    references = {}
    for name, base in FONTS.items():
        font = pydyf.Dictionary(
            {
                "Type": "/Font",
                "Subtype": "/Type1",
                "BaseFont": f"/{base}",
                "Encoding": "/WinAnsiEncoding",
            }
        )
        document.add_object(font)
        references[name] = font.reference
    return pydyf.Dictionary(references)


def _add_page(
    document: pydyf.PDF, fonts: pydyf.Dictionary, lines: Sequence[Line]
) -> None:
    content = pydyf.Stream()
    content.begin_text()
    content.move_text_to(MARGIN, HEIGHT - MARGIN)
    for font, text in lines:
        content.set_font_size(font, SIZE)
        content.show_text_string(_encoded(text))
        content.move_text_to(0, -LEADING)
    content.end_text()
    document.add_object(content)
    _place(document, fonts, content)


def _place(document: pydyf.PDF, fonts: pydyf.Dictionary, content: pydyf.Stream) -> None:
    page = pydyf.Dictionary(
        {
            "Type": "/Page",
            "Parent": document.pages.reference,
            "MediaBox": pydyf.Array([0, 0, WIDTH, HEIGHT]),
            "Contents": content.reference,
            "Resources": pydyf.Dictionary({"Font": fonts}),
        }
    )
    document.add_page(page)


def _written(document: pydyf.PDF) -> bytes:
    out = io.BytesIO()
    document.write(out)
    return out.getvalue()
