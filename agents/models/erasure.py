from __future__ import annotations

from django.db import models
from django.db.models import Q


class MentionSearch(models.Model):
    """The search for an erased person in what others wrote, and how far it is.

    A round reads each table up to the last row at its beginning.
    """

    erasure = models.OneToOneField(
        "vouchers.Erasure", models.PROTECT, related_name="search"
    )
    # The numbers, names and user ids to search for; null when the search is complete.
    words_sealed = models.BinaryField(null=True)
    round = models.PositiveSmallIntegerField(default=1)
    # By table: the last row to read, and the last row that was read.
    goals = models.JSONField(default=dict)
    positions = models.JSONField(default=dict)
    # Transactions that ran when the goals were set must end before rows are read.
    barrier = models.BigIntegerField()
    # By table: the first row with a mention that is still to be processed.
    waiting = models.JSONField(default=dict)
    # While such rows wait, the search pauses until then.
    resume_at = models.DateTimeField(null=True)
    rows_read = models.PositiveBigIntegerField(default=0)
    rows_blanked = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    moved_at = models.DateTimeField(auto_now=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "erasure"
        constraints = [
            # Search words are kept exactly until the search is complete.
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True, words_sealed__isnull=False)
                | Q(finished_at__isnull=False, words_sealed__isnull=True),
                name="mention_search_words_until_complete",
            ),
        ]
        indexes = [
            # Read by the worker each minute: searches that are not complete.
            models.Index(
                fields=["id"],
                condition=Q(finished_at__isnull=True),
                name="mention_search_open_idx",
            ),
        ]

    def __str__(self) -> str:
        return f"Search for erased person {self.erasure.profile_id}"

    @property
    def percent(self) -> int:
        """Return how far the search is; 100 only when it is complete."""
        if self.finished_at is not None:
            return 100
        goal: int = sum(self.goals.values())
        if self.round > 1 or not goal:
            return 99 if self.round > 1 else 0
        read: int = sum(min(self.positions.get(t, 0), g) for t, g in self.goals.items())
        return min(99, read * 100 // goal)
