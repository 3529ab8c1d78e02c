"""The second factor of an account: an authenticator app, and recovery codes.

django-otp checks the codes, refuses one that was used, and makes wrong ones wait. The
limits of `sign_in` count wrong codes too; the views apply them.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import segno
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from easymo import keys
from easymo.backoffice import sessions
from easymo.backoffice.models import AccountAct, RecoveryCode, Totp
from easymo.observability.logs import get_logger

if TYPE_CHECKING:
    from easymo.backoffice.models import BrowserSession

logger = get_logger(__name__)

ISSUER = "easymo"
CODES = 10
KEY_BYTES = 20
# Without letters and digits that look alike.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
CODE_LENGTH = 12
PURPOSE = "recovery-code"


class WrongCode(Exception):
    """The code is wrong, or was used before."""


def factor_of(user: User) -> Totp | None:
    """Return the authenticator app of an account."""
    return Totp.objects.filter(user_id=user.pk, confirmed=True).first()


def codes_left(user: User) -> int:
    return RecoveryCode.objects.filter(user_id=user.pk, used_at=None).count()


def may_change(user: User) -> bool:
    """Tell whether the account has any right besides viewing."""
    return user.is_superuser or any(
        not name.partition(".")[2].startswith("view_")
        for name in user.get_all_permissions()
    )


def is_missing(user: User, session: BrowserSession, factor: int | None) -> bool:
    """Tell whether this sign-in still needs a code; ``factor`` is the app's id."""
    if session.is_from_provider:
        return False
    if factor is not None:
        return session.verified_factor != factor
    return bool(settings.SECOND_FACTOR_REQUIRED) and may_change(user)


def new_key() -> str:
    """Return the random value from which a secret is made."""
    return secrets.token_hex(KEY_BYTES)


def unsaved(user: User, key: str) -> Totp:
    """Return the app that the user is about to set up."""
    return Totp(user=user, key=key, name=keys.writing_key_id(), confirmed=True)


def image(address: str) -> str:
    """Return the QR code of an address as the source of an image."""
    code = segno.make(address, error="m")
    return str(code.svg_data_uri(scale=5, border=3, dark="#000", light="#fff"))


def set_up(*, user: User, key: str, code: str) -> tuple[Totp, list[str]]:
    """Replace the app of an account; return it and the recovery codes.

    Raises `WrongCode`, with nothing changed, when the code is not of the new app.
    """
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        Totp.objects.filter(user=user).delete()
        factor = unsaved(user, key)
        factor.save()
        if not factor.verify_token(_digits(code)):
            raise WrongCode
        codes = _make_codes(user)
        AccountAct.objects.create(user=user, act=AccountAct.Act.SET_UP)
    logger.info("second_factor.set_up", user_id=user.pk)
    return factor, codes


def check(*, user: User, code: str) -> int:
    """Use up a code of the app, or a recovery code; return the id of the app.

    Raises `WrongCode`; the app then makes the next attempt wait.
    """
    entered = _digits(code)
    with transaction.atomic():
        factor = (
            Totp.objects.select_for_update().filter(user=user, confirmed=True).first()
        )
        if factor is None:
            is_right = False
        elif len(entered) == factor.digits:
            is_right = keys.holds(factor.name) and factor.verify_token(entered)
        else:
            is_right = _use_recovery_code(user, entered)
            if is_right:
                factor.throttle_reset()
    if factor is None or not is_right:
        logger.warning("second_factor.wrong_code", user_id=user.pk)
        raise WrongCode
    return int(factor.pk)


def renew_codes(*, user: User) -> list[str]:
    """Return new recovery codes; the earlier ones no longer work."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        codes = _make_codes(user)
        AccountAct.objects.create(user=user, act=AccountAct.Act.CODES_MADE)
    return codes


def remove(*, user: User) -> bool:
    """Remove the account's own app and codes; return whether there was one."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        is_removed = _delete(user)
        if is_removed:
            AccountAct.objects.create(user=user, act=AccountAct.Act.REMOVED)
    return is_removed


def reset(*, user: User, reason: str) -> bool:
    """Remove another person's app, end their sessions; return whether there was one.

    At the next sign-in the account needs its password, and sets up a new app.
    """
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        is_removed = _delete(user)
        if is_removed:
            AccountAct.objects.create(
                user=user, act=AccountAct.Act.RESET, reason=reason
            )
            sessions.end_all(user=user)
    if is_removed:
        logger.warning("second_factor.reset", user_id=user.pk)
    return is_removed


def throttled_for(user: User) -> int:
    """Return the seconds during which no code of the app is checked."""
    factor = factor_of(user)
    is_allowed, facts = factor.verify_is_allowed() if factor else (True, None)
    if is_allowed or not facts:
        return 0
    return max(1, round((facts["locked_until"] - timezone.now()).total_seconds()))


def wrong_code_sentence(user: User) -> str:
    """Return what the user reads after a wrong code."""
    seconds = throttled_for(user)
    if seconds > 1:
        return _(
            "This code is wrong, or was used before. Wait %(seconds)s seconds."
        ) % {"seconds": seconds}
    return _("This code is wrong, or was used before. Wait for the next one.")


def _delete(user: User) -> bool:
    count, _by_model = Totp.objects.filter(user=user).delete()
    RecoveryCode.objects.filter(user=user).delete()
    return count > 0


def _make_codes(user: User) -> list[str]:
    RecoveryCode.objects.filter(user=user).delete()
    codes = [
        "".join(secrets.choice(LETTERS) for _position in range(CODE_LENGTH))
        for _number in range(CODES)
    ]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user=user, digest=keys.digest(PURPOSE, code.encode()))
        for code in codes
    )
    return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes]


def _use_recovery_code(user: User, entered: str) -> bool:
    found = [digest for _key, digest in keys.digests(PURPOSE, entered.encode())]
    unused = RecoveryCode.objects.filter(user=user, digest__in=found, used_at=None)
    if not unused.update(used_at=timezone.now()):
        return False
    AccountAct.objects.create(user=user, act=AccountAct.Act.CODE_USED)
    return True


def _digits(code: str) -> str:
    """Return a code without spaces and dashes."""
    return "".join(letter for letter in code.casefold() if letter.isalnum())
