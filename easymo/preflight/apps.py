from __future__ import annotations

from django.apps import AppConfig


class PreflightConfig(AppConfig):
    name = "easymo.preflight"
    label = "preflight"
    verbose_name = "Pre-flight"

    def ready(self) -> None:
        # Registers the lines, in the order of the guide.
        from easymo.preflight import (  # noqa: PLC0415
            code,  # noqa: F401
            database,  # noqa: F401
            logging,  # noqa: F401
            site,  # noqa: F401
            supabase,  # noqa: F401
        )
