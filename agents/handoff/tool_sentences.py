"""What the agent did by a tool, as one sentence for a colleague."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents.tools.confirmation import NEEDED

if TYPE_CHECKING:
    from agents.models import ToolCall

# By name: what was tried, in words without personal data.
TRIED = {
    "lookup_customer": gettext_lazy("Look up a customer"),
    "create_voucher": gettext_lazy("Issue a voucher"),
    "redeem_voucher": gettext_lazy("Redeem a voucher"),
    "void_voucher": gettext_lazy("Void a voucher"),
    "reverse_redemption": gettext_lazy("Take back a redemption"),
    "list_vouchers": gettext_lazy("List the customer's vouchers"),
    "resend_code": gettext_lazy("Send the code again"),
    "list_stations": gettext_lazy("List the stations"),
    "answer_question": gettext_lazy("Answer a question"),
    "hand_off": gettext_lazy("Ask for a colleague"),
}


def sentence(call: ToolCall) -> str:
    """Return what was tried and how it ended."""
    tried = str(TRIED.get(call.name, call.name.replace("_", " ")))
    return f"{tried}: {_outcome(call)}"


def _outcome(call: ToolCall) -> str:
    code = call.code.replace("_", " ")
    result = call.result if isinstance(call.result, dict) else {}
    if call.code == NEEDED:
        return _("the person was asked to confirm")
    if call.status == call.Status.REFUSED:
        return _("refused ({code})").format(code=code) if code else _("refused")
    if call.status == call.Status.FAILED:
        return _("failed ({code})").format(code=code) if code else _("failed")
    if call.status == call.Status.STARTED:
        return _("not finished")
    if result.get("status") == "pending_approval":
        return _("waits for a second person")
    return _("done")
