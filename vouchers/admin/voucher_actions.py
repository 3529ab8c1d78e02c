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
from vouchers.authority import RULES, Operation
from vouchers.codes import InvalidCode, MistypedCode, parse_code
from vouchers.errors import VoucherError
from vouchers.models import Voucher
from vouchers.money import Money, format_money
from vouchers.services import approve, rotate, void

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse


class CodeForm(forms.Form):
    """Takes a whole code by POST, so that it is in no URL and no log."""

    code = forms.CharField(
        max_length=40,
        label="The whole code",
        widget=UnfoldAdminTextInputWidget(
            attrs={"autofocus": True, "autocomplete": "off", "inputmode": "numeric"}
        ),
    )


class VoucherActions(ReadOnlyAdmin):
    """The actions on a voucher. Each asks for a reason and calls a service."""

    actions_list = ("find_by_code",)
    actions_detail = ("approve_one", "decline_one", "void_one", "rotate_one")

    def has_void_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        return _may(request, Operation.VOID) and _is(object_id, Voucher.Status.ISSUED)

    def has_rotate_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        return _may(request, Operation.ROTATE) and _is(object_id, Voucher.Status.ISSUED)

    def has_approve_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        return _may(request, Operation.APPROVE) and _is(
            object_id, Voucher.Status.PENDING_APPROVAL
        )

    @action(
        description="Find by code", url_path="find", icon="pin", permissions=["view"]
    )
    def find_by_code(self, request: HttpRequest) -> HttpResponse:
        """Open the voucher with this code. The code is not stored or logged."""
        form = CodeForm(request.POST or None, label_suffix="")
        if form.is_valid():
            try:
                code = parse_code(form.cleaned_data["code"])
            except MistypedCode:
                form.add_error("code", "The check digit is wrong: a digit is mistyped.")
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
            explanation="The code is compared with its stored HMAC. It is not kept.",
            submit="Find",
            back=reverse("admin:vouchers_voucher_changelist"),
        )

    @action(
        description="Approve",
        url_path="approve",
        icon="verified",
        permissions=["approve"],
    )
    def approve_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Issue a requested voucher; its creator cannot approve it."""
        return self._ask(
            request,
            object_id,
            title="Approve",
            explanation="The voucher is issued and its code is sent. The person who "
            "requested it cannot approve it.",
            done="approved",
            change=lambda voucher, reason, key: approve.approve_voucher(
                voucher=voucher, approver=person_of(request), reason=reason, key=key
            ),
        )

    @action(
        description="Decline", url_path="decline", icon="block", permissions=["approve"]
    )
    def decline_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Decline a requested voucher; no code is made."""
        return self._ask(
            request,
            object_id,
            title="Decline",
            explanation="The request is declined and no code is made.",
            done="declined",
            change=lambda voucher, reason, key: approve.decline_voucher(
                voucher=voucher, approver=person_of(request), reason=reason, key=key
            ),
            is_dangerous=True,
        )

    @action(description="Void", url_path="void", icon="cancel", permissions=["void"])
    def void_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Void the voucher. It works while vouchers are switched off."""
        return self._ask(
            request,
            object_id,
            title="Void",
            explanation="The voucher loses its value. This cannot be undone.",
            done="voided",
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
        """Replace the code. The new code is sent to the owner."""
        return self._ask(
            request,
            object_id,
            title="New code for",
            explanation="The old code is no longer valid. The new code is sent to the "
            "owner and is not shown here.",
            done="has a new code",
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
        done: str,
        change: Callable[[Voucher, str, str], object],
        is_dangerous: bool = False,
    ) -> HttpResponse:
        voucher = get_object_or_404(
            Voucher.objects.select_related("owner"), pk=object_id
        )
        back = reverse("admin:vouchers_voucher_change", args=[voucher.pk])
        form = ReasonForm(request.POST or None, label_suffix="")
        if form.is_valid():
            given = form.cleaned_data
            try:
                change(voucher, given["reason"], f"admin:{given['key']}")
            except VoucherError as error:
                messages.error(request, str(error))
            else:
                self.log_change(request, voucher, f"{title}: {given['reason']}")
                messages.success(request, f"Voucher {voucher.reference} {done}.")
            return redirect(back)
        amount = format_money(Money(voucher.amount_minor, voucher.currency))
        return ask(
            request=request,
            site=self.admin_site,
            form=form,
            title=f"{title} {voucher.reference}",
            explanation=explanation,
            submit=title,
            subjects=[f"{amount} for {voucher.owner}"],
            is_dangerous=is_dangerous,
            back=back,
        )


def _may(request: HttpRequest, operation: Operation) -> bool:
    return request.user.has_perm(RULES[operation].permission)


def _is(object_id: str | None, status: str) -> bool:
    # Django asks without an object when it lists the actions of the model.
    if object_id is None:
        return True
    return Voucher.objects.filter(pk=object_id, status=status).exists()
