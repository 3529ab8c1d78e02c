"""Ask whether value may move. The callable is named by ``VOUCHER_GUARD``.

It is the first statement of the transaction, by itself: the rows that it reads are
then read after its lock is held. Whatever it does but say yes is a refusal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.module_loading import import_string

from easymo.database.errors import is_passing
from vouchers.errors import FeatureDisabled

if TYPE_CHECKING:
    from vouchers.actors import Actor


def pass_fence(actor: Actor) -> None:
    """Return when vouchers are on for this person; else raise ``FeatureDisabled``."""
    try:
        guard = import_string(settings.VOUCHER_GUARD)
        is_open = guard(subject=actor.subject)
    except Exception as error:
        if is_passing(error):
            # The database is away: that is not a switch, and the caller tells it apart.
            raise
        raise FeatureDisabled from error
    if is_open is not True:
        raise FeatureDisabled
