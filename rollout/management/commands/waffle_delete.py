from __future__ import annotations

from rollout.management.retired import RetiredCommand


class Command(RetiredCommand):
    """waffle's own would change a feature without its row in the audit log."""
