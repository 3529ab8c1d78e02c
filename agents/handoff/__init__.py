"""Conversations that a colleague answers instead of the agent: start with `handoff`."""
