"""Read a profile of the earlier system. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vouchers import msisdn as numbers
from vouchers.legacy.values import text
from vouchers.models import Profile
from vouchers.services.profiles import clean_name

if TYPE_CHECKING:
    from vouchers.legacy.source import SourceRow

WHATSAPP = ("whatsapp_e164", "wa_id")
OTHERS = ("phone_number", "msisdn", "phone")
# Roles there that give no right here.
PLAIN_ROLES = {"customer", "user", "client", "member", "authenticated", "passenger"}
LANGUAGES = {"kin": "rw", "kinyarwanda": "rw", "english": "en", "french": "fr"} | {
    "francais": "fr",
    "français": "fr",
    "swahili": "sw",
    "swa": "sw",
    "eng": "en",
    "fra": "fr",
    "fre": "fr",
}
LONGEST_ID = 64


@dataclass(slots=True)
class Person:
    """What is taken of a profile. ``ids`` are its ids there; ``codes`` the report's."""

    ids: list[str]
    msisdn: str = ""
    name: str = ""
    language: str = ""
    codes: list[str] = field(default_factory=list)


def read(row: SourceRow) -> Person:
    """Read a profile. A code of the report says why it is refused or mended."""
    ids = [value for key in ("user_id", "id") if (value := text(row, key))]
    person = Person([each for each in dict.fromkeys(ids) if len(each) <= LONGEST_ID])
    if not person.ids:
        person.codes.append("id_missing")
        return person
    _read_number(row, person)
    given = text(row, "display_name", "full_name", "name") or ""
    person.name = clean_name(given)
    if person.name != given:
        person.codes.append("name_cleaned")
    spoken = text(row, "language", "locale")
    person.language = language(spoken)
    if spoken and not person.language:
        person.codes.append("language_unknown")
    if _has_role(row):
        person.codes.append("role_not_taken")
    return person


def language(spoken: str | None) -> str:
    """Return the language of "rw", "rw-RW", "fr_FR" or "kin"; "" when it is unknown."""
    if not spoken:
        return ""
    lowered = spoken.lower()
    short = LANGUAGES.get(lowered, lowered.replace("_", "-").split("-")[0])
    short = LANGUAGES.get(short, short)
    return short if short in Profile.Language.values else ""


def number_of(value: str) -> str | None:
    """Return the number in E.164; None when it is invalid."""
    try:
        return numbers.parse(value)
    except numbers.InvalidMsisdn:
        return None


def _read_number(row: SourceRow, person: Person) -> None:
    """Take the WhatsApp number; another number only where there is none."""
    written = [value for key in (*WHATSAPP, *OTHERS) if (value := text(row, key))]
    if not written:
        person.codes.append("number_missing")
        return
    whatsapp = [text(row, key) for key in WHATSAPP]
    read_ones = [number_of(value) for value in whatsapp if value]
    valid = list(dict.fromkeys(each for each in read_ones if each))
    if len(valid) > 1:
        person.codes.append("numbers_differ")
        return
    others = [number_of(value) for key in OTHERS if (value := text(row, key))]
    valid += [each for each in others if each and each not in valid]
    if not valid:
        person.codes.append("number_invalid")
        return
    person.msisdn = valid[0]
    if None in read_ones or None in others:
        person.codes.append("number_column_invalid")
    if len(valid) > 1:
        person.codes.append("other_number_left_out")


def _has_role(row: SourceRow) -> bool:
    """Tell whether the row claims more than a customer."""
    named = (text(row, "role") or "") + "," + (text(row, "roles") or "")
    roles = {each.strip(' "{}[]').lower() for each in named.split(",")} - {""}
    is_admin = (text(row, "is_admin") or "").lower() in {"t", "true", "1", "yes"}
    return is_admin or not roles <= PLAIN_ROLES
