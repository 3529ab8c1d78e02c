from __future__ import annotations

from django.db import models


class SendingLine(models.Model):
    """A number of ours that was once kept from sending; no row: it never was.

    Slowed: nothing goes before `held_until`. Stopped: the circuit is open, the queue
    stays, and after `held_until` one message at a time goes out as a probe.
    """

    phone_number_id = models.CharField(max_length=32, primary_key=True)
    held_until = models.DateTimeField()
    # The provider's code, and how often in a row; zero: it sends.
    error_code = models.CharField(max_length=40)
    holds = models.PositiveIntegerField(default=1)
    since = models.DateTimeField(auto_now_add=True)
    is_open = models.BooleanField(default=False)
    # The refusal came as a status, after the message was taken: so must the all-clear.
    is_by_status = models.BooleanField(default=False)
    # The message that tries whether the number may send again, and until when it may.
    probe_id = models.BigIntegerField(null=True, blank=True)
    probe_expires_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    # Who closed it: a colleague, or the probe that got through.
    closed_by = models.CharField(max_length=150, blank=True)
    close_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        permissions = [
            ("close_circuit", "Can let a stopped number send again"),
        ]
        constraints = [
            # What sends is not stopped.
            models.CheckConstraint(
                condition=models.Q(is_open=False) | models.Q(holds__gt=0),
                name="sending_line_open_has_holds",
            ),
            # A probe has an end, and only a stopped number has a probe.
            models.CheckConstraint(
                condition=models.Q(probe_id__isnull=True, probe_expires_at__isnull=True)
                | models.Q(
                    probe_id__isnull=False,
                    probe_expires_at__isnull=False,
                    is_open=True,
                ),
                name="sending_line_probe_of_open",
            ),
        ]

    def __str__(self) -> str:
        return f"Sending number {self.phone_number_id}"


class SendingRate(models.Model):
    """A token bucket, shared by all workers: the time at which it is full again."""

    # "pair:<conversation>" or "line:<phone number id>".
    key = models.CharField(max_length=48, primary_key=True)
    full_at = models.DateTimeField()

    class Meta:
        indexes = [
            # Read by retention: a full bucket is as good as none.
            models.Index(fields=["full_at"], name="sending_rate_full_idx")
        ]

    def __str__(self) -> str:
        return self.key
