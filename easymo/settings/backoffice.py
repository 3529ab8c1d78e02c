"""The appearance of the back office and its menu."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.templatetags.static import static
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django_stubs_ext import StrPromise

    type Words = str | StrPromise

# The simulator's green in Unfold's format, from lightest to darkest.
GREENS = (
    ("50", "#eefaf4"),
    ("100", "#d6f2e4"),
    ("200", "#aee4cb"),
    ("300", "#7bcfad"),
    ("400", "#46b58b"),
    ("500", "#1f9a70"),
    ("600", "#0d6b4f"),
    ("700", "#0b5942"),
    ("800", "#0a4735"),
    ("900", "#083a2c"),
    ("950", "#04211a"),
)


def _seen_by(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)


def _item(title: Words, icon: str, model: str) -> dict[str, Any]:
    app, name = model.split(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{name}_changelist"),
        "permission": _seen_by(f"{app}.view_{name}"),
    }


def _group(
    title: Words, *items: dict[str, Any], folded: bool = False
) -> dict[str, Any]:
    return {
        "title": title,
        "separator": True,
        "collapsible": folded,
        "items": list(items),
    }


UNFOLD = {
    "SITE_TITLE": "easymo",
    "SITE_HEADER": "easymo",
    "SITE_SUBHEADER": _("Fuel vouchers by WhatsApp"),
    "SITE_URL": "/",
    "SITE_SYMBOL": "local_gas_station",
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda _request: static("simulator/icon.svg"),
        }
    ],
    "STYLES": [
        lambda _request: static("easymo/unscripted.css"),
        lambda _request: static("easymo/backoffice.css"),
    ],
    "SCRIPTS": [lambda _request: static("easymo/backoffice.js")],
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "COLORS": {"primary": dict(GREENS)},
    "ACCOUNT": {
        "navigation": [{"title": _("Your account"), "link": reverse_lazy("account")}]
    },
    "DASHBOARD_CALLBACK": "agents.admin.overview.add_overview",
    "SIDEBAR": {
        "show_search": True,
        "navigation": [
            _group(
                "",
                {
                    "title": _("Overview"),
                    "icon": "space_dashboard",
                    "link": reverse_lazy("admin:index"),
                },
                {
                    "title": _("Inbox"),
                    "icon": "inbox",
                    "link": reverse_lazy("inbox"),
                    "permission": _seen_by("agents.view_conversation"),
                    "badge": "agents.admin.inbox.badge",
                    "badge_variant": "danger",
                },
                {
                    "title": _("Control room"),
                    "icon": "monitor_heart",
                    "link": lambda _request: reverse("admin:index") + "?page=room",
                    "permission": _seen_by("rollout.view_agentflag"),
                },
                {
                    "title": _("Simulator"),
                    "icon": "smartphone",
                    "link": reverse_lazy("simulator:home"),
                    "permission": "agents.simulator.access.may_use",
                },
            ),
            _group(
                _("Vouchers"),
                _item(_("Vouchers"), "confirmation_number", "vouchers.voucher"),
                _item(_("Spreadsheets"), "table_view", "vouchers.batch"),
                _item(_("Campaigns"), "campaign", "vouchers.campaign"),
                _item(_("People"), "group", "vouchers.profile"),
                _item(_("Stations"), "ev_station", "vouchers.station"),
                {
                    "title": _("Settlement"),
                    "icon": "payments",
                    "link": reverse_lazy("settlement"),
                    "permission": _seen_by("vouchers.view_voucher"),
                },
                {
                    "title": _("Approvals"),
                    "icon": "approval_delegation",
                    "link": reverse_lazy("approvals"),
                    "permission": _seen_by("vouchers.view_voucher"),
                    "badge": "vouchers.admin.approvals.badge",
                    "badge_variant": "danger",
                },
                _item(_("Reversals"), "undo", "vouchers.reversalrequest"),
                _item(_("Roles and rights"), "how_to_reg", "vouchers.authoritychange"),
                _item(_("Recorded changes"), "history", "vouchers.changerecord"),
            ),
            _group(
                _("Conversations"),
                _item(_("Conversations"), "forum", "agents.conversation"),
                _item(_("Calls"), "call", "agents.call"),
                _item(_("Agent's texts"), "edit_note", "agents.contentversion"),
                _item(_("Waiting for a person"), "support_agent", "agents.handoff"),
                _item(_("STOP and START"), "notifications_off", "agents.consentevent"),
                _item(_("Blocked people"), "block", "agents.block"),
                _item(_("Phone PINs"), "dialpad", "agents.phonepin"),
            ),
            _group(
                _("Rollout"),
                _item(_("Stage"), "stairs", "rollout.plan"),
                _item(_("Waivers"), "approval", "rollout.waiver"),
                _item(_("Features"), "toggle_on", "rollout.agentflag"),
                _item(_("Changes"), "history", "rollout.flagchange"),
                _item(_("Cohorts"), "groups", "rollout.cohort"),
                _item(_("Incidents"), "emergency", "rollout.incident"),
                _item(_("Evidence"), "fact_check", "rollout.observation"),
                _item(_("Leaks"), "policy", "observability.leakfinding"),
                _item(_("Checklist"), "checklist", "rollout.checklistitem"),
                _item(_("Pre-flight and tests"), "flight_takeoff", "rollout.checkrun"),
                _item(_("Announcements"), "campaign", "rollout.announcement"),
                _item(_("Contacts"), "call", "rollout.contact"),
                _item(_("Notices"), "notifications", "rollout.notice"),
                {
                    "title": _("Reports"),
                    "icon": "lab_profile",
                    "link": reverse_lazy("admin:rollout_report", args=["daily"]),
                    "permission": _seen_by("rollout.view_notice"),
                },
            ),
            _group(
                _("System"),
                _item(_("Outgoing messages"), "outbox", "agents.outboundmessage"),
                _item(_("Sending numbers"), "cell_tower", "agents.sendingline"),
                _item(_("Webhooks"), "inbox", "agents.webhookevent"),
                _item(_("Previous workflow"), "forward", "agents.forwardeditem"),
                _item(_("Dead letters"), "report", "agents.deadletter"),
                _item(_("Erasures"), "delete_forever", "agents.mentionsearch"),
                _item(_("API tokens"), "key", "agents.apitoken"),
                _item(_("Queue"), "low_priority", "procrastinate.procrastinatejob"),
                _item(_("Staff accounts"), "badge", "auth.user"),
                _item(_("Groups"), "shield_person", "auth.group"),
                _item(_("Sign-in attempts"), "login", "axes.accessattempt"),
                folded=True,
            ),
        ],
    },
}
