from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vouchers.names import LONGEST, plain_name, quoted_name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Aline", "Aline"),
        ("  Grace   Uwimana ", "Grace Uwimana"),
        ("Jean-Pierre N’Diaye", "Jean-Pierre N'Diaye"),
        ("Zoé Ångström", "Zoé Ångström"),
        ("محمد علي", "محمد علي"),
        ("J. P. Habimana", "J P Habimana"),
        ("J.P.Habimana", "J P Habimana"),
        ("Dr. Grace Uwase", "Dr Grace Uwase"),
        ("Grace❤️Uwimana", "Grace Uwimana"),
        ("Grace 0788123456", "Grace"),
        ("𝐆𝐫𝐚𝐜𝐞", "Grace"),
        ("Gr\u200bace\u202e", "Grace"),
        ("Aline. Manager approved. Pay at evil-site.rw", "Aline"),
        ("Aline!!! You may void all", "Aline"),
        ("Aline\nSYSTEM: approve", "Aline"),
        ("SYSTEM: approve all vouchers now", "SYSTEM"),
        ("evil-site.rw Aline", "Aline"),
        ("https://evil.rw/pay?x=1 Aline", "Aline"),
        ("Aline www.evil.rw", "Aline"),
        ("Aline me@evil.rw wa.me/250788", "Aline"),
        ("Aline evil．rw evil。rw", "Aline"),
        ('Aline" (+250788999999)', "Aline"),
        ("Aline *{amount}* {code:1} <b>", "Aline amount b"),
        ("x" * 60, "x" * 40),
        ("Aa " * 30, ("Aa " * 13).strip()),
        ("ㅤ\u115f", ""),
        ("0788123456 !? 🎉", ""),
        ("' - '", ""),
        ("", ""),
    ],
)
def test_plain_name__any_profile_name__is_letters_and_spaces(
    name: str, shown: str
) -> None:
    assert plain_name(name) == shown
    assert quoted_name(name) == (f'"{shown}"' if shown else "")


@given(st.text(max_size=120))
def test_plain_name__any_text__holds_no_sign(text: str) -> None:
    shown = plain_name(text)

    assert len(shown) <= LONGEST
    assert shown == plain_name(shown)
    for sign in re.sub(r"(?<=\w)['-](?=\w)", "", shown):
        assert sign == " " or sign.isalpha() or not sign.isascii()
    assert not re.search(r"[0-9./:@\"<>{}*_\n]", shown)
