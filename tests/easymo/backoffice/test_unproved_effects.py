"""No button of any page changes roles, keys, much value or a rollback without a proof."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from agents.models import ApiToken, Identity
from easymo.backoffice.models import BrowserSession
from easymo.backoffice.reauthentication import VALID_FOR
from rollout.flags import exposure
from rollout.incidents import incidents
from rollout.models import AgentFlag, Incident
from rollout.plan import plan as plans
from tests.backoffice import signed_in
from tests.easymo.backoffice.test_offers import (
    FORM,
    NOT_ACTIONS,
    everything,
    files_of,
    filled_in,
    rolled_back,
    taken_away,
)
from tests.easymo.backoffice.test_pages import MODELS, admin
from tests.easymo.backoffice.test_room_offers import Forms
from tests.rollout.plan_cases import checked
from vouchers.actors import Actor
from vouchers.models import (
    Approval,
    AuthorityChange,
    Batch,
    Profile,
    ReversalRequest,
    Voucher,
)
from vouchers.services.profiles import create_or_change_profile
from vouchers.services.redeem import redeem_voucher
from vouchers.services.reverse import reverse_redemption
from vouchers.services.roles import Giver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db

REASON = "because of a test"
MOST_ROWS = 3
type Press = tuple[str, dict[str, Any], str]


def guarded() -> dict[str, object]:
    """Return what may change only after a proof; a rollback may turn things off."""
    colleagues = Profile.objects.exclude(role="customer")
    decided = AuthorityChange.objects.filter(decision="confirmed")
    return {
        "roles": set(colleagues.values_list("pk", "role", "is_active")),
        "requests for roles": AuthorityChange.objects.count(),
        "confirmed roles": set(decided.values_list("pk", flat=True)),
        "devices of colleagues": set(
            Identity.objects.filter(profile__in=colleagues).values_list("pk", "value")
        ),
        "tokens": set(ApiToken.objects.values_list("pk", flat=True)),
        "approved vouchers": set(
            Approval.objects.filter(decision="approved").values_list("pk")
        ),
        "approved batches": set(
            Batch.objects.filter(state__in=["issuing", "done"]).values_list("pk")
        ),
        "approved reversals": set(
            ReversalRequest.objects.filter(decision="approved").values_list("pk")
        ),
        "features": set(
            AgentFlag.objects.exclude(everyone=False).values_list("name", "percent")
        ),
        "functions": exposure.functions_are_removed(),
        "plan": plans.current().state in {"rolled_back", "frozen"},
    }


def widened(before: dict[str, object], after: dict[str, object]) -> set[str]:
    """Return what there is more of than before."""
    return {
        name
        for name, was in before.items()
        if (after[name] - was if isinstance(was, set) else after[name] != was)  # type: ignore[operator]
        and after[name] is not True
    }


def waiting() -> None:
    """Let something of each kind wait for a second person."""
    records = everything()
    grace = User.objects.create_superuser("grace", password=None)
    claudine = records.cast.claudine.profile
    giver = Giver.of_user(grace, reason=REASON)
    create_or_change_profile(
        profile=records.cast.aline.profile, role="staff", giver=giver
    )
    browser = Client()
    browser.force_login(grace)
    file = SimpleUploadedFile("may.csv", b"msisdn,amount\n0788123456,30000\n")
    browser.post(
        reverse("admin:vouchers_batch_upload"), {"file": file, "reason": REASON}
    )
    confirm = reverse("admin:vouchers_batch_confirm_one", args=[Batch.objects.get().pk])
    browser.post(confirm, {"reason": REASON, "key": uuid.uuid4()})
    assert records.issued.code is not None
    assert claudine.station is not None
    redeem_voucher(
        code=records.issued.code,
        station=claudine.station,
        actor=Actor.of_profile(claudine, channel="whatsapp"),
        key="test:redeemed",
    )
    records.issued.voucher.refresh_from_db()
    with override_settings(VOUCHER_APPROVE_ABOVE=9_999):
        reverse_redemption(
            voucher=records.issued.voucher,
            reason=REASON,
            actor=Actor.of_user(grace),
            key="test:reversal",
        )


def ready_to_resume() -> None:
    rolled_back()
    for incident in Incident.objects.all():
        for status in ("mitigated", "resolved"):
            incidents.set_status(
                incident=incident, status=status, reason="x", author="grace"
            )
    for kind in ("preflight", "smoke"):
        checked(kind)


# Each world, the pages that it changes, and what they can widen.
WORLDS: dict[Callable[[], None], tuple[str, set[str]]] = {
    waiting: (
        "",
        {
            "roles",
            "requests for roles",
            "confirmed roles",
            "devices of colleagues",
            "tokens",
            "approved vouchers",
            "approved batches",
            "approved reversals",
        },
    ),
    ready_to_resume: ("rollout", {"features", "plan"}),
    taken_away: ("rollout", {"functions"}),
}


def presses(browser: Client, app: str) -> Iterator[Press]:
    """Return what the pages can send, filled in."""
    for path in actions(app):
        page = browser.get(path)
        form = page.context.get("form") if page.context else None
        if page.status_code == 200 and form is not None and FORM in text_of(page):
            given = filled_in(form) | files_of(form)
            yield path, given, ""
            if "role" in form.fields and "msisdn" in form.fields:
                yield path, given | {"role": "support"}, ""
    for path in pages():
        for to, sent in Forms(text_of(browser.get(path))).sent:
            if to.startswith(("/admin/room/", reverse("simulator:features"))):
                yield to, sent | {"override": "1"}, ""
    for row in Voucher.objects.filter(approval_request__isnull=False):
        decision = {"action": "approve", "reason": REASON, "key": str(uuid.uuid4())}
        yield reverse("approval", args=[row.approval_request.pk]), decision, ""
    seen = plans.current().rollback_id or 0
    for step in ("turn_on", "functions", "unfreeze", "all"):
        yield reverse("restore"), {"step": step, "seen": seen, "reason": REASON}, ""
    body = {"kind": "restore", "reason": REASON}
    yield reverse("rollout-api:rollback"), body, "application/json"


def text_of(page: Any) -> str:
    is_read = page.status_code == 200 and "html" in page.headers["Content-Type"]
    return page.content.decode() if is_read else ""


def actions(app: str) -> Iterator[str]:
    """Return the address of each action of each model, for a few of its rows."""
    for model in MODELS:
        if app not in {"", model._meta.app_label}:
            continue
        for each in admin.site._registry[model].get_urls():
            if not each.name or each.name.endswith(NOT_ACTIONS):
                continue
            if "object_id" in str(each.pattern):
                for row in model._default_manager.order_by("-pk")[:MOST_ROWS]:
                    yield reverse(f"admin:{each.name}", args=[row.pk])
            elif "<" not in str(each.pattern):
                yield reverse(f"admin:{each.name}")


def pages() -> Iterator[str]:
    yield "/admin/?page=room"
    for person in Profile.objects.filter(is_sandbox=True)[:1]:
        yield reverse("simulator:person", args=[person.public_id])


def effect(browser: Client, press: Press) -> set[str]:
    """Send it, take it back, and return what it widened."""
    path, given, kind = press
    for file in given.values():
        if isinstance(file, SimpleUploadedFile):
            file.seek(0)
    with transaction.atomic():
        before = guarded()
        browser.post(path, given, **({"content_type": kind} if kind else {}))
        after = guarded()
        transaction.set_rollback(True)
    return widened(before, after)


@pytest.mark.parametrize("world", WORLDS, ids=lambda each: each.__name__)
def test_every_button__proof_is_old__widens_nothing(
    settings: SettingsWrapper, world: Callable[[], None]
) -> None:
    # Given
    settings.SIMULATOR_ENABLED = True
    settings.VOUCHER_REAUTHENTICATE_ABOVE = 9_999
    world()
    browser = signed_in("superuser")
    app, widens = WORLDS[world]

    # When: with a proof, as a control
    sent = list(presses(browser, app))
    effective = [(press, found) for press in sent if (found := effect(browser, press))]
    old = timezone.now() - VALID_FOR - timedelta(seconds=1)
    BrowserSession.objects.update(authenticated_at=old)

    # Then
    assert set().union(*(found for _, found in effective)) >= widens
    wrong = {
        press[0]: found
        for press, could in effective
        if could & widens and (found := effect(browser, press) & widens)
    }
    assert wrong == {}
