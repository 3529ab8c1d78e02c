"""The base class of this app's admin pages."""

from __future__ import annotations

from agents.core.errors import AgentError
from vouchers.admin.base import NumberSearchAdmin


class AgentsAdmin(NumberSearchAdmin):
    """Shows what a service refuses; finds a person by a whole number."""

    refusals: tuple[type[Exception], ...] = (AgentError,)
