from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from vouchers.models import Profile


class CannedReply(models.Model):
    """A text that a colleague can begin an answer with, in the four languages.

    The fixed ones are in the catalogues of texts; a row with the key of one replaces it.
    """

    key = models.CharField(
        max_length=40,
        unique=True,
        validators=[RegexValidator(r"^[a-z][a-z0-9_]*\Z")],
    )
    title = models.CharField(max_length=60)
    text_en = models.TextField(max_length=1_000)
    text_fr = models.TextField(max_length=1_000)
    text_rw = models.TextField(max_length=1_000)
    text_sw = models.TextField(max_length=1_000)
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.CharField(max_length=150)

    class Meta:
        verbose_name_plural = "canned replies"
        permissions = [("edit_replies", "Can edit canned replies")]
        constraints = [
            # A reply can be sent in every language.
            models.CheckConstraint(
                condition=~Q(title="")
                & ~Q(text_en="")
                & ~Q(text_fr="")
                & ~Q(text_rw="")
                & ~Q(text_sw=""),
                name="canned_reply_in_every_language",
            )
        ]

    def __str__(self) -> str:
        return self.title

    def text(self, language: str) -> str:
        """Return the text in a language."""
        return str(getattr(self, f"text_{language}"))


class ApprovedTemplate(models.Model):
    """A message template as Meta approved it: allowed after the 24-hour window."""

    # As in Meta's list of templates.
    name = models.CharField(
        max_length=120, validators=[RegexValidator(r"^[a-z0-9_]+\Z")]
    )
    language = models.CharField(max_length=2, choices=Profile.Language)
    # With {{1}}, {{2}}, ... where the parameters are put in.
    text = models.TextField(max_length=1_024)
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.CharField(max_length=150)

    class Meta:
        permissions = [("edit_templates", "Can edit the list of message templates")]
        constraints = [
            # A template has one text in a language.
            models.UniqueConstraint(
                fields=["name", "language"], name="approved_template_once"
            ),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(text=""), name="approved_template_has_text"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.get_language_display()})"
