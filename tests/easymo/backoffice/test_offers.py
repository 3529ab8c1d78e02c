"""What a page offers is accepted: every action, in every state, for every role."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.forms import FileField
from django.urls import reverse
from django.utils import timezone

from agents.api import tokens
from agents.identity import blocks, disputes
from agents.models import (
    Block,
    ForwardedItem,
    HandOff,
    IdentityClaim,
    Media,
    SendingLine,
    WebhookEvent,
)
from rollout.admin.forms import MemberForm
from rollout.announcements import announcements
from rollout.core import clock
from rollout.core.features import Feature
from rollout.flags import cohorts, flags
from rollout.incidents import incidents
from rollout.models import (
    Announcement,
    Contact,
    Incident,
    OnCallShift,
    Override,
)
from rollout.notices import contacts
from rollout.stages import plan_state, rollback, waivers
from tests.backoffice import ROLES, Records, create_records, signed_in
from tests.easymo.backoffice.test_pages import MODELS, address
from tests.rollout.plan_cases import go
from vouchers.actors import Actor
from vouchers.models import Profile
from vouchers.services.void import void_voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import Model
    from django.forms import Form
    from django.test import Client

pytestmark = pytest.mark.django_db

MINE = {"actor": "the-operator", "reason": "a test"}
THEIRS = {"actor": "grace", "reason": "a test"}
LINK = re.compile(r'href="(/admin/[a-z]+/[a-z]+/(?:[^"/?]+/)?[a-z-]+/)(?:\?[^"]*)?"')
FORM = '<form method="post" novalidate'
MOST_ROWS = 8


def everything() -> Records:
    """Create rows in their first states, by the operator and by another user."""
    records = create_records()
    aline, bosco = records.cast.aline, records.cast.bosco
    blocks.block_profile(profile=bosco.profile, **THEIRS)
    disputes.open_dispute(
        kind=IdentityClaim.Kind.FIRST_ID,
        profile=records.cast.diane.profile,
        bsuid="RW.1",
    )
    played = Profile.objects.create(name="Played", role="staff", is_sandbox=True)
    disputes.open_dispute(
        kind=IdentityClaim.Kind.TWO_PEOPLE,
        profile=aline.profile,
        other=played,
        bsuid="RW.2",
    )
    for state in ("stored", "failed"):
        Media.objects.create(message=aline.writes("a photo"), kind="image", state=state)
    tokens.create_token(name="partner", scopes=["lookup"], station=None, actor="grace")
    event = WebhookEvent.objects.first()
    assert event is not None
    for number, state in enumerate(("sent", "queued")):
        ForwardedItem.objects.create(
            lane=bytes(32),
            key=bytes([number]) * 32,
            event=event,
            kind="message",
            reason="feature_off",
            content=b"{}",
            state=state,
            sent_at=timezone.now() if state == "sent" else None,
        )
    SendingLine.objects.create(
        phone_number_id="1", held_until=timezone.now(), error_code="131056"
    )
    for by in ("the-operator", "grace"):
        announcements.draft(
            audience="engineering", medium="other", subject="Soon", text="Hi", by=by
        )
    announcements.draft(
        audience="engineering", medium="slack", subject="Soon", text="Hi", by="grace"
    )
    for name, phone in (("Ann", "+250788123456"), ("", "")):
        contacts.save_contact(
            contact=None, role=f"Lead {name}", name=name, phone=phone, order=1
        )
    ann = Contact.objects.get(name="Ann")
    contacts.add_shift(
        contact=ann,
        starts_at=clock.now(),
        ends_at=clock.now() + timedelta(hours=2),
        by="grace",
    )
    cohorts.make_cohort(name="beta")
    cohorts.add_member("beta", str(aline.profile.public_id), "grace")
    incident = incidents.report_incident(
        title="Slow", severity="low", text="It is slow.", by="grace"
    )
    incidents.add_action(
        incident=incident, text="Look", owner="ann", due=clock.now(), author="grace"
    )
    return records


def first_states() -> None:
    everything()


def later_states() -> None:
    """Move each row on: decided, closed, sent, ended, spent."""
    records = everything()
    HandOff.objects.update(closed_at=timezone.now(), closed_by="x", resolution="x")
    for claim in IdentityClaim.objects.filter(other=None):
        disputes.keep_separate(claim_id=claim.pk, actor="grace", reason="x")
    for block in Block.objects.all():
        blocks.lift_block(block=block, **THEIRS)
    tokens.revoke_token(name="partner", **THEIRS)
    void_voucher(
        voucher_id=records.issued.voucher.public_id,
        actor=Actor.system("tests"),
        reason="x",
        key="x",
    )
    for row in Announcement.objects.all():
        announcements.approve(announcement=row, by="third")
    sent = Announcement.objects.filter(medium="other").first()
    assert sent is not None
    announcements.send(announcement=sent, by="grace")
    for shift in OnCallShift.objects.all():
        OnCallShift.objects.filter(pk=shift.pk).update(
            starts_at=clock.now() - timedelta(hours=2),
            ends_at=clock.now() - timedelta(hours=1),
        )
    incidents.report_incident(
        title="Closed", severity="low", text="It was slow.", by="grace"
    )
    for incident in Incident.objects.all():
        for status in ("mitigated", "resolved"):
            incidents.set_status(
                incident=incident, status=status, reason="x", author="grace"
            )
    closed = Incident.objects.get(title="Closed")
    lessons = dict.fromkeys(incidents.LESSONS, "A lesson.")
    incidents.write_lessons(incident=closed, author="grace", **lessons)
    incidents.set_status(incident=closed, status="closed", reason="x", author="grace")
    records.cast.aline.chat.last_inbound_at = timezone.now() - timedelta(days=2)
    records.cast.aline.chat.save(update_fields=["last_inbound_at"])


def smoke_stage() -> None:
    """A stage with waivers, a hold and an override in force."""
    everything()
    go("smoke")
    gate = waivers.waivable_gates()[0][0]
    for by in (MINE, THEIRS):
        waivers.ask_for_waiver(gate=gate, **by)
    waivers.begin_override(hours=1, **THEIRS)
    plan_state.hold(source="cli", **THEIRS)


def last_stage() -> None:
    """Without vouchers and with a customer who opted out: no page has both states."""
    records = everything()
    go("production")
    waivers.begin_override(hours=1, **THEIRS)
    waivers.end_override(override=Override.objects.get(), actor="grace")
    flags.set_features({Feature.VOUCHERS: False}, source="cli", **THEIRS)
    records.cast.aline.chat.stopped_at = timezone.now()
    records.cast.aline.chat.save(update_fields=["stopped_at"])


def rolled_back() -> None:
    everything()
    rollback.rollback_quick(source="cli", **THEIRS)


def taken_away() -> None:
    everything()
    rollback.rollback_full(source="cli", **THEIRS)
    waivers.ask_for_waiver(gate="resume", **THEIRS)


STATES: list[Callable[[], None]] = [
    first_states,
    later_states,
    smoke_stage,
    last_stage,
    rolled_back,
    taken_away,
]
# These change what the pages of one application offer, and no others.
PAGES_OF = {smoke_stage: "rollout"}
VALUES = {
    "reason": "because of a test",
    "text": "A text that says something.",
    "subject": "A subject",
    "name": "nyamata",
    "code": "NYAMATA",
    "msisdn": "+250788999111",
    "title": "Something is wrong",
    "commander": "ann",
    "owner": "ann",
    "due": "2030-01-01",
    "evidence": "I looked.",
    "role": "Second lead",
    "phone": "+250788123457",
    "percent": "10",
    "budget": "50000",
    "first_day": str(timezone.localdate()),
    # Of a campaign, and of a voucher that is extended.
    "last_day": str(timezone.localdate() + timedelta(days=120)),
    "override": "on",
    "severity": "critical",
    "order": "1",
    "stage": "beta",
}


def offered(browser: Client, app: str | None = None) -> set[str]:
    """Return the addresses of all actions that the pages show to this user."""
    ends = {
        model: {re.sub(r".*/([a-z-]+)/$", r"/\1/", path) for path in actions}
        for model in MODELS
        if app in {None, model._meta.app_label} and (actions := _actions(model))
    }
    every_end = tuple(set().union(*ends.values()))
    found: set[str] = set()
    # A page offers actions of its own model only.
    for model in ends:
        pages = [address(model, "changelist")]
        pages += [
            address(model, "change", row.pk)
            for row in model._default_manager.order_by("pk")[:MOST_ROWS]
        ]
        for page in pages:
            answer = browser.get(page)
            assert answer.status_code == 200, page
            own = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
            for link in LINK.findall(answer.content.decode()):
                if link.startswith(own) and link.endswith(every_end):
                    found.add(link)
    return found


def _actions(model: type[Model]) -> set[str]:
    return {
        f"/{each.pattern}"
        for each in admin.site._registry[model].get_urls()
        if each.name and not each.name.endswith(NOT_ACTIONS)
    }


# These read only, or have a form of their own with tests of its own.
NOT_ACTIONS = (
    *("changelist", "add", "history", "delete", "change", "report"),
    *("find_by_code", "everything_one", "check_one", "edit_draft"),
)


def files_of(form: Form) -> dict[str, SimpleUploadedFile]:
    file = SimpleUploadedFile("may.csv", b"msisdn,amount\n0788123456,500\n")
    return {n: file for n, each in form.fields.items() if isinstance(each, FileField)}


def filled_in(form: Form) -> dict[str, Any]:
    """Fill in the form as a user would: what it shows, and a value where it is empty."""
    given: dict[str, Any] = {}
    for name, field in form.fields.items():
        shown = form.get_initial_for_field(field, name)
        choices = getattr(field, "choices", None)
        if name in {"key", "seen", "item"}:
            given[name] = shown
        elif name == "cohorts":
            continue
        elif isinstance(form, MemberForm) and name == "subject":
            given[name] = str(uuid.uuid4())
        elif name == "severity" and shown == VALUES[name]:
            given[name] = "low"
        elif name in VALUES:
            given[name] = VALUES[name]
        elif shown not in (None, "", False):
            given[name] = "on" if shown is True else getattr(shown, "pk", shown)
        elif choices:
            given[name] = [value for value, _ in choices if value][:1]
    if "role" in form.fields and "station" in form.fields:
        given["role"] = "customer"
    return given


# The operator may do the most, and sees every state; support the two that differ most.
# What a superuser may do besides, and that a viewer may do nothing, is no state's.
OF_ROLE = {"operator": STATES, "support": [first_states, rolled_back]}
CASES = [
    pytest.param(role, state, id=f"{role}-{state.__name__}")
    for role in ROLES
    for state in OF_ROLE.get(role, [first_states])
]


@pytest.mark.parametrize(("role", "state"), CASES)
def test_action__offered__is_accepted(role: str, state: Callable[[], None]) -> None:
    # Given
    state()
    browser = signed_in(role)

    # When
    failed: dict[str, object] = {}
    links = offered(browser, PAGES_OF.get(state))
    for link in sorted(links):
        page = browser.get(link)
        if page.status_code != 200 or page.context is None:
            if "Content-Disposition" not in page:
                failed[link] = page.status_code
            continue
        if "unmet" not in page.context:
            # A link to another page.
            continue
        if FORM not in page.content.decode():
            assert page.context["unmet"], link
            continue
        with transaction.atomic():
            form = page.context["form"]
            answer = browser.post(link, filled_in(form) | files_of(form))
            transaction.set_rollback(True)
        if answer.context and not {"secret", "image"}.isdisjoint(answer.context.keys()):
            # A new token or code is shown once, in the answer itself.
            continue
        if answer.status_code != 302:
            form = answer.context and answer.context.get("form")
            failed[link] = form.errors if form else answer.status_code

    # Then
    assert failed == {}
    assert not links or role != "viewer" or _only_reads(links)
    assert len(links) > 10 or role in {"viewer", "support"}


def test_action__not_offered__its_page_says_why_and_has_no_form() -> None:
    # Given
    later_states()
    browser = signed_in("operator")
    links = offered(browser)

    # When: the address of a button that the page of the object does not show
    wrong, seen = {}, 0
    for model in MODELS:
        names = [
            f"admin:{each.name}"
            for each in admin.site._registry[model].get_urls()
            if "object_id" in str(each.pattern)
            and not (each.name or "delete").endswith(NOT_ACTIONS)
        ]
        for row in model._default_manager.order_by("pk")[:MOST_ROWS]:
            for link in {reverse(name, args=[row.pk]) for name in names} - links:
                page = browser.get(link)
                if page.status_code != 200 or "unmet" not in (page.context or {}):
                    continue
                seen += 1
                if FORM in page.content.decode() or not page.context["unmet"]:
                    wrong[link] = page.context["unmet"]

    # Then
    assert wrong == {}
    assert seen > 20


def _only_reads(links: set[str]) -> bool:
    ends = ("/post-mortem/", "/export/", "/print/", "/pdf/")
    return all(link.endswith(ends) for link in links)
