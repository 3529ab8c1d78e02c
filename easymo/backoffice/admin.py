"""Restrict the look-ups and the size of all lists. This app is the last one: all are registered."""

from __future__ import annotations

from django.contrib import admin
from django_otp.plugins.otp_totp.models import TOTPDevice

from easymo.backoffice.names import keep_colours
from easymo.backoffice.pages import BoundedLists, ListedLookups


def restrict_other_pages() -> None:
    """Restrict the pages of libraries too."""
    for model, page in list(admin.site._registry.items()):
        if not isinstance(page, ListedLookups):
            restricted = type(
                type(page).__name__, (BoundedLists, ListedLookups, type(page)), {}
            )
            admin.site.unregister(model)
            admin.site.register(model, restricted)


# Its page shows the secrets of other people.
admin.site.unregister(TOTPDevice)
restrict_other_pages()
for each in admin.site._registry.values():
    keep_colours(each)
