"""The station page: sign in, redeem by code, today's list, undo. Works without scripts."""

from __future__ import annotations

import zlib
from datetime import datetime, time
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.shortcuts import render as render_page
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import (
    sensitive_post_parameters,
    sensitive_variables,
)

from agents.core import call_rate
from agents.language import texts
from agents.language.choice import language_of_person
from agents.station import sign_in
from easymo import keys
from easymo.addresses import address_of, network_of
from vouchers import qr
from vouchers.actors import Actor
from vouchers.codes import InvalidCode, MistypedCode, parse_code
from vouchers.errors import Locked, VoucherError
from vouchers.models import Voucher, VoucherEvent
from vouchers.money import Money, format_money
from vouchers.services.redeem import redeem_voucher
from vouchers.services.reverse import STATION_PERIOD, reverse_redemption

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

    from easymo.backoffice.models import BrowserSession
    from vouchers.models import Profile

KIGALI = ZoneInfo("Africa/Kigali")
LANGUAGES = {"en": "English", "fr": "Français", "rw": "Ikinyarwanda"}
COOKIE = "station_language"
MOST_ROWS = 200
# Requests for a code, and sign-ins, of one network within ten minutes.
OF_NETWORK, WINDOW_S = 30, 600
PENDING = "station_code"
# A picture of the camera: its side in pixels, its longest body, how many a minute.
PICTURE_SIDE, PICTURE_BYTES, PICTURES_A_MINUTE = 320, 110_000, 120


@method_decorator(
    [never_cache, sensitive_post_parameters(), sensitive_variables()], name="dispatch"
)
class StationView(View):
    """Answers in the chosen language; signed-in people only, where it is needed."""

    needs_person = True
    person: Profile | None = None

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Send people who are not signed in to the first page."""
        self.person = sign_in.signed_in(request)
        if self.needs_person and self.person is None:
            return redirect("station:sign-in")
        response = super().dispatch(request, *args, **kwargs)
        response.headers["Cache-Control"] = "no-store"
        return response

    def say(self, key: str, **values: object) -> str:
        return texts.render(f"station.{key}", self.language, **values)

    @property
    def language(self) -> str:
        """Return the language of the cookie, the person or the browser."""
        wanted = [self.request.COOKIES.get(COOKIE, "")]
        if self.person is not None:
            wanted.append(language_of_person(self.person, default=""))
        accepted = self.request.headers.get("Accept-Language", "")
        wanted += [part.strip()[:2].lower() for part in accepted.split(",")[:5]]
        return next((each for each in wanted if each in LANGUAGES), "en")

    def page(self, name: str, *, status: int = 200, **context: Any) -> HttpResponse:
        words = {
            key.removeprefix("station."): value
            for key, value in texts.TEXTS[self.language].items()
            if key.startswith("station.")
        }
        given = {
            "words": words,
            "language": self.language,
            "languages": LANGUAGES,
            "person": self.person,
            "picture_side": PICTURE_SIDE,
        }
        return render_page(
            self.request, f"station/{name}.html", given | context, status=status
        )


class SignIn(StationView):
    """The first page: a number for a one-time code, or an account."""

    needs_person = False

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the forms, or the code's form while a code is expected."""
        if self.person is not None:
            return redirect("station:home")
        return self.page("sign_in", expects_code=PENDING in request.session)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Send a code, check a code, or check an account."""
        if seconds := _take(request):
            minutes = -(-seconds // 60)
            return self._again("too_often", status=429, minutes=minutes)
        if "number" in request.POST:
            public_id = sign_in.request_code(request.POST["number"])
            request.session[PENDING] = str(public_id)
            return self.page("sign_in", expects_code=True, notice=self.say("code_sent"))
        if "code" in request.POST:
            return self._check_code(request)
        return self._check_account(request)

    def _check_code(self, request: HttpRequest) -> HttpResponse:
        pending = request.session.get(PENDING)
        person = (
            sign_in.check_code(UUID(pending), request.POST["code"]) if pending else None
        )
        if person is None:
            return self._again("code_wrong", expects_code=True)
        return self._begin(request, person)

    def _check_account(self, request: HttpRequest) -> HttpResponse:
        given = {
            name: request.POST.get(name, "")
            for name in ("username", "password", "app_code")
        }
        found = sign_in.check_account(request, **given)
        if found is None:
            return self._again("account_wrong")
        person, account = found
        return self._begin(request, person, account=account)

    def _begin(
        self,
        request: HttpRequest,
        person: Profile,
        *,
        account: BrowserSession | None = None,
    ) -> HttpResponse:
        request.session.pop(PENDING, None)
        sign_in.begin(request, person, account=account)
        return redirect("station:home")

    def _again(
        self,
        key: str,
        *,
        status: int = 422,
        expects_code: bool = False,
        **values: object,
    ) -> HttpResponse:
        problem = self.say(key, **values)
        return self.page(
            "sign_in", status=status, problem=problem, expects_code=expects_code
        )


class Home(StationView):
    """The form for a code, and what was redeemed at this station today."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(uuid4())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Redeem the voucher with this code. The same press again changes nothing."""
        person = self.person
        key = _key(request)
        if person is None or person.station is None or key is None:
            return self._show(uuid4(), problem=self.say("try_again"), status=422)
        try:
            code = parse_code(request.POST.get("code", ""))
            done = redeem_voucher(
                code=code,
                station=person.station,
                actor=Actor.of_profile(person, channel="station"),
                key=f"station:{person.pk}:{key}",
            )
        except MistypedCode:
            return self._refused(key, "code_mistyped")
        except InvalidCode:
            return self._refused(key, "code_shape")
        except Locked as error:
            return self._refused(key, "refused.locked", minutes=error.minutes)
        except VoucherError as error:
            # A refused press wrote nothing under its key.
            known = f"refused.{error.code}"
            name = known if texts.has(f"station.{known}") else "refused.other"
            return self._refused(key, name)
        notice = self.say(
            "redeemed_before" if done.replayed else "redeemed",
            amount=_amount(done.voucher),
            reference=done.voucher.reference,
        )
        return self._show(uuid4(), notice=notice)

    def _refused(self, key: UUID, name: str, **values: object) -> HttpResponse:
        return self._show(key, problem=self.say(name, **values), status=422)

    def _show(
        self, key: UUID, *, notice: str = "", problem: str = "", status: int = 200
    ) -> HttpResponse:
        return self.page(
            "home",
            status=status,
            key=key,
            notice=notice,
            problem=problem,
            rows=_today(self.person),
            total=_total(self.person),
        )


class Scan(StationView):
    """Read a code from a picture, for browsers that read no QR codes themselves.

    The body is a square grey picture, one byte a pixel, deflated. A code that is read
    is only given back: redeeming stays a press of its own.
    """

    def post(self, request: HttpRequest) -> HttpResponse:
        """Answer the digits, which are empty when the picture shows no code."""
        subject = f"station-scan:{self.person.pk if self.person else ''}"
        if call_rate.take(subject, limit=PICTURES_A_MINUTE, window=60):
            return JsonResponse({"error": "rate_limited"}, status=429)
        pixels = _inflated(request)
        if pixels is None:
            return JsonResponse({"error": "invalid_picture"}, status=422)
        return JsonResponse({"digits": qr.digits_in(pixels, side=PICTURE_SIDE)})


class Undo(StationView):
    """Take a redemption of this station back within 15 minutes, after a question."""

    def get(self, request: HttpRequest, voucher: UUID) -> HttpResponse:
        return self._ask(voucher, uuid4())

    def post(self, request: HttpRequest, voucher: UUID) -> HttpResponse:
        """Take it back, or ask a second person above the limit."""
        row, key = self._row(voucher), _key(request)
        if self.person is None or key is None:
            return redirect("station:home")
        try:
            done = reverse_redemption(
                voucher=row,
                reason=request.POST.get("reason", ""),
                actor=Actor.of_profile(self.person, channel="station"),
                key=f"station:{self.person.pk}:{key}",
            )
        except VoucherError as error:
            known = f"refused.{error.code}"
            name = known if texts.has(f"station.{known}") else "refused.other"
            return self._ask(voucher, key, problem=self.say(name), status=422)
        told = "undo_waits" if done.is_requested else "undone"
        notice = self.say(told, amount=_amount(row), reference=row.reference)
        return self.page(
            "home",
            key=uuid4(),
            notice=notice,
            problem="",
            rows=_today(self.person),
            total=_total(self.person),
        )

    def _ask(
        self, voucher: UUID, key: UUID, *, problem: str = "", status: int = 200
    ) -> HttpResponse:
        row = self._row(voucher)
        facts = {"reference": row.reference, "amount": _amount(row)}
        question = self.say("undo_question", **facts)
        return self.page(
            "undo", status=status, key=key, question=question, problem=problem
        )

    def _row(self, voucher: UUID) -> Voucher:
        """Return a voucher that this station redeemed."""
        station = self.person.station if self.person else None
        redeemed = VoucherEvent.objects.filter(
            voucher=OuterRef("pk"), kind="redeemed", station=station
        )
        found = Voucher.objects.select_related("owner", "station")
        return get_object_or_404(found.filter(Exists(redeemed)), public_id=voucher)


class SignOut(StationView):
    needs_person = False

    def post(self, request: HttpRequest) -> HttpResponse:
        sign_in.end(request)
        return redirect("station:sign-in")


class Language(StationView):
    """Keep the chosen language in this browser."""

    needs_person = False

    def post(self, request: HttpRequest) -> HttpResponse:
        response = redirect("station:home")
        wanted = request.POST.get("language", "")
        if wanted in LANGUAGES:
            response.set_cookie(
                COOKIE,
                wanted,
                max_age=31_536_000,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response


def _take(request: HttpRequest) -> int | None:
    network = network_of(address_of(request)).encode()
    digest = keys.digest("station-page", network).hex()[:40]
    subject = f"station-page:{digest}"
    return call_rate.take(subject, limit=OF_NETWORK, window=WINDOW_S)


def _inflated(request: HttpRequest) -> bytes | None:
    """Return the pixels of a picture of the right size."""
    if len(request.body) > PICTURE_BYTES:
        return None
    size = PICTURE_SIDE * PICTURE_SIDE
    try:
        # One byte more than wanted is enough to see that it is too large.
        pixels = zlib.decompressobj().decompress(request.body, size + 1)
    except zlib.error:
        return None
    return pixels if len(pixels) == size else None


def _key(request: HttpRequest) -> UUID | None:
    """Return the key of the form: the same when it is sent twice."""
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return None


def _events(person: Profile | None) -> Any:
    midnight = datetime.combine(timezone.localdate(timezone=KIGALI), time.min, KIGALI)
    return VoucherEvent.objects.filter(
        station=person.station if person else None,
        kind__in=["redeemed", "reversed"],
        created_at__gte=midnight,
    )


def _today(person: Profile | None) -> list[dict[str, Any]]:
    """Return today's redemptions and reversals at the station, the newest first."""
    since = timezone.now() - STATION_PERIOD
    found = _events(person).select_related("voucher").order_by("-created_at", "-id")
    return [
        {
            "at": timezone.localtime(event.created_at, KIGALI),
            "reference": event.voucher.reference,
            "amount": format_money(Money(event.amount_minor, event.currency)),
            "is_reversal": event.kind == VoucherEvent.Kind.REVERSED,
            "voucher": event.voucher.public_id,
            "may_undo": event.kind == VoucherEvent.Kind.REDEEMED
            and event.seq == event.voucher.seq
            and event.created_at > since,
        }
        for event in found[:MOST_ROWS]
    ]


def _total(person: Profile | None) -> str:
    """Return the sum of today's redemptions less those that were taken back."""
    sums: dict[str, int] = {}
    rows = _events(person).values_list("kind", "currency", "amount_minor")
    for kind, currency, minor in rows:
        sign = 1 if kind == VoucherEvent.Kind.REDEEMED else -1
        sums[currency] = sums.get(currency, 0) + sign * minor
    return ", ".join(format_money(Money(sums[each], each)) for each in sorted(sums))


def _amount(voucher: Voucher) -> str:
    return format_money(Money(voucher.amount_minor, voucher.currency))
