"""Profiles, stations, vouchers and their events: start with ``services`` and ``sql/schema``."""
