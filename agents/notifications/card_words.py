"""The words on a voucher's card, in the language of its owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.language import texts
from agents.language.choice import language_of_person

if TYPE_CHECKING:
    from vouchers.models import Voucher


def of_voucher(voucher: Voucher) -> dict[str, str]:
    """Return the language and the texts of the card."""
    language = language_of_person(voucher.owner, default="en")
    expires = texts.format_date(voucher.expires_at, language)
    return {
        "language": language,
        "title": texts.render("card.title", language),
        "valid": texts.render("card.valid", language, expires=expires),
        "how": texts.render("card.how", language),
    }
