"""The check, the printed trail, the export and the card of a voucher."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.module_loading import import_string
from django.utils.safestring import mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminRadioSelectWidget

from easymo.backoffice.pages import person_of
from easymo.backoffice.reason import ReasonForm, ask
from easymo.observability.privacy import mask_msisdn
from vouchers import pdf, qr
from vouchers.actors import Actor
from vouchers.admin.trail_sentences import steps
from vouchers.admin.voucher_actions import amount_of
from vouchers.audit import export, proof
from vouchers.errors import VoucherError
from vouchers.models import Voucher
from vouchers.services.rotate import rotate_code
from vouchers.services.transition import KIGALI

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest

    from vouchers.admin.trail_sentences import Step
    from vouchers.audit.proof import Checked
    from vouchers.codes import Code

PDF = "application/pdf"


class CardForm(ReasonForm):
    """Why a card is printed, and on what."""

    field_order = ["kind", "reason"]
    kind = forms.ChoiceField(
        label=_("Card"),
        choices=[("page", _("A page to print")), ("pdf", _("A PDF"))],
        initial="page",
        widget=UnfoldAdminRadioSelectWidget,
    )


class VoucherPapers:
    """Actions that change nothing of the voucher's value; a card has a new code."""

    admin_site: Any

    def has_print_card_permission(self, request: HttpRequest, *_ids: object) -> bool:
        """Tell whether the user may see a code."""
        return request.user.has_perm("vouchers.print_card")

    @action(
        description=_("Check now"),
        url_path="check",
        icon="verified_user",
        permissions=["view"],
    )
    def check_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Check the trail against the last checkpoint, and say the result and when."""
        voucher = _voucher(object_id)
        checked = proof.check_now(voucher=voucher)
        tell = messages.error if checked.faults else messages.success
        tell(request, result_of(checked))
        return redirect("admin:vouchers_voucher_change", voucher.pk)

    @action(
        description=_("Print the trail"),
        url_path="print",
        icon="print",
        permissions=["view"],
    )
    def print_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the trail as a page without the menu."""
        voucher = _voucher(object_id)
        context = _facts(voucher) | {
            "trail": steps(voucher),
            "back": reverse("admin:vouchers_voucher_change", args=[voucher.pk]),
        }
        return render(request, "admin/vouchers/trail_print.html", context)

    @action(
        description=_("Trail as PDF"),
        url_path="pdf",
        icon="picture_as_pdf",
        permissions=["view"],
    )
    def pdf_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Download the trail as a PDF."""
        voucher = _voucher(object_id)
        lines = list(_lines(_facts(voucher), steps(voucher)))
        content = pdf.text_pages(lines, footer=voucher.reference)
        return _download(content, f"{voucher.reference}.pdf", PDF)

    @action(
        description=_("Export with proof"),
        url_path="export",
        icon="verified",
        permissions=["view"],
    )
    def export_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Download the trail with its proof against the last checkpoint."""
        voucher = _voucher(object_id)
        page = export.as_html(export.export(voucher=voucher))
        return _download(page.encode(), f"{voucher.reference}.html", "text/html")

    @action(
        description=_("Print a card"),
        url_path="card",
        icon="qr_code_2",
        permissions=["print_card"],
    )
    def card_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give the voucher a new code and show it on a card, once."""
        voucher = _voucher(object_id)
        form = CardForm(request.POST or None, label_suffix="")
        unmet = _refusals(voucher, Actor.of_user(person_of(request)))
        if not unmet and form.is_valid():
            try:
                return self._card(request, voucher, form.cleaned_data)
            except VoucherError as error:
                form.add_error(None, str(error))
        return ask(
            request=request,
            site=self.admin_site,
            form=form,
            title=gettext("Print a card for {reference}").format(
                reference=voucher.reference
            ),
            explanation=gettext(
                "The card shows a new code. The former code is no longer valid."
                " The owner is sent the new code too, where they can be reached."
            ),
            submit=gettext("Make the card"),
            subjects=[
                gettext("{voucher} for {owner}").format(
                    voucher=amount_of(voucher), owner=voucher.owner
                )
            ],
            unmet=unmet,
            back=reverse("admin:vouchers_voucher_change", args=[voucher.pk]),
        )

    def _card(
        self, request: HttpRequest, voucher: Voucher, given: dict[str, Any]
    ) -> HttpResponse:
        user = person_of(request)
        issued = rotate_code(
            voucher=voucher,
            actor=Actor.of_user(user),
            reason=given["reason"],
            key=f"admin:{given['key']}",
        )
        if issued.code is None:
            messages.error(
                request, _("The code was delivered already: make a new card.")
            )
            return redirect("admin:vouchers_voucher_change", voucher.pk)
        if not issued.replayed:
            LogEntry.objects.log_actions(
                user.pk,
                [voucher],
                CHANGE,
                change_message=f"Card: {given['reason']}",
                single_object=True,
            )
        if given["kind"] == "pdf":
            answer = _download(
                _card_pdf(issued.voucher, issued.code), "voucher-card.pdf", PDF
            )
        else:
            answer = render(
                request,
                "admin/vouchers/card.html",
                _card_facts(issued.voucher, issued.code),
            )
        # A code is kept by no cache.
        answer.headers["Cache-Control"] = "no-store"
        return answer


def _refusals(voucher: Voucher, actor: Actor) -> list[str]:
    """Say why the voucher can have no new code now: try it, and take it back."""
    if voucher.status_at(timezone.now()) != Voucher.Status.ISSUED:
        return [gettext("Only an issued voucher has a card.")]
    try:
        with transaction.atomic():
            rotate_code(voucher=voucher, actor=actor, reason="trial", key=str(uuid4()))
            transaction.set_rollback(True)
    except VoucherError as error:
        return [str(error)]
    return []


def result_of(checked: Checked) -> str:
    """Say the result of a check in one sentence, with its time."""
    at = date_format(timezone.localtime(checked.at, KIGALI), "j F Y, H:i:s")
    if checked.faults:
        return gettext("Checked on {at}: the trail does not hold. {faults}").format(
            at=at, faults=" ".join(checked.faults)
        )
    known = (
        gettext("the first {covered} are in the signed checkpoint {checkpoint}").format(
            covered=checked.covered, checkpoint=checked.checkpoint
        )
        if checked.covered
        else gettext("no checkpoint has recorded them yet")
    )
    return gettext("Checked on {at}: all {steps} steps are sound; {known}.").format(
        at=at, steps=checked.steps, known=known
    )


def _voucher(object_id: str) -> Voucher:
    return get_object_or_404(
        Voucher.objects.select_related("owner", "station"), pk=object_id
    )


def _facts(voucher: Voucher) -> dict[str, Any]:
    now = timezone.now()
    return {
        "voucher": voucher,
        "amount": amount_of(voucher),
        "status": gettext(Voucher.Status(voucher.status_at(now)).label),
        "number": mask_msisdn(voucher.owner.msisdn),
        "last_day": timezone.localtime(voucher.expires_at, KIGALI),
        "result": result_of(proof.check_now(voucher=voucher)),
    }


def _lines(facts: dict[str, Any], trail: list[Step]) -> Iterator[tuple[str, str]]:
    voucher: Voucher = facts["voucher"]
    yield pdf.BOLD, f"Voucher {voucher.reference}: {facts['status']}"
    yield pdf.PLAIN, f"{facts['amount']} for {voucher.owner} ({facts['number']})"
    yield pdf.PLAIN, f"Valid until {facts['last_day']:%d %B %Y}"
    yield pdf.PLAIN, ""
    for line in pdf.wrapped(facts["result"]):
        yield pdf.PLAIN, line
    for step in trail:
        event = step.event
        at = timezone.localtime(event.created_at, KIGALI)
        yield pdf.PLAIN, ""
        yield pdf.BOLD, f"{event.seq}. {at:%d %B %Y, %H:%M:%S}"
        note = getattr(event, "note", None)
        for text in (step.sentence, f"Reason: {note.text}" if note else ""):
            for line in pdf.wrapped(text, indent="   "):
                yield pdf.PLAIN, line
        yield pdf.PLAIN, f"   {bytes(event.hash).hex()}"


def _card_facts(voucher: Voucher, code: Code) -> dict[str, Any]:
    words = import_string(settings.VOUCHER_CARD_WORDS)(voucher)
    return {
        "voucher": voucher,
        "amount": amount_of(voucher),
        "code": code.formatted,
        # Made of digits only.
        "image": mark_safe(qr.svg(code)),  # noqa: S308
        "words": words,
        "back": reverse("admin:vouchers_voucher_change", args=[voucher.pk]),
    }


def _card_pdf(voucher: Voucher, code: Code) -> bytes:
    facts = _card_facts(voucher, code)
    words = facts["words"]
    lines = [
        (pdf.BOLD, 20, words["title"]),
        (pdf.BOLD, 28, facts["amount"]),
        (pdf.PLAIN, 12, voucher.reference),
        (pdf.PLAIN, 12, words["valid"]),
        (pdf.BOLD, 20, facts["code"]),
        *((pdf.PLAIN, 9, line) for line in pdf.wrapped(words["how"])),
    ]
    return pdf.card(lines, qr.modules(code))


def _download(content: bytes, name: str, content_type: str) -> HttpResponse:
    disposition = {"Content-Disposition": f"attachment; filename={name}"}
    return HttpResponse(content, content_type=content_type, headers=disposition)
