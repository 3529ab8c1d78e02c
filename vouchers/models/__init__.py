from __future__ import annotations

from vouchers.models.profile import Profile
from vouchers.models.station import Station

__all__ = ["Profile", "Station"]
