from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from easymo.backoffice.pages import ReadOnlyAdmin, person_of
from easymo.backoffice.reason import ReasonForm, ask
from vouchers import selectors
from vouchers.actors import Actor
from vouchers.codes import InvalidCode, MistypedCode, parse_code
from vouchers.errors import VoucherError
from vouchers.models import Voucher
from vouchers.money import Money, format_money
from vouchers.services import approve, rotate, void

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse


class CodeForm(forms.Form):
    """A whole code travels in a POST: never in an address, never in a log."""

    code = forms.CharField(
        max_length=40,
        label="The whole code",
        widget=UnfoldAdminTextInputWidget(
            attrs={"autofocus": True, "autocomplete": "off", "inputmode": "numeric"}
        ),
    )


class VoucherActions(ReadOnlyAdmin):
    """What a person may press on a voucher; each asks why and calls a service."""

    actions_list = ("find_by_code",)
    actions_detail = ("approve_one", "decline_one", "void_one", "rotate_one")

    def has_void_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        return request.user.has_perm("vouchers.void_voucher") and _is(
            object_id, Voucher.Status.ISSUED
        )

    def has_rotate_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        return request.user.has_perm("vouchers.rotate_code") and _is(
            object_id, Voucher.Status.ISSUED
        )

    def has_approve_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        return request.user.has_perm("vouchers.approve_voucher") and _is(
            object_id, Voucher.Status.PENDING_APPROVAL
        )

    @action(
        description="Find by code", url_path="find", icon="pin", permissions=["view"]
    )
    def find_by_code(self, request: HttpRequest) -> HttpResponse:
        """Open the voucher with this code, and write down nothing of the code."""
        form = CodeForm(request.POST or None, label_suffix="")
        if request.method == "POST" and form.is_valid():
            try:
                code = parse_code(form.cleaned_data["code"])
            except MistypedCode:
                form.add_error("code", "A digit is wrong: the check digit says so.")
            except InvalidCode:
                form.add_error("code", "A code has 16 digits.")
            else:
                if voucher := selectors.voucher_by_code(code):
                    return redirect("admin:vouchers_voucher_change", voucher.pk)
                form.add_error("code", "There is no voucher with this code.")
        return ask(
            request=request,
            site=self.admin_site,
            form=form,
            title="Find a voucher by its code",
            explanation="The code is compared with its fingerprint and not kept.",
            submit="Find it",
            back=reverse("admin:vouchers_voucher_changelist"),
        )

    @action(
        description="Approve",
        url_path="approve",
        icon="verified",
        permissions=["approve"],
    )
    def approve_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Issue what somebody else asked for."""
        return self._ask(
            request,
            object_id,
            title="Approve",
            explanation="The voucher is issued and its code sent. Whoever asked for "
            "it cannot approve it.",
            change=lambda voucher, reason, key: approve.approve_voucher(
                voucher=voucher, approver=person_of(request), reason=reason, key=key
            ),
        )

    @action(
        description="Decline", url_path="decline", icon="block", permissions=["approve"]
    )
    def decline_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End the request; no code is ever made."""
        return self._ask(
            request,
            object_id,
            title="Decline",
            explanation="The request ends and no code is ever made.",
            change=lambda voucher, reason, key: approve.decline_voucher(
                voucher=voucher, approver=person_of(request), reason=reason, key=key
            ),
            is_dangerous=True,
        )

    @action(description="Void", url_path="void", icon="cancel", permissions=["void"])
    def void_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take the voucher back; a person may also while everything is off."""
        return self._ask(
            request,
            object_id,
            title="Void",
            explanation="The voucher loses its value for good. This cannot be undone.",
            change=lambda voucher, reason, key: void.void_voucher(
                voucher_id=voucher.public_id,
                reason=reason,
                actor=Actor.of_user(person_of(request)),
                key=key,
            ),
            is_dangerous=True,
        )

    @action(
        description="New code",
        url_path="rotate",
        icon="password",
        permissions=["rotate"],
    )
    def rotate_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Replace the code; the owner is sent the new one."""
        return self._ask(
            request,
            object_id,
            title="New code for",
            explanation="The old code opens nothing any more; the owner is sent the "
            "new one. Nobody here sees it.",
            change=lambda voucher, reason, key: rotate.rotate_code(
                voucher=voucher,
                actor=Actor.of_user(person_of(request)),
                reason=reason,
                key=key,
            ),
        )

    def _ask(
        self,
        request: HttpRequest,
        object_id: str,
        *,
        title: str,
        explanation: str,
        change: Callable[[Voucher, str, str], object],
        is_dangerous: bool = False,
    ) -> HttpResponse:
        voucher = get_object_or_404(
            Voucher.objects.select_related("owner"), pk=object_id
        )
        back = reverse("admin:vouchers_voucher_change", args=[voucher.pk])
        form = ReasonForm(request.POST or None, label_suffix="")
        if request.method == "POST" and form.is_valid():
            given = form.cleaned_data
            try:
                change(voucher, given["reason"], f"admin:{given['key']}")
            except VoucherError as error:
                messages.error(request, str(error))
            else:
                self.log_change(request, voucher, f"{title}: {given['reason']}")
                messages.success(request, f"{voucher.reference}: done.")
            return redirect(back)
        worth = format_money(Money(voucher.amount_minor, voucher.currency))
        return ask(
            request=request,
            site=self.admin_site,
            form=form,
            title=f"{title} {voucher.reference}",
            explanation=explanation,
            submit=title,
            subjects=[f"{worth} for {voucher.owner}"],
            is_dangerous=is_dangerous,
            back=back,
        )


def _is(object_id: str | None, status: str) -> bool:
    # Without an object (when Django lists what could be done) the answer is yes.
    if object_id is None:
        return True
    return Voucher.objects.filter(pk=object_id, status=status).exists()
