"""Pre-flight lines of WhatsApp: settings, signature check, Meta's account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings

from agents.operations.system_checks import OWNER_TEMPLATES, TEMPLATES
from agents.whatsapp.signature import is_handshake, is_signed, sign
from easymo.preflight.provider_request import Answer, NoAnswer, ask
from easymo.preflight.registry import (
    Circumstances,
    LineResult,
    Section,
    failed,
    line,
    ok,
    skipped,
    warning,
)
from rollout.core.features import Feature

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ENDS_SOON = timedelta(days=14)
BODY = b'{"object": "whatsapp_business_account", "entry": []}'


@line(
    "whatsapp.credentials",
    "The WhatsApp Business API credentials are configured",
    Section.ENVIRONMENT,
    place=7,
)
def credentials_work(circumstances: Circumstances) -> LineResult:
    circumstances.message("agents.W001", "agents.W002", "agents.W003", "agents.E001")
    if circumstances.is_demonstration and not settings.WA_TOKEN:
        return skipped("A demonstration: replies stay in the simulator.")
    if not settings.WA_TOKEN:
        return _without_token(circumstances)
    if incomplete := _incomplete():
        return incomplete
    if not circumstances.live:
        return ok("All four are set. `preflight --live` asks Meta.")
    return _number_is_ours()


def _incomplete() -> LineResult | None:
    if not settings.WA_PHONE_ID:
        return failed(
            "WA_PHONE_ID is not set: no message can be sent.",
            "It is the id of the phone number, in the WhatsApp manager.",
            PHONE,
        )
    if not settings.WA_APP_SECRETS:
        return failed(
            "WA_APP_SECRET is not set: every webhook is refused.",
            "It is the app secret of the Meta app that sends the webhooks.",
            "WA_APP_SECRET",
        )
    if not settings.WA_VERIFY_TOKEN:
        return warning(
            "WA_VERIFY_TOKEN is not set: Meta cannot confirm the webhook.",
            "Any word of your own; tell it to Meta with the webhook's URL.",
            "WA_VERIFY_TOKEN",
        )
    return None


def _without_token(circumstances: Circumstances) -> LineResult:
    remedy = "Make a token of a system user of the Meta app."
    if Feature.CHAT in circumstances.features_on:
        return circumstances.lacking(
            "Chat is on, and WA_TOKEN is not set: replies stay in the simulator.",
            remedy,
            TOKEN,
        )
    if settings.WA_PHONE_ID or settings.WA_APP_SECRETS:
        return warning("WA_TOKEN is not set: no message is sent.", remedy, TOKEN)
    return skipped("WhatsApp is not set up, and chat is off.", remedy, TOKEN)


def _number_is_ours() -> LineResult:
    fields = "id,verified_name,code_verification_status,quality_rating"
    try:
        answer = get(settings.WA_PHONE_ID, {"fields": fields})
    except NoAnswer as error:
        return _silent(error)
    if not answer.is_success:
        return refused(answer)
    if not isinstance(answer.body, dict) or "id" not in answer.body:
        return failed(
            "What answered is no Graph API.",
            "It looks like https://graph.facebook.com/v26.0.",
            ADDRESS,
        )
    if answer.find("quality_rating") == "RED":
        return warning(
            "Meta rates the number's quality as low.",
            "See the WhatsApp manager: it may soon send less.",
            PHONE,
        )
    if answer.find("code_verification_status") == "EXPIRED":
        # Meta keeps sending; only a move to another account needs a new subscription.
        return ok("Meta knows the number and the token (its verification is old).")
    return ok("Meta knows the number and the token.")


@line(
    "whatsapp.webhook", "The webhook takes Meta's signature, and no other", Section.SITE
)
def signature_is_checked(circumstances: Circumstances) -> LineResult:
    """Sign as Meta does, and call the webhook's own verifier."""
    secrets = settings.WA_APP_SECRETS
    if not secrets:
        return skipped("WA_APP_SECRET is not set.", "", "WA_APP_SECRET")
    takes_each = all(is_signed(BODY, sign(BODY, one), secrets) for one in secrets)
    takes_other = (
        is_signed(BODY + b" ", sign(BODY, secrets[0]), secrets)
        or is_signed(BODY, sign(BODY, secrets[0] + "x"), secrets)
        or is_signed(BODY, None, secrets)
        or is_signed(BODY, sign(BODY, ""), ["", *secrets])
        or is_handshake("subscribe", "", settings.WA_VERIFY_TOKEN)
    )
    if not takes_each or takes_other:
        return failed(
            "It takes a signature that is not right."
            if takes_other
            else "It refuses a right signature.",
            "Do not serve with this build.",
            "WA_APP_SECRET",
        )
    if any(len(one) < 16 for one in secrets):
        return circumstances.lacking(
            "WA_APP_SECRET is short: Meta's has 32 characters.",
            "Copy it from the Meta app's basic settings.",
            "WA_APP_SECRET",
        )
    return ok(
        f"{len(secrets)} {'secret' if len(secrets) == 1 else 'secrets'} in force."
    )


@line("whatsapp.notices", "Owners are told of their vouchers", Section.RUNNING)
def owners_are_told(circumstances: Circumstances) -> LineResult:
    if not settings.WA_TOKEN:
        return skipped("WA_TOKEN is not set.", "", TOKEN)
    missing = [name for name in OWNER_TEMPLATES if not getattr(settings, name)]
    if missing:
        return warning(
            "More than 24 hours after their last message owners are not told what"
            f" happens to their vouchers: {', '.join(missing)} not set.",
            "Create the templates (docs/whatsapp.md), and name them in the settings.",
            missing[0],
        )
    return ok("There is a template for each notice.")


@line("whatsapp.reminders", "Reminders of expiry can be sent", Section.RUNNING)
def reminders_can_be_sent(circumstances: Circumstances) -> LineResult:
    if not settings.VOUCHER_REMINDERS:
        return ok("They are off.")
    if not settings.WA_TEMPLATE_EXPIRY_REMINDER:
        return failed(
            "They are on without a template: only people who wrote within 24 hours would"
            " be reminded.",
            "Name the approved template, or set VOUCHER_REMINDERS to false.",
            "WA_TEMPLATE_EXPIRY_REMINDER",
        )
    return ok("They are on, with a template.")


@line(
    "whatsapp.account",
    "Meta sends us its webhooks, and has approved our templates",
    Section.ENVIRONMENT,
    place=8,
)
def account_is_ready(circumstances: Circumstances) -> LineResult:
    if not settings.WA_TOKEN:
        return skipped("WA_TOKEN is not set.", "", TOKEN)
    if not circumstances.live:
        return skipped("`preflight --live` asks Meta.", "", TOKEN)
    try:
        answer = get("debug_token", {"input_token": settings.WA_TOKEN})
        if not answer.is_success or not answer.find("data"):
            return skipped(
                "Meta does not say what this token may do.",
                "See the token in Meta's access token debugger.",
                TOKEN,
            )
        return _token_problem(answer) or _accounts(circumstances, answer)
    except NoAnswer as error:
        return _silent(error)


def _token_problem(answer: Answer) -> LineResult | None:
    granted = answer.find("data", "scopes") or []
    if "whatsapp_business_messaging" not in granted:
        return failed(
            "The token lacks the permission whatsapp_business_messaging.",
            "Make one of a system user that has it.",
            TOKEN,
        )
    ends = answer.find("data", "expires_at") or 0
    if ends and datetime.fromtimestamp(ends, UTC) - datetime.now(UTC) < ENDS_SOON:
        return warning(
            f"The token ends on {datetime.fromtimestamp(ends, UTC):%Y-%m-%d}.",
            "Make one of a system user that does not expire.",
            TOKEN,
        )
    return None


def _accounts(circumstances: Circumstances, answer: Answer) -> LineResult:
    app = str(answer.find("data", "app_id") or "")
    accounts = list(_account_ids(answer))
    if not accounts:
        return skipped(
            "The token may not read its WhatsApp account, so this cannot be checked.",
            "Give it the permission whatsapp_business_management as well.",
            TOKEN,
        )
    if not any(app in _subscribed(account) for account in accounts):
        return circumstances.lacking(
            "No WhatsApp account of this token sends its webhooks to this app.",
            "Subscribe the app: POST /<account>/subscribed_apps.",
            TOKEN,
        )
    wanted = {getattr(settings, name): name for name in TEMPLATES}
    wanted.pop("", None)
    approved = {name for account in accounts for name in _approved(account)}
    if missing := [name for name in wanted if name not in approved]:
        return circumstances.lacking(
            f"Meta has not approved the template {', '.join(missing)}.",
            "See the template in the WhatsApp manager, or take the setting out.",
            wanted[missing[0]],
        )
    templates = f", and has approved {len(wanted)} templates" if wanted else ""
    return ok(f"Meta sends webhooks to this app{templates}.")


def _account_ids(answer: Answer) -> Iterator[str]:
    for scope in answer.find("data", "granular_scopes") or []:
        if scope.get("scope") == "whatsapp_business_management":
            yield from (str(one) for one in scope.get("target_ids") or [])


def _subscribed(account: str) -> set[str]:
    apps = _listed(f"{account}/subscribed_apps", {})
    return {str(one.get("whatsapp_business_api_data", {}).get("id")) for one in apps}


def _approved(account: str) -> set[str]:
    fields = {"fields": "name,status", "status": "APPROVED", "limit": "250"}
    listed = _listed(f"{account}/message_templates", fields)
    return {str(one["name"]) for one in listed if one.get("status") == "APPROVED"}


def _listed(path: str, params: dict[str, str]) -> list[dict[str, Any]]:
    answer = get(path, params)
    found = answer.find("data")
    if not answer.is_success or not isinstance(found, list):
        raise NoAnswer(f"refused to list {path.partition('/')[2]} ({answer.status})")
    return [one for one in found if isinstance(one, dict)]


def _silent(error: NoAnswer) -> LineResult:
    return failed(
        f"Meta {error}.",
        "See that this machine may reach WHATSAPP_API_URL.",
        ADDRESS,
    )


TOKEN, PHONE, ADDRESS = "WA_TOKEN", "WA_PHONE_ID", "WHATSAPP_API_URL"
RATE_CODES = {4, 17, 32, 613, 80007, 130429}
PERMISSION_CODES = {3, 10, *range(200, 300)}


def get(path: str, params: Mapping[str, str] | None = None) -> Answer:
    """Request a node or edge of the Graph API. Raises ``NoAnswer``."""
    return ask(
        f"{settings.WHATSAPP_API_URL}/{path}",
        headers={"Authorization": f"Bearer {settings.WA_TOKEN}"},
        params=params,
    )


def refused(answer: Answer) -> LineResult:
    """Explain a refusal and its remedy without repeating Meta's text."""
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
