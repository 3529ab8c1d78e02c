"""The check digit of voucher codes.

The Damm digit detects every single wrong digit and every swap of two neighbours. So a
typing error is not counted as a guess. It adds no secrecy.
"""

from __future__ import annotations

_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)


def damm_digit(digits: str) -> str:
    state = 0
    for digit in digits:
        state = int(_DAMM[state][int(digit)])
    return str(state)


def is_valid(digits: str) -> bool:
    return damm_digit(digits) == "0"
