"""The WhatsApp identities of people, and disputes about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from agents.admin.base import AgentsAdmin
from agents.identity import disputes
from agents.models import ConsentEvent, Identity, IdentityClaim
from easymo.backoffice.actions import ActionCall, filled, form_action
from easymo.backoffice.pages import ReadOnlyInline
from easymo.backoffice.windows import Served
from easymo.observability.privacy import mask_msisdn
from vouchers.admin.profile import ProfileAdmin
from vouchers.models import Profile, Voucher

if TYPE_CHECKING:
    from collections.abc import Callable


PERMISSION = "agents.decide_identity"
COLOURS = {"open": "warning", "bound": "success", "kept apart": "info"}


class IdentityInline(ReadOnlyInline):
    """The identities that WhatsApp gives a person, former ones too."""

    model = Identity
    fields = readonly_fields = ("kind", "shown", "created_at", "superseded_at")
    ordering = ("-superseded_at", "id")

    @display(description=_("Identity"))
    def shown(self, row: Identity) -> str:
        return _masked(row.value)


class ClaimInline(ReadOnlyInline):
    """Disputes about a person's identities, and how they were decided."""

    model = IdentityClaim
    fk_name = "profile"
    fields = readonly_fields = ("kind", "state", "opened_at", "decided_by", "reason")
    ordering = ("-id",)
    show_change_link = True


# The page of a person is in `vouchers`, which knows no channels: add to it from here.
ProfileAdmin.inlines = (*ProfileAdmin.inlines, IdentityInline, ClaimInline)


def _is_open(call: ActionCall[IdentityClaim]) -> bool:
    return call.row.state == IdentityClaim.State.OPEN


def _is_first(call: ActionCall[IdentityClaim]) -> bool:
    return call.row.kind == IdentityClaim.Kind.FIRST_ID


def _gives_a_role(call: ActionCall[IdentityClaim]) -> bool:
    """Tell whether the new device may do what a colleague may do."""
    return call.row.profile.role != Profile.Role.CUSTOMER


@admin.register(IdentityClaim)
class IdentityClaimAdmin(AgentsAdmin):
    """Identities that may or may not belong to a person."""

    empty_text = _(
        "Numbers and user ids that may belong to another person appear here, "
        "for a decision."
    )
    list_display = ("what", "profile", "other", "status", "opened_at")
    list_filter = ("state", "kind")
    list_select_related = ("profile", "other")
    served_filters = (Served("state", value="open"),)
    search_fields = ("profile__name", "=bsuid", "=number")
    number_lookup = "profile__msisdn"
    number_columns = ("number",)
    search_help_text = _("A name, a whole number in any spelling, or a user id")
    ordering = ("-id",)
    fields = (
        ("what", "status", "opened_at"),
        ("profile", "other"),
        ("shown_bsuid", "shown_number"),
        ("decided_at", "decided_by"),
        "reason",
    )
    actions_detail = ("confirm_one", "bind_one", "keep_apart_one")

    @display(description=_("What"))
    def what(self, row: IdentityClaim) -> str:
        return row.get_kind_display()

    @display(description=_("State"), label=COLOURS)
    def status(self, row: IdentityClaim) -> str:
        return row.get_state_display()

    @display(description=_("User id"))
    def shown_bsuid(self, row: IdentityClaim) -> str:
        return _masked(row.bsuid)

    @display(description=_("Number"))
    def shown_number(self, row: IdentityClaim) -> str:
        return mask_msisdn(row.number)

    @form_action(
        _("Confirm this device"),
        path="confirm",
        icon="verified_user",
        permission=PERMISSION,
        asks_who=_gives_a_role,
        offered=lambda call: _is_open(call) and _is_first(call),
        unmet=lambda call: filled(disputes.why_not_bind(call.row)),
        explanation=_(
            "This colleague wrote for the first time from this device. Call"
            " them and ask; then confirm."
        ),
        subjects=lambda call: _subjects(call.row),
    )
    def confirm_one(self, call: ActionCall[IdentityClaim]) -> str:
        return _decide(disputes.bind_identities, call)

    @form_action(
        _("Bind to this person"),
        path="bind",
        icon="link",
        permission=PERMISSION,
        asks_who=_gives_a_role,
        offered=lambda call: _is_open(call) and not _is_first(call),
        unmet=lambda call: filled(disputes.why_not_bind(call.row)),
        explanation=lambda call: _explained(call.row),
        subjects=lambda call: _subjects(call.row),
        is_dangerous=True,
    )
    def bind_one(self, call: ActionCall[IdentityClaim]) -> str:
        return _decide(disputes.bind_identities, call)

    @form_action(
        _("Keep apart"),
        path="apart",
        icon="link_off",
        permission=PERMISSION,
        offered=_is_open,
        explanation=lambda call: _explained(call.row),
        subjects=lambda call: _subjects(call.row),
    )
    def keep_apart_one(self, call: ActionCall[IdentityClaim]) -> str:
        return _decide(disputes.keep_separate, call)


def _decide(
    decide: Callable[..., IdentityClaim], call: ActionCall[IdentityClaim]
) -> str:
    row = call.row
    decided = decide(claim_id=row.pk, actor=call.actor, reason=call.reason)
    state = decided.get_state_display()
    for person in filter(None, (row.profile, row.other)):
        call.log_change(
            person, f"WhatsApp identity of dispute {row.pk}: {state}: {call.reason}"
        )
    return gettext("Dispute about {profile} decided: {state}.").format(
        profile=row.profile, state=state
    )


def _explained(row: IdentityClaim) -> str:
    bsuid, number = disputes.identities_of(row)
    names = ", ".join(filter(None, (_masked(bsuid), number and mask_msisdn(number))))
    return gettext(
        "It is about {value}. The user of a bound identity may do what "
        "{profile} may do. Vouchers stay with their owners."
    ).format(value=names or "the telephone", profile=row.profile)


def _subjects(row: IdentityClaim) -> list[str]:
    people = [person for person in (row.profile, row.other) if person is not None]
    return [
        gettext("{person} ({get_role_display}, {count} vouchers)").format(
            person=person,
            get_role_display=person.get_role_display(),
            count=Voucher.objects.filter(owner=person).count(),
        )
        for person in people
    ]


def _masked(value: str) -> str:
    """Show enough of an identity to compare two of them."""
    if value.startswith("+"):
        return mask_msisdn(value)
    return f"{value[:5]}…{value[-4:]}" if len(value) > 12 else value


CONSENT = {
    ConsentEvent.Kind.STOP.label: "warning",
    ConsentEvent.Kind.START.label: "success",
}


@admin.register(ConsentEvent)
class ConsentEventAdmin(AgentsAdmin):
    """Opt-outs and opt-ins: who, when and how."""

    empty_text = _("A line appears here when a person sends STOP or START.")
    list_display = ("created_at", "person", "word", "source")
    list_filter = ("kind", "source")
    list_select_related = ("profile",)
    search_fields = ("profile__name",)
    number_lookup = "profile__msisdn"
    search_help_text = _("A name, or a whole number in any spelling")
    ordering = ("-id",)
    fields = (("person", "word", "source"), "created_at")

    @display(description=_("Person"))
    def person(self, row: ConsentEvent) -> str:
        return str(row.profile)

    @display(description=_("Consent"), label=CONSENT)
    def word(self, row: ConsentEvent) -> str:
        return row.get_kind_display()
