from __future__ import annotations


class AgentError(Exception):
    """The agent could not go on as it wanted; what was committed stands."""


class LeaseLost(AgentError):
    """Another worker took this turn up: nothing more may be written for it here."""


class NewerInput(AgentError):
    """The person wrote on before anything was done or sent: the draft is dropped."""


class TokenError(AgentError):
    """The API token cannot be made, found or revoked; the sentence says why."""
