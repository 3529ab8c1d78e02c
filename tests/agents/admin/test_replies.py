"""Canned replies and templates: who edits them, and what a composer begins with."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from agents.handoff import canned
from agents.language.texts import LANGUAGES
from agents.models import ApprovedTemplate, CannedReply, Conversation
from tests.agents.admin.test_inbox import chosen, text_of, waiting_records
from tests.backoffice import HOSTILE, signed_in
from vouchers.models import Profile, Voucher

if TYPE_CHECKING:
    from tests.backoffice import Records

pytestmark = pytest.mark.django_db
TEXTS = {f"text_{language}": f"{language}: Hello {{name}}." for language in LANGUAGES}
REPLY = {"key": "greeting", "title": "Greeting", **TEXTS}
TEMPLATE = {"name": "follow_up", "language": "en", "text": "Hello {{1}}."}


@pytest.fixture
def records(db: None) -> Records:
    return waiting_records()


def saved() -> tuple[int, int]:
    return CannedReply.objects.count(), ApprovedTemplate.objects.count()


@pytest.mark.parametrize("what", ["reply", "template"])
@pytest.mark.parametrize("role", ["viewer", "support", "operator"])
def test_edit__each_role__only_with_the_right(role: str, what: str) -> None:
    # Given
    browser = signed_in(role)
    may = role == "operator" or (role == "support" and what == "reply")
    given = REPLY if what == "reply" else TEMPLATE
    shown = text_of(browser.get(reverse("replies")))

    # When
    answer = browser.post(reverse(f"{what}-new"), given)

    # Then
    assert (reverse(f"{what}-new") in shown) == may
    assert answer.status_code == (302 if may else 403)
    assert sum(saved()) == may
    rows: list[Any] = [*CannedReply.objects.all(), *ApprovedTemplate.objects.all()]
    for row in rows:
        assert row.changed_by == f"the-{role}"
        other = signed_in("viewer") if role != "viewer" else browser
        gone = reverse("reply-remove", args=[what, row.pk])
        assert other.post(gone).status_code == 403
        assert browser.post(gone).status_code == 302
    assert sum(saved()) == 0


@pytest.mark.parametrize(
    ("what", "changed"),
    [
        ("reply", {"text_rw": ""}),
        ("reply", {"text_fr": "Bonjour {nom}"}),
        ("reply", {"text_sw": "{code:7}"}),
        ("reply", {"text_en": "1234 5678 9012 3452"}),
        ("reply", {"text_en": "x" * 1_001}),
        ("reply", {"key": "Two words"}),
        ("reply", {"key": "../x"}),
        ("reply", {"title": ""}),
        ("template", {"text": "Hello {{2}}"}),
        ("template", {"text": ""}),
        ("template", {"name": "Follow up"}),
        ("template", {"language": "de"}),
    ],
)
def test_edit__not_usable__refused(what: str, changed: dict[str, str]) -> None:
    given = (REPLY if what == "reply" else TEMPLATE) | changed
    answer = signed_in("operator").post(reverse(f"{what}-new"), given)
    assert answer.status_code == 200
    assert "aria-invalid" in text_of(answer)
    assert saved() == (0, 0)


def test_rows__without_a_text__cannot_be_written() -> None:
    for column in ("title", *TEXTS):
        with pytest.raises(IntegrityError), transaction.atomic():
            CannedReply.objects.create(**REPLY | {column: ""}, changed_by="x")
    for column in ("name", "text"):
        with pytest.raises(IntegrityError), transaction.atomic():
            ApprovedTemplate.objects.create(**TEMPLATE | {column: ""}, changed_by="x")


def test_fixed_reply__changed_then_removed__first_text_again() -> None:
    # Given
    browser, fixed = signed_in("support"), canned.fixed("looking")
    page = text_of(browser.get(reverse("reply", args=["looking"])))
    assert fixed.texts["rw"].replace("'", "&#x27;") in page

    # When
    browser.post(reverse("reply", args=["looking"]), REPLY | {"key": "other"})

    # Then: the key stays
    row = CannedReply.objects.get()
    found = [each for each in canned.replies() if each.key == "looking"]
    assert [each.texts["sw"] for each in found] == ["sw: Hello {name}."]
    assert len(canned.replies()) == len(canned.FIXED)
    browser.post(reverse("reply-remove", args=["reply", row.pk]))
    assert [each for each in canned.replies() if each.key == "looking"] == [fixed]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Aline {reference}", "Aline reference"),
        ("", "{name}"),
        (HOSTILE, "img src x onerror alert"),
    ],
)
def test_composer__each_language_and_name__filled_in_safely(
    records: Records, language: str, name: str, shown: str
) -> None:
    # Given
    Conversation.objects.update(language=language)
    Profile.objects.filter(pk=records.cast.aline.profile.pk).update(name=name)
    texts = dict.fromkeys(TEXTS, "{name}: {reference}") | {
        f"text_{language}": f"{language} {{name}}: {{reference}}"
    }
    CannedReply.objects.create(**REPLY | texts, changed_by="x")
    newest = Voucher.objects.filter(owner=records.cast.aline.profile).order_by("-id")

    # When
    page = signed_in("support").get(
        chosen(records), {"c": records.cast.aline.chat.pk, "canned": "greeting"}
    )

    # Then
    begin, _, end = page.context["text"].partition(": ")
    assert begin.split(" ")[0] == language
    assert end == newest[0].reference
    assert (shown == begin[3:]) if name != HOSTILE else ("<" not in begin)


@pytest.mark.parametrize("is_set_up", [True, False])
def test_window_closed__templates_or_the_reason(
    records: Records, is_set_up: bool
) -> None:
    # Given
    Conversation.objects.update(window_closes_at=timezone.now() - timedelta(hours=1))
    if is_set_up:
        row = ApprovedTemplate.objects.create(**TEMPLATE, changed_by="x")

    # When
    browser = signed_in("support")
    shown = text_of(browser.get(chosen(records)))

    # Then
    assert ("No approved template is set up" in shown) == (not is_set_up)
    assert "allows only an approved template" in shown
    if is_set_up:
        assert shown.count('name="parameter"') == 1
        given = {"action": "template", "template": row.pk, "parameter": ["Aline"]}
        key = "6f2f7d9e-13cd-4b53-9d8e-3c34f3a1b7aa"
        answer = browser.post(chosen(records), given | {"key": key})
        assert answer.status_code == 302
        assert "Hello Aline." in text_of(browser.get(chosen(records)))
