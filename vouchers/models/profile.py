from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q


class Profile(models.Model):
    """A person, whichever channels name them."""

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
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="profile",
    )
    # Played in the simulator, never on the real network.
    is_sandbox = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    # Forgotten at her request: the row stays for the vouchers' trails, and says nothing.
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "profiles"
        permissions = [
            ("see_numbers", "Can see whole telephone numbers"),
            ("change_people", "Can add and change people and stations"),
        ]
        constraints = [
            # One spelling of every number, so that look-alikes never make two people.
            models.CheckConstraint(
                condition=Q(msisdn__isnull=True)
                | Q(msisdn__regex=r"^\+[1-9][0-9]{6,14}$"),
                name="profile_msisdn_is_e164",
            ),
            # Station staff redeem at one station, and it is known which.
            models.CheckConstraint(
                condition=~Q(role="station") | Q(station__isnull=False),
                name="profile_station_staff_has_station",
            ),
            models.CheckConstraint(
                condition=Q(role__in=["customer", "staff", "station", "support"]),
                name="profile_role_is_known",
            ),
            # Whoever was forgotten has no name and no number, and may do nothing.
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
        return self.name or f"Person {self.pk}"
