from __future__ import annotations

from enum import StrEnum


class Feature(StrEnum):
    """The features, each with its own flag."""

    CHAT = "FEATURE_AGENT_CHAT"
    VOICE = "FEATURE_AGENT_VOICE"
    VOUCHERS = "FEATURE_AGENT_VOUCHERS"
    CUSTOMER_LOOKUP = "FEATURE_AGENT_CUSTOMER_LOOKUP"

    @property
    def label(self) -> str:
        """Return the name that pages show, such as "Customer lookup"."""
        return self.name.replace("_", " ").capitalize()
