from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class ContentVersion(models.Model):
    """The operator's content as it was published; the highest number is in force.

    Rows are only added, each with the number after the last one: triggers check it. So
    exactly one version is in force.
    """

    number = models.PositiveIntegerField(primary_key=True)
    # Read and written by `agents/content/document.py`.
    document = models.JSONField()
    reason = models.CharField(max_length=500)
    published_by = models.CharField(max_length=150)
    published_at = models.DateTimeField(auto_now_add=True)
    # The earlier version whose content was published again.
    returned_from = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("version of the agent's texts")
        verbose_name_plural = _("agent's texts")
        ordering = ["-number"]
        permissions = [
            ("publish_content", "Can edit and publish the agent's texts"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(number__gte=1), name="content_version_counts_from_one"
            ),
            # Every version has a reason and an author.
            models.CheckConstraint(
                condition=~Q(reason="") & ~Q(published_by=""),
                name="content_version_has_reason_and_author",
            ),
            models.CheckConstraint(
                condition=Q(returned_from__isnull=True)
                | Q(returned_from__lt=F("number")),
                name="content_version_returns_to_earlier",
            ),
        ]

    def __str__(self) -> str:
        return f"Version {self.number}"


class ContentDraft(models.Model):
    """The content that is being edited; sandbox people get it in the simulator.

    There is one row. Its lock is held by every save and every publication.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    # Null while nothing is being edited.
    document = models.JSONField(null=True, blank=True)
    # Grows with every change: a form that shows an older one is refused.
    revision = models.PositiveIntegerField(default=0)
    edited_by = models.CharField(max_length=150, blank=True)
    edited_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="content_draft_is_one"),
        ]

    def __str__(self) -> str:
        return f"Draft, edit {self.revision}"
