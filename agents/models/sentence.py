from __future__ import annotations

from django.conf import settings
from django.db import models


class TaughtSentence(models.Model):
    """A sentence with its right reading, added by an operator for the next training.

    Codes, numbers and amounts are replaced by slots such as `{n}`.
    """

    # A word of the training files: create_voucher, none, ...
    intent = models.CharField(max_length=24)
    language = models.CharField(max_length=5)
    text = models.CharField(max_length=500)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            # A sentence has one right reading.
            models.UniqueConstraint(
                fields=["text"], name="taught_sentence_has_one_reading"
            ),
            models.CheckConstraint(
                condition=~models.Q(text=""), name="taught_sentence_has_text"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.intent} | {self.language} | {self.text}"
