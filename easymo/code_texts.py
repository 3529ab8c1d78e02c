"""Voucher codes in texts of the back office: no stored text keeps one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from collections.abc import Callable


def blank_codes(text: str) -> str:
    """Return the text with each voucher code, in any spelling, replaced by a mark."""
    blank: Callable[[str], str] = import_string(settings.CODE_BLANKING)
    return blank(text)
