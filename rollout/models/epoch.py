from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Epoch(models.Model):
    """One row: its version rises with every change of exposure, by trigger."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    version = models.BigIntegerField(default=1)
    changed_at = models.DateTimeField()
    # A full rollback is in force: the functions answer 410, tokens open nothing.
    functions_removed = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            # There is one epoch.
            models.CheckConstraint(condition=models.Q(id=1), name="epoch_is_one_row"),
        ]

    def __str__(self) -> str:
        return f"epoch {self.version}"


class ServingProcess(models.Model):
    """A process that asks the switches, and the last epoch it has taken in."""

    id = models.UUIDField(primary_key=True)
    host = models.CharField(max_length=100)
    pid = models.IntegerField()
    role = models.CharField(max_length=30)

    version_seen = models.BigIntegerField()
    acknowledged_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)
    # Who began after a flip took it in with its start: nobody waited for that.
    began_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "serving processes"

    def __str__(self) -> str:
        return f"{self.role} {self.host}:{self.pid}"
