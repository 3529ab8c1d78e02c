"""Refuse long files, long functions, and words outside of plain technical English.

The words are checked in Python, templates and documentation. Fixed texts to customers,
lexicons and recorded sentences are data and are not checked.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

MAX_LINES = 400
MAX_FUNCTION_LINES = 40
SKIPPED = {
    ".venv",
    ".venv-bench",
    ".venv-train",
    "var",
    "migrations",
    "node_modules",
    ".git",
}
SOURCE = {".py", ".sql", ".css", ".js", ".html", ".sh"}
PROSE = {".py", ".sql", ".html", ".md", ".sh", ".yml"}
# Texts to customers, word lists of four languages, and sentences that people wrote.
DATA = re.compile(
    r"^(agents/language/lexicons/|agents/llm/(claim_words|reply_words|secret_requests)|tests/.*(held_out|claim_table|corpus)"
    r"|docs/openapi\.yaml|scripts/lint_source\.py)"
)
WORDS = re.compile(
    r"\b(she|hers?|herself|whoever|whom|whomever|whosoever|somebody|nobody|anybody"
    r"|everybody|of ours|thereof|whereof|wherein|whereby|therein|herein|hereby"
    r"|thereupon|henceforth|hitherto|heretofore|lest|naught|anew|amongst|whilst"
    r"|yonder|alas|purse|parcels?|lately|afresh|thus|merely|mere|farewell|in vain"
    r"|for want of|all the same|doors?|(?-i:roads?)|(?:each|every|no) other ones?"
    r"|so (?:many|few|often)(?! that\b))\b",
    re.IGNORECASE,
)
# Quotations in backticks are data: what a customer wrote, a name, a command. The
# account `nobody` is PostgreSQL's on Unix systems.
QUOTED = re.compile(r"`[^`\n]*`|[\"']nobody[\"']")


def main() -> None:
    root = Path(__file__).resolve().parents[1]
    found = [
        complaint
        for path in sorted(root.rglob("*"))
        if path.suffix in SOURCE | PROSE
        and not SKIPPED & set(path.relative_to(root).parts)
        for complaint in complaints(path, path.relative_to(root))
    ]
    sys.stdout.writelines(line + "\n" for line in found)
    sys.exit(1 if found else 0)


def complaints(path: Path, name: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    found = []
    lines = text.count("\n")
    if path.suffix in SOURCE and lines > MAX_LINES:
        found.append(f"{name}: {lines} lines; at most {MAX_LINES}.")
    if path.suffix == ".py" and "tests" not in name.parts:
        found += long_functions(text, name)
    if path.suffix in PROSE and not DATA.match(name.as_posix()):
        found += unusual_words(text, name)
    return found


def long_functions(text: str, name: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - _first_line(node) + 1
            if length > MAX_FUNCTION_LINES:
                found.append(
                    f"{name}:{node.lineno}: {node.name} has {length} lines; "
                    f"at most {MAX_FUNCTION_LINES}."
                )
    return found


def unusual_words(text: str, name: Path) -> list[str]:
    return [
        f"{name}:{number}: '{match[0]}' is not plain technical English."
        for number, line in enumerate(text.splitlines(), 1)
        for match in WORDS.finditer(QUOTED.sub("", line))
    ]


def _first_line(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the first line after the signature and the docstring."""
    body = node.body[1:] if ast.get_docstring(node) and node.body[1:] else node.body
    return body[0].lineno


if __name__ == "__main__":
    main()
