from __future__ import annotations

from django.db import models


class Block(models.Model):
    """A person whom the agent does not answer for a while; her messages are stored."""

    profile = models.ForeignKey(
        "vouchers.Profile", models.PROTECT, related_name="blocks"
    )
    reason = models.CharField(max_length=500)
    blocked_by = models.CharField(max_length=150)
    # Empty: until somebody lifts it.
    expires_at = models.DateTimeField(null=True, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=150, blank=True)
    lift_reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        permissions = [("block_person", "Can block people and lift blocks")]
        constraints = [
            # One block at a time; another one takes the place of one that ran out.
            models.UniqueConstraint(
                fields=["profile"],
                condition=models.Q(lifted_at__isnull=True),
                name="block_one_open_per_person",
            ),
            # Whoever lifts a block says so and why.
            models.CheckConstraint(
                condition=models.Q(lifted_at__isnull=True, lifted_by="")
                | (models.Q(lifted_at__isnull=False) & ~models.Q(lifted_by="")),
                name="block_lifted_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"Block of person {self.profile_id}"
