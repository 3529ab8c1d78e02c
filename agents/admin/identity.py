"""Whose a name of the channel is: shown on the person's page, decided by one of us."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from unfold.admin import TabularInline
from unfold.decorators import action, display

from agents.core.errors import IdentityRefused
from agents.identity import disputes
from agents.models import ConsentEvent, Identity, IdentityClaim
from easymo.backoffice.pages import ReadOnlyAdmin, actor_of
from easymo.backoffice.reason import ReasonForm, ask
from easymo.observability.privacy import mask_msisdn
from vouchers.admin.profile import ProfileAdmin
from vouchers.models import Profile, Voucher

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

COLOURS = {"open": "warning", "bound": "success", "kept apart": "info"}


class IdentityInline(TabularInline):  # type: ignore[misc]
    """The names that WhatsApp gives this person, former ones too."""

    model = Identity
    fields = ("kind", "shown", "created_at", "superseded_at")
    readonly_fields = fields
    ordering = ("-superseded_at", "id")
    extra = 0
    can_delete = False
    show_change_link = False

    def has_add_permission(
        self, request: HttpRequest, obj: Profile | None = None
    ) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Profile | None = None
    ) -> bool:
        return False

    @display(description="Name")
    def shown(self, row: Identity) -> str:
        return _masked(row.value)


class ClaimInline(TabularInline):  # type: ignore[misc]
    """What was in doubt about her names, and what was decided."""

    model = IdentityClaim
    fk_name = "profile"
    fields = ("kind", "state", "opened_at", "decided_by", "reason")
    readonly_fields = fields
    ordering = ("-id",)
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(
        self, request: HttpRequest, obj: Profile | None = None
    ) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: Profile | None = None
    ) -> bool:
        return False


# The person's page is of a lower room that knows no channel: its names join it here.
ProfileAdmin.inlines = (*ProfileAdmin.inlines, IdentityInline, ClaimInline)


@admin.register(IdentityClaim)
class IdentityClaimAdmin(ReadOnlyAdmin):
    """Names of the channel that may or may not be a person's."""

    list_display = ("what", "profile", "other", "status", "opened_at")
    list_filter = ("state", "kind")
    list_select_related = ("profile", "other")
    search_fields = ("profile__name", "=profile__msisdn", "=bsuid", "=number")
    ordering = ("-id",)
    fields = (
        ("what", "status", "opened_at"),
        ("profile", "other"),
        ("shown_bsuid", "shown_number"),
        ("decided_at", "decided_by"),
        "reason",
    )
    readonly_fields = (
        "what",
        "status",
        "opened_at",
        "profile",
        "other",
        "shown_bsuid",
        "shown_number",
        "decided_at",
        "decided_by",
        "reason",
    )
    actions_detail = ("bind_one", "keep_apart_one")

    def has_decide_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        """Saying who somebody is gives her what the profile may do."""
        return request.user.has_perm("agents.decide_identity")

    @display(description="What")
    def what(self, row: IdentityClaim) -> str:
        return row.get_kind_display()

    @display(description="State", label=COLOURS)
    def status(self, row: IdentityClaim) -> str:
        return row.get_state_display()

    @display(description="User id")
    def shown_bsuid(self, row: IdentityClaim) -> str:
        return _masked(row.bsuid)

    @display(description="Number")
    def shown_number(self, row: IdentityClaim) -> str:
        return mask_msisdn(row.number)

    @action(
        description="These names are hers",
        url_path="bind",
        icon="link",
        permissions=["decide"],
    )
    def bind_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._decide(
            request, object_id, disputes.bind_identities, "Bind the names to her"
        )

    @action(
        description="Keep them apart",
        url_path="apart",
        icon="link_off",
        permissions=["decide"],
    )
    def keep_apart_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._decide(
            request, object_id, disputes.keep_separate, "Keep them apart"
        )

    def _decide(
        self,
        request: HttpRequest,
        object_id: str,
        decide: Callable[..., IdentityClaim],
        title: str,
    ) -> HttpResponse:
        row = get_object_or_404(
            IdentityClaim.objects.select_related("profile", "other"), pk=object_id
        )
        form = ReasonForm(request.POST or None, label_suffix="")
        back = reverse("admin:agents_identityclaim_change", args=[row.pk])
        if request.method == "POST" and form.is_valid():
            reason = form.cleaned_data["reason"]
            try:
                decided = decide(
                    claim_id=row.pk, actor=actor_of(request), reason=reason
                )
            except IdentityRefused as error:
                messages.error(request, str(error))
            else:
                word = decided.get_state_display()
                for person in filter(None, (row.profile, row.other)):
                    self.log_change(
                        request,
                        person,
                        f"WhatsApp name of claim {row.pk}: {word}: {reason}",
                    )
                messages.success(request, f"Decided: {word}.")
            return redirect(back)
        return ask(
            request=request,
            site=self.admin_site,
            form=form,
            title=f"{title}: {row.get_kind_display()}",
            explanation=_explained(row),
            submit=title,
            subjects=_subjects(row),
            is_dangerous=decide is disputes.bind_identities,
            back=back,
        )


def _explained(row: IdentityClaim) -> str:
    bsuid, number = disputes.identities_of(row)
    names = ", ".join(filter(None, (_masked(bsuid), number and mask_msisdn(number))))
    return (
        f"It is about {names or 'her telephone'}. Whoever writes under these names may "
        f"do what {row.profile} may do. Vouchers stay with the person who has them."
    )


def _subjects(row: IdentityClaim) -> list[str]:
    people = [person for person in (row.profile, row.other) if person is not None]
    return [
        f"{person} ({person.get_role_display()}, "
        f"{Voucher.objects.filter(owner=person).count()} vouchers)"
        for person in people
    ]


def _masked(value: str) -> str:
    """Show enough of a name to compare two of them."""
    if value.startswith("+"):
        return mask_msisdn(value)
    return f"{value[:5]}…{value[-4:]}" if len(value) > 12 else value


@admin.register(ConsentEvent)
class ConsentEventAdmin(ReadOnlyAdmin):
    """Who said STOP and START, when, and by which road; never rewritten."""

    list_display = ("created_at", "person", "word", "source")
    list_filter = ("kind", "source")
    list_select_related = ("profile",)
    search_fields = ("profile__name", "=profile__msisdn")
    ordering = ("-id",)
    fields = (("person", "word", "source"), "created_at")
    readonly_fields = ("person", "word", "source", "created_at")

    @display(description="Person")
    def person(self, row: ConsentEvent) -> str:
        return str(row.profile)

    @display(description="Word", label={"stop": "warning", "start": "success"})
    def word(self, row: ConsentEvent) -> tuple[str, str]:
        return row.kind, row.get_kind_display()
