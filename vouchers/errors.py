from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext_noop

from easymo.sentences import Sentence, counted, day, english, label, ntranslatable
from easymo.sentences import translatable as _

if TYPE_CHECKING:
    from datetime import date, datetime


class VoucherError(Exception):
    """The voucher operation was refused; no value changed."""

    code: ClassVar[str] = "refused"
    # Names of attributes that callers may read beside the code and the text.
    fact_names: ClassVar[tuple[str, ...]] = ()

    @property
    def facts(self) -> dict[str, Any]:
        """Return the facts of the refusal, for the answer of an API or a tool."""
        return {name: getattr(self, name) for name in self.fact_names}


class VoucherNotFound(VoucherError):
    """The voucher does not exist, or the caller may not know that it does."""

    code = "voucher_not_found"

    def __init__(self) -> None:
        super().__init__(_("There is no such voucher."))


class NotOwner(VoucherNotFound):
    """The voucher has another owner. Only some callers are told."""

    code = "not_owner"

    def __init__(self) -> None:
        VoucherError.__init__(self, _("This voucher belongs to another customer."))


class VoucherNotIssued(VoucherError):
    """Only an issued voucher can be redeemed, voided or given a new code."""

    code = "not_issued"
    fact_names = ("status",)
    SENTENCES: ClassVar[dict[str, Sentence]] = {
        "redeemed": _("This voucher was redeemed already."),
        "void": _("This voucher was voided already."),
        "expired": _("This voucher has expired."),
        "pending_approval": _("This voucher still waits for approval."),
        # A concurrent operation changed its code or its owner.
        "issued": _("This voucher has just changed; try again."),
    }

    def __init__(self, status: str, at: datetime | None = None) -> None:
        self.status = str(status)
        self.at = at
        super().__init__(_not_issued(self.status, at))


class VoucherNotPending(VoucherError):
    """Only a voucher that waits for approval can be approved or declined."""

    code = "not_pending"
    fact_names = ("status",)

    def __init__(self, status: str) -> None:
        self.status = status
        super().__init__(
            _(
                "This voucher does not wait for approval: it is {words}.",
                words=label(status.replace("_", " ")),
            )
        )


class ApprovalExpired(VoucherError):
    """The time in which a request can be approved is over."""

    code = "approval_expired"

    def __init__(self) -> None:
        super().__init__(
            _("The time to approve this request is over. It has to be requested again.")
        )


class NotRedeemed(VoucherError):
    """Only a redemption can be taken back."""

    code = "not_redeemed"
    fact_names = ("status",)

    def __init__(self, status: str) -> None:
        self.status = status
        super().__init__(
            _(
                "There is no redemption to take back: it is {words}.",
                words=label(status.replace("_", " ")),
            )
        )


class TooLate(VoucherError):
    """The time in which a redemption can be taken back is over."""

    code = "too_late"
    fact_names = ("period_s",)

    def __init__(self, period_s: int) -> None:
        self.period_s = period_s
        hours = period_s // 3600
        period = (
            counted(hours, "{number} hour", "{number} hours")
            if hours
            else counted(period_s // 60, "{number} minute", "{number} minutes")
        )
        super().__init__(
            _("This can be taken back within {period} only.", period=period)
        )


class AlreadyAsked(VoucherError):
    """A request for the same reversal waits already."""

    code = "already_asked"

    def __init__(self) -> None:
        super().__init__(_("This reversal already waits for a second person."))


class RequestDecided(VoucherError):
    """A request for a reversal is decided once."""

    code = "already_decided"

    def __init__(self, decision: str) -> None:
        super().__init__(
            _("This request was already {decision}.", decision=label(decision))
        )


class VoucherExpired(VoucherError):
    """The voucher's time is over."""

    code = "expired"

    def __init__(self, expired_at: datetime | None = None) -> None:
        self.expired_at = expired_at
        super().__init__(_("This voucher has expired."))


class WrongLastDay(VoucherError):
    """An extension gives a later last day, within the limit."""

    code = "wrong_last_day"

    def __init__(self, present: date, latest: date) -> None:
        self.latest = latest
        if latest <= present:
            text = _("This voucher cannot be extended any more: the limit is reached.")
        else:
            text = _(
                "Choose a day after {present}, the present last day, and not after"
                " {latest}.",
                present=day(present),
                latest=day(latest),
            )
        super().__init__(text)


class LimitExceeded(VoucherError):
    """The amount exceeds the named limit."""

    code = "limit_exceeded"
    fact_names = ("limit",)

    def __init__(self, limit: str, cap: str) -> None:
        self.limit = limit
        self.cap = english(cap)
        super().__init__(
            {
                "voucher": _("A single voucher may be worth {cap} at most.", cap=cap),
                "issuer_daily": _(
                    "Your limit of {cap} a day for issuing is reached.", cap=cap
                ),
                "customer_daily": _(
                    "This customer's limit of {cap} a day is reached.", cap=cap
                ),
            }[limit]
        )


class CampaignRefused(VoucherError):
    """The campaign of a batch does not allow it to be issued."""

    code = "campaign_refused"
    SENTENCES: ClassVar[dict[str, Sentence]] = {
        "campaign_is_stopped": _("The campaign was stopped."),
        "campaign_is_not_running": _("The campaign does not run on this day."),
        "campaign_currency": _("The campaign has another currency."),
        "campaign_budget": _(
            "This is more than what is left of the campaign's budget."
        ),
    }

    def __init__(self, bar: str) -> None:
        super().__init__(self.SENTENCES[bar])


class CustomerNotFound(VoucherError):
    """There is no active customer with this number."""

    code = "customer_not_found"

    def __init__(self) -> None:
        super().__init__(_("There is no such customer."))


class Locked(VoucherError):
    """Too many wrong codes; every further code is refused until the lock ends."""

    code = "locked"
    fact_names = ("retry_after",)

    def __init__(self, retry_after: int, what: str = _("wrong codes")) -> None:
        self.retry_after = retry_after
        self.minutes = max(1, -(-retry_after // 60))
        super().__init__(
            ntranslatable(
                "Too many {what}. Try again in {minutes} minute.",
                "Too many {what}. Try again in {minutes} minutes.",
                self.minutes,
                what=what,
                minutes=self.minutes,
            )
        )


class FeatureDisabled(VoucherError):
    """Vouchers are switched off for this person."""

    code = "feature_disabled"

    def __init__(self) -> None:
        super().__init__(_("Vouchers are switched off at the moment."))


class NotAllowed(VoucherError):
    """This person's role does not include the operation."""

    code = "forbidden"

    def __init__(self, sentence: str = _("You may not do this.")) -> None:
        super().__init__(sentence)


class WrongStation(NotAllowed):
    """The station is closed, or not the one this person works at."""

    code = "wrong_station"

    def __init__(self) -> None:
        super().__init__(_("You cannot redeem at this station."))


class SecondPersonNeeded(NotAllowed):
    """A person may not approve or confirm what they had a part in."""

    code = "second_person_needed"
    SENTENCES: ClassVar[dict[str, Sentence]] = {
        "own_request": _(
            "A second person must approve this voucher: you requested it."
        ),
        "own_token": _(
            "A second person must approve this voucher: you created the token that"
            " requested it."
        ),
        "own_reversal": _(
            "A second person must approve this reversal: you asked for it."
        ),
        "own_batch": _("A second person must approve this batch: you uploaded it."),
        "own_voucher": _("A second person must approve this voucher: it is for you."),
        "own_extension": _("Another person must extend this voucher: it is for you."),
        "gave_role": _(
            "Another person must do this: you gave the role or the rights in the"
            " last 30 days."
        ),
        "made_by_requester": _(
            "Another person must approve this voucher: the person who"
            " requested it gave your account its rights in the last 30 days."
        ),
        "own_role": _(
            "Another person must confirm this: it is your own role or account."
        ),
    }

    def __init__(self, bar: str = "own_request") -> None:
        super().__init__(self.SENTENCES[bar])


class AlreadyDecided(VoucherError):
    """A change of authority is decided once."""

    code = "already_decided"

    def __init__(self, decision: str, by: str) -> None:
        super().__init__(
            _("This is already {decision} by {by}.", decision=label(decision), by=by)
        )


class KeyReused(VoucherError):
    """The key of an earlier operation came with other arguments."""

    code = "key_reused"

    def __init__(self) -> None:
        super().__init__(_("This key was already used for something else."))


class InvalidReason(VoucherError):
    """A reason is 1 to 500 characters without control characters."""

    code = "invalid_reason"

    def __init__(self) -> None:
        super().__init__(_("Give a reason of 1 to 500 characters."))


class StillHoldsVouchers(VoucherError):
    """A person who has unspent vouchers cannot be erased."""

    code = "still_holds_vouchers"

    def __init__(self, references: list[str]) -> None:
        self.references = references
        super().__init__(
            _(
                "The person still has {count} unspent voucher(s): void or decline"
                " them first ({references}).",
                count=len(references),
                references=", ".join(references),
            )
        )


class InvalidRequest(VoucherError):
    """The request is not valid; the text says why."""

    code = "invalid_request"


class InvalidProfile(VoucherError):
    """The data of a person or a station is not valid; the text says why."""

    code = "invalid_profile"


class UnknownStation(VoucherError):
    """There is no active station with this code or name."""

    code = "station_not_found"

    def __init__(self, code: str) -> None:
        super().__init__(_("There is no station {code}.", code=code))


# States and decisions as the sentences above name them.
_WORDS = (
    gettext_noop("pending approval"),
    gettext_noop("issued"),
    gettext_noop("redeemed"),
    gettext_noop("void"),
    gettext_noop("expired"),
    gettext_noop("approved"),
    gettext_noop("declined"),
    gettext_noop("refused"),
    gettext_noop("confirmed"),
)


def _not_issued(status: str, at: datetime | None) -> Sentence:
    """Return the sentence with the time, in the time zone of the programme."""
    if at is None or status not in _WITH_TIME:
        return VoucherNotIssued.SENTENCES[status]
    local = timezone.localtime(at)
    return _(_WITH_TIME[status], day=day(local), time=f"{local:%H:%M}")


_WITH_TIME = {
    "redeemed": gettext_noop("This voucher was redeemed already, on {day} at {time}."),
    "void": gettext_noop("This voucher was voided already, on {day} at {time}."),
    "expired": gettext_noop("This voucher has expired, on {day} at {time}."),
}
