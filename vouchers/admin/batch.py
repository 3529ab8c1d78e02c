"""Vouchers from a spreadsheet: upload, errors by line, confirmation, progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from easymo.backoffice.actions import ActionCall, form_action
from easymo.backoffice.pages import ReadOnlyAdmin, person_of
from easymo.backoffice.reason import ask
from easymo.observability.privacy import mask_msisdn
from vouchers.admin.base import may_see_numbers
from vouchers.batches import checking, issuing, reading
from vouchers.errors import SecondPersonNeeded, VoucherError
from vouchers.models import Batch, Campaign
from vouchers.money import Money, shown_money

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

State = Batch.State
PERMISSION = "vouchers.issue_batch"
APPROVAL = "vouchers.approve_voucher"
COLOURS = {
    State.CHECKED.label: "warning",
    State.WAITING.label: "warning",
    State.ISSUING.label: "info",
    State.DONE.label: "success",
    State.CANCELLED.label: "danger",
}
# Errors shown on the page of the upload.
MOST_ERRORS = 100


class UploadForm(forms.Form):
    """The file and the reason that every voucher without a note gets."""

    file = forms.FileField(
        label=_("CSV or Excel file"),
        help_text=_("Columns: msisdn, amount, and if you like name and note."),
        widget=UnfoldAdminFileFieldWidget,
    )
    reason = forms.CharField(
        max_length=500,
        help_text=_("The note of each voucher that has none of its own."),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )
    campaign = forms.ModelChoiceField(
        Campaign.objects.filter(stopped_at=None).order_by("-id"),
        required=False,
        label=_("Campaign"),
        empty_label=_("None"),
        help_text=_("The vouchers are issued within its budget and days only."),
        widget=UnfoldAdminSelectWidget,
    )


def _may_approve(call: ActionCall[Batch]) -> list[str]:
    user = person_of(call.request)
    bar = issuing.approval_bar(user, call.row)
    return [str(SecondPersonNeeded(bar))] if bar else []


def _facts(call: ActionCall[Batch]) -> list[str]:
    row = call.row
    return [
        gettext("{count:,} vouchers, {row} in all, from the file {file_name}").format(
            count=row.count, row=_total(row), file_name=row.file_name
        ),
        gettext("Uploaded by {created_by_name}: “{reason}”").format(
            created_by_name=row.created_by_name, reason=row.reason
        ),
    ]


def _preview(request: HttpRequest, row: Batch) -> list[dict[str, str]]:
    """Return the first lines; numbers are masked for those who may not see them."""
    may_see = may_see_numbers(request)
    return [
        {
            **line,
            "number": line["msisdn"] if may_see else mask_msisdn(line["msisdn"]),
            "amount": shown_money(Money(line["minor"], row.currency)),
        }
        for line in (row.lines or [])[:20]
    ]


def _total(row: Batch) -> str:
    return shown_money(Money(row.total_minor, row.currency))


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    """Files whose lines become vouchers."""

    empty_text = _("Upload a spreadsheet to issue many vouchers at once.")
    first_action = "upload"
    refusals = (VoucherError,)
    actions_list = ("upload",)
    actions_detail = ("confirm_one", "approve_one", "cancel_one")
    list_display = ("file_name", "vouchers", "total", "created_by_name", "state_now")
    list_filter = ("state",)
    list_select_related = ("campaign", "created_by", "decided_by")
    ordering = ("-id",)
    fields = (
        ("file_name", "vouchers", "total"),
        ("campaign", "state_now", "progress"),
        ("created_by_name", "created_at", "reason"),
        ("decided_by", "decided_at", "decision_reason"),
        "refused_lines",
    )
    readonly_fields = (
        "file_name",
        "vouchers",
        "total",
        "campaign",
        "state_now",
        "progress",
        "created_by_name",
        "created_at",
        "reason",
        "decided_by",
        "decided_at",
        "decision_reason",
        "refused_lines",
    )
    change_form_after_template = "admin/vouchers/batch.html"

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the first lines of a batch that is not issued yet, and its progress."""
        extra: dict[str, Any] = {}
        if object_id and object_id.isdigit():
            row = Batch.objects.filter(pk=object_id).first()
            if row is not None:
                extra = {"batch": row, "done": row.issued + len(row.refused)}
                extra["preview"] = _preview(request, row)
        context = (extra_context or {}) | extra
        return super().changeform_view(request, object_id, form_url, context)

    @display(description=_("Vouchers"))
    def vouchers(self, row: Batch) -> str:
        return f"{row.count:,}"

    @display(description=_("Amount"))
    def total(self, row: Batch) -> str:
        return _total(row)

    @display(description=_("State"), label=COLOURS)
    def state_now(self, row: Batch) -> str:
        return row.get_state_display()

    @display(description=_("Issued"))
    def progress(self, row: Batch) -> str:
        return gettext("{issued:,} of {count:,}").format(
            issued=row.issued, count=row.count
        )

    @display(description=_("Refused lines"))
    def refused_lines(self, row: Batch) -> str:
        if not row.refused:
            return gettext("None")
        return "; ".join(
            gettext("line {line}: {error}").format(
                line=each["line"], error=each["error"]
            )
            for each in row.refused
        )

    @action(
        description=_("Upload a spreadsheet"),
        url_path="upload",
        icon="upload",
        permissions=["upload"],
    )
    def upload(self, request: HttpRequest) -> HttpResponse:
        """Check a file; nothing is issued before the next page is confirmed."""
        form = UploadForm(request.POST or None, request.FILES or None, label_suffix="")
        if form.is_valid():
            try:
                batch = self._store(request, form)
            except VoucherError as error:
                form.add_error("file", str(error))
            else:
                if batch is not None:
                    return redirect("admin:vouchers_batch_change", batch.pk)
        return ask(
            request=request,
            site=self.admin_site,
            form=form,
            title=gettext("Issue vouchers from a spreadsheet"),
            explanation=gettext(
                "Each line becomes one voucher. The file is checked first; with"
                " one wrong line nothing is issued. The same file issues nothing twice."
            ),
            submit=gettext("Check the file"),
            back=reverse("admin:vouchers_batch_changelist"),
            has_files=True,
        )

    def _store(self, request: HttpRequest, form: UploadForm) -> Batch | None:
        file = form.cleaned_data["file"]
        if file.size > reading.LARGEST_FILE:
            size = reading.LARGEST_FILE // 1_000_000
            form.add_error(
                "file", gettext("A file has at most {size} MB.").format(size=size)
            )
            return None
        checked = checking.check(reading.read(file.read()))
        for error in checked.errors[:MOST_ERRORS]:
            where = f"{error.field}: " if error.field else ""
            form.add_error(
                "file",
                gettext("Line {line}, {where}{error}").format(
                    line=error.line, where=where, error=error.error
                ),
            )
        if checked.errors:
            more = len(checked.errors) - MOST_ERRORS
            if more > 0:
                form.add_error(
                    "file", gettext("And {more:,} more lines.").format(more=more)
                )
            return None
        user = person_of(request)
        return issuing.store(
            checked,
            file_name=file.name,
            reason=form.cleaned_data["reason"],
            by_name=user.get_username(),
            by=user,
            campaign=form.cleaned_data["campaign"],
        )

    def has_upload_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(PERMISSION))

    @form_action(
        _("Issue these vouchers"),
        path="confirm",
        icon="verified",
        permission=PERMISSION,
        offered=lambda call: call.row.state == State.CHECKED,
        subjects=_facts,
        explanation=_("Above the limits a second person approves the batch first."),
    )
    def confirm_one(self, call: ActionCall[Batch]) -> str:
        """Let the batch be issued, or wait for a second person."""
        row = issuing.confirm(batch=call.row, user=person_of(call.request))
        call.log_change(row, f"Confirmed: {call.reason}")
        if row.state == State.WAITING:
            return gettext("The batch waits for a second person.")
        return gettext("The vouchers are being issued.")

    @form_action(
        _("Approve"),
        path="approve",
        icon="verified",
        permission=APPROVAL,
        offered=lambda call: call.row.state == State.WAITING,
        # A batch waits because it is large: each one asks.
        asks_who=True,
        unmet=_may_approve,
        subjects=_facts,
        explanation=_("All vouchers of the batch are issued."),
    )
    def approve_one(self, call: ActionCall[Batch]) -> str:
        user = person_of(call.request)
        row = issuing.approve(batch=call.row, user=user, reason=call.reason)
        call.log_change(row, f"Approved: {call.reason}")
        return gettext("The vouchers are being issued.")

    @form_action(
        _("Cancel"),
        path="cancel",
        icon="block",
        permission=PERMISSION,
        offered=lambda call: call.row.state in {State.CHECKED, State.WAITING},
        subjects=_facts,
        explanation=_(
            "Nothing of this batch is issued. The file can be uploaded again."
        ),
        is_dangerous=True,
    )
    def cancel_one(self, call: ActionCall[Batch]) -> str:
        user = person_of(call.request)
        row = issuing.cancel(batch=call.row, user=user, reason=call.reason)
        call.log_change(row, f"Cancelled: {call.reason}")
        return gettext("The batch is cancelled.")
