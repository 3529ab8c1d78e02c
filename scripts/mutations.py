"""The single changes that mutation testing makes to Python and SQL."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    # Start and end in the source, and what replaces it.
    Change = tuple[int, int, str]

OPERATORS = {
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "+"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.BitOr: ("|", "&"),
    ast.BitAnd: ("&", "|"),
}
FILTER = re.compile(r"(.*\.)?(filter|exclude|a?get|Q)", re.DOTALL)
# What is logged, measured or typed changes no value, authority or exposure.
IGNORED = re.compile(r"(await )?(logger|metrics)\.|cast\(")
NOT_EXECUTED = {"annotation", "returns", "decorator_list", "type_params"}
SQL_TOKENS = (
    (r"(?<= )=(?= )", "<>"),
    (r"(?<= )<>(?= )", "="),
    (r"(?<= )<(?= )", "<="),
    (r"(?<= )<=(?= )", "<"),
    (r"(?<= )>(?= )", ">="),
    (r"(?<= )>=(?= )", ">"),
    (r"IS NOT NULL", "IS NULL"),
    (r"IS NULL", "IS NOT NULL"),
    (r"IS DISTINCT FROM", "IS NOT DISTINCT FROM"),
    (r"NOT IN(?= )", "IN"),
    (r"NOT (?=EXISTS|\(|voucher_|FOUND)", ""),
    (r"FOR UPDATE\b(?: OF \w+)?(?: SKIP LOCKED)?", ""),
    (r"PERFORM [^;]+", "NULL"),
    (r"'_+'", "'other'"),
    (r"(?<![\w'])\d+\b", "+1"),
    (r"(?<=ENABLE )ALWAYS ", ""),
    (r"(?<=[A-Z]) OR (?:DELETE|UPDATE|TRUNCATE)\b", ""),
)
# Assignments, which are no comparisons, and the texts of errors.
SQL_SKIPPED = re.compile(
    r"\bSET\b.*?(?=\bWHERE\b|;)|RAISE EXCEPTION.*?;|^CREATE OR REPLACE.*?$"
    r"|RETURN voucher_refuse\(.*?;|BETWEEN \S+ AND",
    re.DOTALL | re.MULTILINE,
)
SQL_CONDITION = re.compile(r"(?<= )(AND|OR) (?!DELETE|UPDATE|TRUNCATE)")
SQL_END = re.compile(
    r"\b(?:AND|OR|THEN|RETURNING|ORDER|GROUP|LIMIT|FOR|ELSE|END|LOOP|INTO|WHEN)\b|[;)$]"
)


@dataclass(frozen=True)
class Mutation:
    """One change of one file: the bytes from start to end are replaced."""

    file: str
    line: int
    code: str
    start: int
    end: int
    new: str
    change: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}  {self.change}"

    def apply(self, source: bytes) -> bytes:
        return source[: self.start] + self.new.encode() + source[self.end :]


def mutations(file: str, source: bytes) -> list[Mutation]:
    changes = _sql if file.endswith(".sql") else _python
    return [_mutation(file, source, *c) for c in dict.fromkeys(changes(file, source))]


def _mutation(file: str, source: bytes, start: int, end: int, new: str) -> Mutation:
    line = source.count(b"\n", 0, start) + 1
    code = source.splitlines()[line - 1].decode().strip()
    old = " ".join(source[start:end].decode().split())
    return Mutation(file, line, code, start, end, new, f"{old} -> {new or 'nothing'}")


def _python(file: str, source: bytes) -> Iterator[Change]:
    tree = ast.parse(source)
    roots: list[ast.AST] = [tree]
    if "/models/" in file or "/admin/" in file or "/migrations/" in file:
        # `make check` compares the fields of models with the migrations; options of
        # admin pages are about their looks.
        roots = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    starts = [0, *accumulate(map(len, source.splitlines(keepends=True)))]
    for root in roots:
        for node in _executed(root):
            yield from _python_node(node, source, starts)


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that run, without annotations, logging and type checking."""
    if isinstance(node, ast.Expr | ast.Call) and IGNORED.match(ast.unparse(node)):
        return
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    # `zip(strict=True)` only checks what the code around it promises.
    if isinstance(node, ast.keyword) and node.arg == "strict":
        return
    yield node
    for name, value in ast.iter_fields(node):
        if name not in NOT_EXECUTED:
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _executed(child)


def _python_node(  # noqa: C901, PLR0912 -- one case a kind of node
    node: ast.AST, source: bytes, starts: list[int]
) -> Iterator[Change]:
    def span(part: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        last, column = part.end_lineno or 0, part.end_col_offset or 0
        return starts[part.lineno - 1] + part.col_offset, starts[last - 1] + column

    def between(left: ast.expr, right: ast.expr, old: str, new: str) -> Change:
        at = source.find(old.encode(), span(left)[1], span(right)[0])
        return at, at + len(old), new

    match node:
        case ast.Compare(left, operators, others):
            for sides, one in zip(pairwise([left, *others]), operators, strict=True):
                yield between(*sides, *OPERATORS[type(one)])
        case ast.BinOp(left, operator, right) if type(operator) in OPERATORS:
            if not _is_text(left) and not _is_text(right):
                yield between(left, right, *OPERATORS[type(operator)])
        case ast.BoolOp(operator, values):
            for value in values:
                if not isinstance(value, ast.Constant):
                    yield *span(value), str(isinstance(operator, ast.And))
        case ast.UnaryOp(ast.Not(), operand):
            yield *span(node), f"bool({ast.unparse(operand)})"
        case ast.If(ast.Name() | ast.Attribute() | ast.Call() as test):
            yield *span(test), f"not {ast.unparse(test)}"
        case ast.Constant(bool() as value):
            yield *span(node), str(not value)
        case ast.Constant(int() | float() as value):
            yield *span(node), str(value + 1)
        case ast.Expr(ast.Call() | ast.Await()):
            yield *span(node), "pass"
        case ast.Call(function, _, keywords) if FILTER.fullmatch(ast.unparse(function)):
            for keyword in keywords:
                start, end = span(keyword)
                comma = re.match(rb"\s*,", source[end:])
                yield start, end + (comma.end() if comma else 0), ""
        case ast.withitem(expression) if "transaction.atomic" in ast.unparse(
            expression
        ):
            yield *span(expression), "__import__('contextlib').nullcontext()"


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _sql(_file: str, source: bytes) -> Iterator[Change]:
    """Change operators, numbers, texts, locks and conditions; comments are skipped."""
    # Latin-1 has one character for each byte: positions are the same in both.
    text = re.sub(r"--.*", lambda m: " " * len(m[0]), source.decode("latin-1"))
    skipped = [found.span() for found in SQL_SKIPPED.finditer(text)]
    text = re.sub(r"'[^'\n]+'", lambda m: "'" + "_" * (len(m[0]) - 2) + "'", text)
    for pattern, new in SQL_TOKENS:
        for found in re.finditer(pattern, text):
            if not any(start <= found.start() < end for start, end in skipped):
                number = str(int(found[0]) + 1) if new == "+1" else new
                yield *found.span(), number
    for found in SQL_CONDITION.finditer(text):
        if not any(start <= found.start() < end for start, end in skipped):
            neutral = "true" if found[1] == "AND" else "false"
            yield found.end(), _end_of_condition(text, found.end()), neutral


def _end_of_condition(text: str, start: int) -> int:
    depth = 0
    for at in range(start, len(text)):
        if depth == 0 and text[at - 1] in " \n)" and SQL_END.match(text, at):
            break
        if depth == 0 and text[at] in ";)$":
            break
        depth += (text[at] == "(") - (text[at] == ")")
    return start + len(text[start:at].rstrip())
