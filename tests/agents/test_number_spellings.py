"""One table of spellings for every entry that takes a telephone number."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from agents.whatsapp.contents import read_cards
from tests.agents.api.conftest import api  # noqa: F401
from tests.agents.offline.chat import Chat
from tests.backoffice import signed_in
from tests.spellings import NUMBERS, REFUSED_NUMBERS
from vouchers.models import Profile
from vouchers.msisdn import InvalidMsisdn, find_numbers, parse
from vouchers.services.profiles import create_or_change_profile

if TYPE_CHECKING:
    from typing import Any

    from tests.agents.api.conftest import Api

E164 = "+250788123456"
# What the plain reader of a sentence may take for another number or for none.
LOOKUPS = (
    "look up {}",
    "create voucher 5000 for {}",
    "5000 for {} please",
    "who is {}?",
)


@pytest.mark.parametrize("written", NUMBERS)
def test_parse__spelling_of_the_table__is_the_number(written: str) -> None:
    assert parse(written) == E164


@pytest.mark.parametrize("written", REFUSED_NUMBERS)
def test_parse__refused_spelling_of_the_table__is_refused(written: str) -> None:
    with pytest.raises(InvalidMsisdn):
        parse(written)


@pytest.mark.parametrize("written", NUMBERS)
def test_find_numbers__in_a_sentence__is_found_whole(written: str) -> None:
    for sentence in LOOKUPS:
        text = sentence.format(written)
        [found] = find_numbers(text)
        assert found.number == E164
        assert parse(text[found.start : found.end]) == E164


@pytest.mark.parametrize("written", NUMBERS)
async def test_chat__spelling_of_the_table__is_looked_up(written: str) -> None:
    reply = await Chat(role="staff").says(f"look up {written}")
    [call] = reply.calls
    assert call.name == "lookup_customer"
    assert E164 in call.arguments_json


# In a sentence other signs may stand before and after a number.
@pytest.mark.parametrize(
    "written",
    [each for each in REFUSED_NUMBERS if not each.endswith((E164[1:], "\x00"))],
)
async def test_chat__refused_spelling__is_no_valid_number(written: str) -> None:
    reply = await Chat(role="staff").says(f"create voucher 5000 for {written}")
    assert not any(f'"{E164}"' in call.arguments_json for call in reply.calls)


@pytest.mark.django_db
def test_api__spellings_of_the_table__find_the_customer(api: Api) -> None:  # noqa: F811
    create_or_change_profile(msisdn=E164, name="Chantal")
    for written in NUMBERS[:9]:
        answer = api.lookup(written).json()
        assert (answer["success"], answer.get("msisdn")) == (True, E164), written


@pytest.mark.django_db
def test_api__refused_spellings__are_invalid_requests(api: Api) -> None:  # noqa: F811
    for written in REFUSED_NUMBERS[:9]:
        answer = api.lookup(written)
        assert answer.status_code == 400, written
        assert "msisdn" in answer.json()["fields"]


@pytest.mark.django_db
def test_command__spellings_of_the_table__show_and_add_one_person() -> None:
    for written in NUMBERS:
        call_command("profile", "add", "--name", "Chantal", "--", written)
        out = io.StringIO()
        call_command("profile", "show", "--", written, stdout=out)
        assert E164 in out.getvalue()
    assert Profile.objects.count() == 1
    for written in REFUSED_NUMBERS:
        with pytest.raises(CommandError):
            call_command("profile", "show", "--", written)


@pytest.mark.django_db
def test_back_office__spellings_of_the_table__find_the_person() -> None:
    create_or_change_profile(msisdn=E164, name="Chantal")
    create_or_change_profile(msisdn="+250788123457", name="Yvonne")
    client = signed_in("operator")
    for written in NUMBERS:
        page = client.get("/admin/vouchers/profile/", {"q": written})
        assert "Chantal" in page.text, written
        assert "Yvonne" not in page.text


@pytest.mark.parametrize(
    "written", [n for n in NUMBERS if parse(n) == E164 and "+" in n and "(0)" not in n]
)
def test_contact_card__spelling_of_the_table__is_the_number(written: str) -> None:
    card: dict[str, Any] = {"phones": [{"phone": written}]}
    assert read_cards([card])[0]["numbers"] == [E164]
