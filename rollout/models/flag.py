from __future__ import annotations

from waffle.models import AbstractUserFlag


class AgentFlag(AbstractUserFlag):
    """One feature's switch."""

    class Meta(AbstractUserFlag.Meta):
        abstract = False
