"""Texts of other people are text on every page: no element, no script, no expression."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import DatabaseError, connection, models, transaction
from django.urls import reverse

from agents.models import CannedReply, Conversation
from rollout.models import AgentFlag
from tests.backoffice import signed_in
from tests.easymo.backoffice.test_offers import everything
from tests.easymo.backoffice.test_pages import OURS, address
from vouchers.models import ApprovalRequest, Profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db

# It leaves an attribute, a script, a comment and a text area, and asks for sums.
HOSTILE = "\"'></script>--></textarea><zz onzz=zz()>{{7*7}}${7*7}"
SHORT = "'\"><zz onzz=1>"
ADDRESS = "javascript:zz()"
# Attributes whose value a browser or Alpine runs.
RUN = re.compile(r"on|x-|:|@|v-|style$|srcdoc$|http-equiv$")
LINKS = {"href", "src", "action", "formaction", "data", "poster", "background"}
ROWS = 2
# Columns that only the program writes, with values of its own.
KEPT = {
    *("password", "actor_id", "actor_kind", "created_by_id", "created_by_kind"),
    *("status", "old_status", "new_status", "kind", "state", "currency"),
    *("code_last4", "code_key_id", "seq"),
}
NAMES = {(AgentFlag, "name"), (CannedReply, "key")}


class Seen(HTMLParser):
    """Collects what a browser would run of the hostile texts."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []
        self.texts = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "zz":
            self.wrong.append(f"element in {self.get_starttag_text()}")
        for name, value in attrs:
            text = value or ""
            if name == "onzz" or (RUN.match(name) and "zz" in text):
                self.wrong.append(f"<{tag} {name}>")
            if name in LINKS and text.strip().lower().startswith("javascript:zz"):
                self.wrong.append(f"<{tag} {name}> runs")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script" and "zz" in data:
            self.wrong.append("script")
        self.texts += data.count("<zz")


def columns(model: type[models.Model]) -> Iterator[tuple[str, str]]:
    """Yield each column of texts with the longest hostile text that it takes."""
    for field in model._meta.concrete_fields:
        is_kept = field.name in KEPT or (model, field.name) in NAMES
        if is_kept or field.choices or field.primary_key or field.is_relation:
            continue
        if isinstance(field, models.JSONField):
            yield field.column, ""
        elif isinstance(field, models.CharField | models.TextField):
            longest = field.max_length or 10_000
            text = ADDRESS if "url" in field.name else HOSTILE
            yield field.column, (text if len(text) <= longest else SHORT)[:longest]


def poison() -> int:
    """Write the hostile text into every column that takes it; return how many."""
    done = 0
    tables = [each for each in apps.get_models() if each._meta.app_label in (*OURS, "auth")]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for model in tables:
        table = model._meta.db_table
        if not model._meta.managed or model._meta.proxy:
            continue
        run(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        for column, text in columns(model):
            if text:
                # Of unique columns one row is enough.
                done += run(f"UPDATE {table} SET {column} = %s", text) or run(
                    f"UPDATE {table} SET {column} = %s WHERE ctid ="
                    f" (SELECT ctid FROM {table} ORDER BY 1 DESC LIMIT 1)",
                    text,
                )
            else:
                done += run(
                    f"UPDATE {table} SET {column} = regexp_replace({column}::text,"
                    " '\"(?:[^\"\\\\]|\\\\.)*\"(?!:)', %s, 'g')::jsonb",
                    '"' + SHORT.replace('"', '\\"') + '"',
                )
        run(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
    run("SET CONSTRAINTS ALL DEFERRED")
    return done


def run(statement: str, *values: str) -> bool:
    """Run it, unless the database refuses it."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
    except DatabaseError:
        return False
    return True


def pages() -> Iterator[str]:
    """Yield every page of every model, and those that belong to no model."""
    for model, page in admin.site._registry.items():
        yield address(model, "changelist")
        rows = list(model._default_manager.order_by("-pk")[:ROWS])
        for row in rows:
            yield address(model, "change", row.pk)
            yield address(model, "history", row.pk)
        for each in page.get_urls():
            name = each.name or "delete"
            if name.endswith(("changelist", "add", "history", "delete", "change")):
                continue
            if "object_id" in str(each.pattern) and rows:
                yield reverse(f"admin:{name}", args=[rows[0].pk])
    yield from ("/admin/", "/admin/?page=room", "/admin/account/", "/simulator/")
    names = ("approvals", "settlement", "waiting", "inbox", "replies", "restore")
    yield from (reverse(name) for name in (*names, "checklist", "check-runs", "find"))
    for row in ApprovalRequest.objects.all():
        yield reverse("approval", args=[row.pk])
    for chat in Conversation.objects.all():
        yield f"{reverse('inbox')}?c={chat.pk}"
        yield reverse("customer", args=[chat.profile_id])
    for person in Profile.objects.filter(is_sandbox=True)[:1]:
        for name in ("person", "chat", "behind", "phone"):
            yield reverse(f"simulator:{name}", args=[person.public_id])


def open_page(browser: Client, path: str) -> str:
    """Return the page, or nothing where it is a file or no page."""
    if path == reverse("find"):
        answer: Any = browser.post(path, {"words": HOSTILE})
    else:
        answer = browser.get(path)
    is_page = "html" in answer.headers.get("Content-Type", "") and not answer.streaming
    return answer.content.decode() if is_page else ""


def test_every_page__texts_of_other_people__are_shown_as_text(
    settings: SettingsWrapper,
) -> None:
    # Given
    settings.SIMULATOR_ENABLED = True
    records = everything()
    Profile.objects.filter(pk=records.cast.diane.profile.pk).update(is_sandbox=True)
    texts = {f"text_{language}": "Sorry" for language in ("en", "fr", "rw", "sw")}
    CannedReply.objects.create(key="sorry", title="Sorry", **texts)
    browser = signed_in("superuser")

    # When
    written = poison()
    found = {path: Seen(open_page(browser, path)) for path in pages()}

    # Then
    assert {path: each.wrong for path, each in found.items() if each.wrong} == {}
    assert written > 150
    # Enough of them show the texts at all.
    assert sum(each.texts > 0 for each in found.values()) > 60
