"""Refuse source files over 300 lines and functions over 40."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

MOST_LINES = 300
MOST_FUNCTION_LINES = 40
SKIPPED = {".venv", ".venv-bench", "var", "migrations", "node_modules", ".git"}
KINDS = {".py", ".sql", ".css", ".js", ".html", ".sh"}


def main() -> None:
    root = Path(__file__).resolve().parents[1]
    found = [
        complaint
        for path in sorted(root.rglob("*"))
        if path.suffix in KINDS and not SKIPPED & set(path.relative_to(root).parts)
        for complaint in complaints(path, path.relative_to(root))
    ]
    sys.stdout.writelines(line + "\n" for line in found)
    sys.exit(1 if found else 0)


def complaints(path: Path, name: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    found = []
    if lines > MOST_LINES:
        found.append(f"{name}: {lines} lines; {MOST_LINES} is the most.")
    if path.suffix == ".py" and "tests" not in name.parts:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - _first_line(node) + 1
                if length > MOST_FUNCTION_LINES:
                    found.append(
                        f"{name}:{node.lineno}: {node.name} has {length} lines; "
                        f"{MOST_FUNCTION_LINES} is the most."
                    )
    return found


def _first_line(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the first line after the signature and the docstring."""
    body = node.body[1:] if ast.get_docstring(node) and node.body[1:] else node.body
    return body[0].lineno


if __name__ == "__main__":
    main()
