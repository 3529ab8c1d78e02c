from __future__ import annotations

from rollout.models.flag import AgentFlag

__all__ = ["AgentFlag"]
