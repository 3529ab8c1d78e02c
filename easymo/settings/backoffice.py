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


type Check = Callable[[HttpRequest], bool]

# Of all people of the back office only those who answer customers and do nothing about
# the rollout have no use for its pages.
OPERATES = ("rollout.rollback", "rollout.change_exposure")


def _seen_by(permission: str) -> Check:
    return lambda request: request.user.has_perm(permission)


def _not_for_support(permission: str) -> Check:
    def is_shown(request: HttpRequest) -> bool:
        user = request.user
        if not user.has_perm(permission):
            return False
        answers = user.has_perm("agents.answer_person")
        return not answers or any(user.has_perm(each) for each in OPERATES)

    return is_shown


def _page(title: Words, icon: str, link: Any, permission: Any = None) -> dict[str, Any]:
    shown = {} if permission is None else {"permission": permission}
    return {"title": title, "icon": icon, "link": link, **shown}


def _item(title: Words, icon: str, model: str, check: Any = _seen_by) -> dict[str, Any]:
    app, name = model.split(".")
    link = reverse_lazy(f"admin:{app}_{name}_changelist")
    return _page(title, icon, link, check(f"{app}.view_{name}"))


def _counted(item: dict[str, Any], name: str) -> dict[str, Any]:
    """Add the count of what waits; all counts of a page are one query."""
    return item | {"badge": f"agents.admin.counts.{name}", "badge_variant": "danger"}


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
        # Our own field: templates/unfold/helpers/search.html.
        "show_search": False,
        "navigation": [
            _group(
                "",
                _page(_("Needs you now"), "task_alt", reverse_lazy("admin:index")),
                _page(
                    _("Simulator"),
                    "smartphone",
                    reverse_lazy("simulator:home"),
                    "agents.simulator.access.may_use",
                ),
            ),
            _group(
                _("Inbox"),
                _counted(
                    _page(
                        _("Inbox"),
                        "inbox",
                        reverse_lazy("inbox"),
                        _seen_by("agents.view_conversation"),
                    ),
                    "inbox",
                ),
                _item(_("Conversations"), "forum", "agents.conversation"),
                _item(_("Calls"), "call", "agents.call"),
                _item(_("Waiting for a person"), "support_agent", "agents.handoff"),
            ),
            _group(
                _("Vouchers"),
                _item(_("Vouchers"), "confirmation_number", "vouchers.voucher"),
                _item(_("Spreadsheets"), "table_view", "vouchers.batch"),
                _item(_("Campaigns"), "campaign", "vouchers.campaign"),
            ),
            _group(
                _("Customers"),
                _item(_("People"), "group", "vouchers.profile"),
                _item(_("STOP and START"), "notifications_off", "agents.consentevent"),
                _item(_("Blocked people"), "block", "agents.block"),
                _item(_("Phone PINs"), "dialpad", "agents.phonepin"),
            ),
            _group(
                _("Stations"),
                _item(_("Stations"), "ev_station", "vouchers.station"),
                _page(
                    _("Settlement"),
                    "payments",
                    reverse_lazy("settlement"),
                    _seen_by("vouchers.view_voucher"),
                ),
            ),
            _group(
                _("Approvals"),
                _counted(
                    _page(
                        _("Approvals"),
                        "approval_delegation",
                        reverse_lazy("approvals"),
                        _seen_by("vouchers.view_voucher"),
                    ),
                    "approvals",
                ),
                _item(_("Reversals"), "undo", "vouchers.reversalrequest"),
                _item(_("Roles and rights"), "how_to_reg", "vouchers.authoritychange"),
                _item(
                    _("Waivers"), "approval", "rollout.waiver", check=_not_for_support
                ),
            ),
            _group(
                _("Rollout"),
                _page(
                    _("Control room"),
                    "monitor_heart",
                    lambda _request: reverse("admin:index") + "?page=room",
                    _not_for_support("rollout.view_agentflag"),
                ),
                _page(
                    _("Restore"),
                    "settings_backup_restore",
                    reverse_lazy("restore"),
                    _not_for_support("rollout.view_plan"),
                ),
                _item(_("Stage"), "stairs", "rollout.plan", check=_not_for_support),
                _item(
                    _("Features"),
                    "toggle_on",
                    "rollout.agentflag",
                    check=_not_for_support,
                ),
                _item(_("Cohorts"), "groups", "rollout.cohort", check=_not_for_support),
                _page(
                    _("Checklist"),
                    "checklist",
                    reverse_lazy("checklist"),
                    _not_for_support("rollout.view_checklistitem"),
                ),
                _page(
                    _("Pre-flight and tests"),
                    "flight_takeoff",
                    reverse_lazy("check-runs"),
                    _not_for_support("rollout.view_checkrun"),
                ),
                _item(
                    _("Announcements"),
                    "campaign",
                    "rollout.announcement",
                    check=_not_for_support,
                ),
            ),
            _group(
                _("Incidents"),
                _counted(
                    _item(_("Incidents"), "emergency", "rollout.incident"), "incidents"
                ),
                _item(_("Contacts"), "call", "rollout.contact"),
                _item(_("Notices"), "notifications", "rollout.notice"),
            ),
            _group(
                _("Reports"),
                _page(
                    _("Reports"),
                    "lab_profile",
                    reverse_lazy("admin:rollout_report", args=["daily"]),
                    _seen_by("rollout.view_notice"),
                )
                | {"with_siblings": True},
                _item(_("Evidence"), "fact_check", "rollout.observation"),
                _item(_("Leaks"), "policy", "observability.leakfinding"),
                _item(_("Changes of features"), "history", "rollout.flagchange"),
                _item(_("Recorded changes"), "history", "vouchers.changerecord"),
            ),
            _group(
                _("Settings"),
                _item(
                    _("Agent's texts"),
                    "edit_note",
                    "agents.contentversion",
                    check=_not_for_support,
                ),
                *(
                    _item(title, icon, model, check=_not_for_support)
                    for title, icon, model in (
                        (_("Outgoing messages"), "outbox", "agents.outboundmessage"),
                        (_("Sending numbers"), "cell_tower", "agents.sendingline"),
                        (_("Webhooks"), "inbox", "agents.webhookevent"),
                        (_("Previous workflow"), "forward", "agents.forwardeditem"),
                        (_("Dead letters"), "report", "agents.deadletter"),
                        (_("Erasures"), "delete_forever", "agents.mentionsearch"),
                        (_("API tokens"), "key", "agents.apitoken"),
                        (_("Queue"), "low_priority", "procrastinate.procrastinatejob"),
                        (_("Staff accounts"), "badge", "auth.user"),
                        (_("Groups"), "shield_person", "auth.group"),
                        (_("Sign-in attempts"), "login", "axes.accessattempt"),
                    )
                ),
                folded=True,
            ),
        ],
    },
}
