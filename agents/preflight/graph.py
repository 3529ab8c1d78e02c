"""What Meta's Graph API says about our number, our token and our templates.

developers.facebook.com/documentation/business-messaging/whatsapp/permissions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from easymo.preflight.asking import Answer, ask
from easymo.preflight.registry import Found, failed, warning

if TYPE_CHECKING:
    from collections.abc import Mapping

TOKEN, PHONE, ADDRESS = "WA_TOKEN", "WA_PHONE_ID", "WHATSAPP_API_URL"
RATE_CODES = {4, 17, 32, 613, 80007, 130429}
PERMISSION_CODES = {3, 10, *range(200, 300)}


def get(path: str, params: Mapping[str, str] | None = None) -> Answer:
    """Ask one node or edge; raise ``NoAnswer``."""
    return ask(
        f"{settings.WHATSAPP_API_URL}/{path}",
        headers={"Authorization": f"Bearer {settings.WA_TOKEN}"},
        params=params,
    )


def refused(answer: Answer) -> Found:
    """Say what a refusal means, and what to mend; Meta's own text is not repeated."""
    code = answer.find("error", "code")
    subcode = answer.find("error", "error_subcode")
    if code == 190 or answer.status == 401:
        is_old = subcode in {463, 467}
        return failed(
            "Meta says that the token has expired."
            if is_old
            else "Meta refused the token.",
            "Make one of a system user that does not expire, with the permission "
            "whatsapp_business_messaging.",
            TOKEN,
        )
    if code in PERMISSION_CODES:
        return failed(
            f"The token may not do this ({code}).",
            "Give its system user the WhatsApp account, and the permissions "
            "whatsapp_business_messaging and whatsapp_business_management.",
            TOKEN,
        )
    if code in RATE_CODES or answer.status == 429:
        return warning("Meta asks to wait.", "Try again in a few minutes.", TOKEN)
    if code == 100:
        return failed(
            "Meta knows no such number, or not for this token (100).",
            "It is the id of the phone number in the WhatsApp manager, not the number.",
            PHONE,
        )
    if answer.status == 404 or code == 2635:
        return failed(
            f"There is no Graph API at this address ({answer.status}).",
            "It looks like https://graph.facebook.com/v26.0.",
            ADDRESS,
        )
    return failed(
        f"Meta answered {answer.status}.",
        "See metastatus.com/whatsapp-business-api; then try again.",
        ADDRESS,
    )
