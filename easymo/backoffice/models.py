from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class SignInRate(models.Model):
    """The times of the latest wrong sign-ins of an address, a name or both."""

    # The kind and a keyed digest: neither name nor address is stored.
    subject = models.CharField(max_length=80, primary_key=True)
    taken_at = ArrayField(models.DateTimeField())

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.subject
