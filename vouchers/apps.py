from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import register

from vouchers import checks


class VouchersConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "vouchers"
    verbose_name = "Vouchers"

    def ready(self) -> None:
        register(checks.voucher_settings)
