"""The pages of the agent's texts: draft, comparison, publishing, returning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from agents.content import in_force, publishing
from agents.models import ContentVersion, Turn
from tests.agents.content.writing import publish, save
from tests.backoffice import HOSTILE, signed_in

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.test import Client

pytestmark = pytest.mark.django_db
DRAFT = "admin:agents_contentversion_edit_draft"
PUBLISH = "admin:agents_contentversion_publish"
DISCARD = "admin:agents_contentversion_discard"
# Braces are refused.
MARKUP = HOSTILE.partition("{{")[0]
LIST = "admin:agents_contentversion_changelist"


def text_of(answer: HttpResponse) -> str:
    return answer.content.decode()


def fields(page: Any) -> dict[str, Any]:
    """Return what the form of a page would send."""
    form = page.context["form"]
    values = {one.html_name: one.value() for one in form}
    return {name: "" if value is None else value for name, value in values.items()}


def sends(browser: Client, address: str, **changes: Any) -> Any:
    """Open a form, change these fields and send it."""
    page = browser.get(address)
    return browser.post(address, fields(page) | changes, follow=True)


def address_of(version: int, action: str) -> str:
    return reverse(f"admin:agents_contentversion_{action}", args=[version])


def test_pages__operator__edits_publishes_and_returns() -> None:
    # Given
    browser = signed_in("operator")

    # When: a draft is saved, compared and published, and another one.
    saved = sends(
        browser,
        reverse(DRAFT),
        hours_mon="08:00-17:00",
        how_it_works_en=f"We sell fuel. {MARKUP}",
        own0_key="tyres",
        own0_phrases="tyre, pneu",
        own0_fr="Pas de pneus.",
    )
    compared = browser.get(reverse(PUBLISH))
    sends(browser, reverse(PUBLISH), reason="First texts")
    sends(browser, reverse(DRAFT), how_it_works_en="We sell water.", own0_removed="on")
    sends(browser, reverse(PUBLISH), reason="Water")

    # Then
    assert "Draft saved" in text_of(saved)
    page = text_of(compared)
    assert "Hours on Monday" in page
    assert MARKUP not in page
    assert "&lt;img src=x" in page
    second = publishing.newest()
    assert second is not None
    content = in_force.of_version(second)
    assert second.number == 2
    assert [topic.key for topic in content.topics] == ["how_it_works"]

    # When: one press and a reason lead back.
    returned = sends(browser, address_of(1, "return_one"), reason="Fuel, not water")

    # Then
    assert "Version 3 is in force." in text_of(returned)
    third = ContentVersion.objects.get(number=3)
    assert third.document == ContentVersion.objects.get(number=1).document
    assert (third.published_by, third.reason) == ("the-operator", "Fuel, not water")
    assert third.returned_from_id == 1
    assert LogEntry.objects.filter(object_id="3").exists()
    shown = text_of(browser.get(address_of(1, "change")))
    assert "tyre" in shown
    assert MARKUP not in shown


@pytest.mark.parametrize("role", ["support", "viewer"])
def test_pages__without_permission__only_read(role: str) -> None:
    publish(instructions="One.")
    publish(instructions="Two.")
    save(instructions="Three.")
    browser = signed_in(role)

    assert browser.get(reverse(LIST)).status_code == 200
    assert browser.get(address_of(1, "change")).status_code == 200
    for address in (
        *(reverse(DRAFT), reverse(PUBLISH), reverse(DISCARD)),
        address_of(1, "return_one"),
    ):
        assert browser.get(address).status_code == 403
        assert browser.post(address, {"reason": "x"}).status_code == 403
    assert ContentVersion.objects.count() == 2
    assert publishing.draft().document is not None


def test_draft__wrong_parts__are_named_at_their_fields() -> None:
    browser = signed_in("operator")
    wrong = {
        "hours_mon": "all day",
        "exceptions": "Christmas",
        "contact_rw": "{code:1}",
        "own0_key": "tyres",
        "own0_phrases": "12",
        "own0_en": "No.",
    }

    answer = sends(browser, reverse(DRAFT), **wrong)

    errors = answer.context["form"].errors
    assert set(errors) == {"hours_mon", "exceptions", "contact_rw", "own0_key"}
    # What was typed is still there.
    assert fields(answer)["hours_mon"] == "all day"
    assert publishing.draft().document is None


def test_publish__claim_in_a_text__is_refused_with_the_sentence() -> None:
    browser = signed_in("operator")
    sends(browser, reverse(DRAFT), contact_fr="Votre bon a été émis.")

    for page in (browser.get(reverse(DRAFT)), browser.get(reverse(PUBLISH))):
        assert "Contact, French: “Votre bon a été émis.”" in text_of(page)
    assert publishing.newest() is None


def test_publish__page_of_an_older_draft__is_refused() -> None:
    browser = signed_in("operator")
    save(instructions="One.")
    old = fields(browser.get(reverse(PUBLISH))) | {"reason": "x"}
    save(instructions="Two.")

    answer = browser.post(reverse(PUBLISH), old)

    assert "Another person changed the texts" in text_of(answer)
    assert publishing.newest() is None


def test_discard__draft__is_dropped() -> None:
    browser = signed_in("operator")
    publish(instructions="One.")
    save(instructions="Two.")

    sends(browser, reverse(DISCARD), reason="Not needed")

    assert publishing.draft().document is None
    assert publishing.document_to_edit()["instructions"] == "One."


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ({}, "built-in"),
        ({"content_version": 3}, "version 3"),
        ({"content_draft": 7}, "draft, edit 7"),
    ],
)
def test_turn__content__is_named(facts: dict[str, int], shown: str) -> None:
    assert Turn(**facts).content_used == shown
