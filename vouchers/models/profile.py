from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

from vouchers.names import plain_name


class Station(models.Model):
    """A place where vouchers are redeemed."""

    code = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=120, unique=True)
    # Told to customers, who may also search by them.
    town = models.CharField(max_length=60, blank=True, db_default="")
    address = models.CharField(max_length=120, blank=True, db_default="")
    opening = models.CharField(max_length=80, blank=True, db_default="")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["code"]
        constraints = [
            # A code is typed and spoken, so it has one plain spelling.
            models.CheckConstraint(
                condition=Q(code__regex=r"^[A-Z0-9][A-Z0-9_-]*$"),
                name="station_code_is_plain",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Profile(models.Model):
    """A person: a customer or a colleague, on all channels."""

    class Role(models.TextChoices):
        CUSTOMER = "customer"
        STAFF = "staff"
        STATION = "station"
        SUPPORT = "support"

    class Language(models.TextChoices):
        ENGLISH = "en", "English"
        FRENCH = "fr", "French"
        KINYARWANDA = "rw", "Kinyarwanda"
        SWAHILI = "sw", "Swahili"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # E.164 with "+". Null for a person known only by a channel's own id.
    msisdn = models.CharField(max_length=16, null=True, blank=True, unique=True)
    name = models.CharField(max_length=120, blank=True)
    role = models.CharField(max_length=16, choices=Role, default=Role.CUSTOMER)
    station = models.ForeignKey(
        "vouchers.Station", models.PROTECT, null=True, blank=True, related_name="staff"
    )
    language = models.CharField(max_length=2, choices=Language, blank=True)
    # The account of the same person. A person may have several numbers.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="profiles",
    )
    # A sandbox person exists in the simulator only, never on the real network.
    is_sandbox = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    # When the person was erased. The row stays, because vouchers refer to it.
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "profiles"
        permissions = [
            ("see_numbers", "Can see whole telephone numbers"),
            ("change_people", "Can add and change people and stations"),
        ]
        indexes = [
            # Read by searches by name. The condition is what Django makes of
            # `icontains`.
            GinIndex(
                OpClass(Upper("name"), name="gin_trgm_ops"), name="profile_name_idx"
            ),
            # All read by the list of people.
            models.Index(fields=["role", "id"], name="profile_role_idx"),
            models.Index(fields=["language", "id"], name="profile_language_idx"),
            models.Index(
                fields=["id"],
                condition=Q(is_active=False),
                name="profile_inactive_idx",
            ),
            models.Index(
                fields=["id"], condition=Q(is_sandbox=True), name="profile_sandbox_idx"
            ),
        ]
        constraints = [
            # Each number has one spelling, so that one number is one person.
            models.CheckConstraint(
                condition=Q(msisdn__isnull=True)
                | Q(msisdn__regex=r"^\+[1-9][0-9]{6,14}$"),
                name="profile_msisdn_is_e164",
            ),
            # Station staff redeem at exactly one station.
            models.CheckConstraint(
                condition=~Q(role="station") | Q(station__isnull=False),
                name="profile_station_staff_has_station",
            ),
            models.CheckConstraint(
                condition=Q(role__in=["customer", "staff", "station", "support"]),
                name="profile_role_is_known",
            ),
            # An erased person has no name, no number, no login and no role.
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True)
                | Q(
                    name="",
                    msisdn__isnull=True,
                    user__isnull=True,
                    is_active=False,
                    role="customer",
                ),
                name="profile_erased_says_nothing",
            ),
        ]

    def __str__(self) -> str:
        if self.erased_at is not None:
            return f"Forgotten person {self.pk}"
        return plain_name(self.name) or f"Person {self.pk}"


class Erasure(models.Model):
    """The record of an erased person: actor, time and reason. Append-only."""

    profile = models.OneToOneField(
        "vouchers.Profile", models.PROTECT, related_name="erasure"
    )
    actor = models.CharField(max_length=150)
    # The service refuses a reason that names the person.
    reason = models.CharField(max_length=500)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"Erasure of person {self.profile_id}"
