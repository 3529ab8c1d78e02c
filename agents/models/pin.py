from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

# The third wrong PIN locks.
MOST_FAILURES = 3


def _counters(name: str) -> list[models.BaseConstraint]:
    return [
        # The third wrong PIN starts a lock and resets the count, so that no more than
        # three are ever checked.
        models.CheckConstraint(
            condition=Q(failures__gte=0, failures__lt=MOST_FAILURES),
            name=f"{name}_failures_below_the_limit",
        ),
        # Exactly a counter that was locked has the end of its last lock.
        models.CheckConstraint(
            condition=Q(locks=0, locked_until__isnull=True)
            | Q(locks__gt=0, locked_until__isnull=False),
            name=f"{name}_locked_until_matches_locks",
        ),
    ]


class PhonePin(models.Model):
    """The PIN of a person for phone calls, as a hash, with its counter."""

    profile = models.OneToOneField(
        "vouchers.Profile", models.PROTECT, related_name="phone_pin"
    )
    # Argon2id of an HMAC under EASYMO_KEYS: the database alone does not allow guessing.
    hash = models.CharField(max_length=160)
    key_id = models.CharField(max_length=40)
    # The entry on the keypad is complete at this length.
    length = models.PositiveSmallIntegerField()
    set_at = models.DateTimeField()
    # A user name, "command line", or "the person" on the one-time page.
    set_by = models.CharField(max_length=150)
    # Wrong PINs since the last right one, or since the last lock.
    failures = models.PositiveSmallIntegerField(default=0)
    # Locks in a row; each lasts twice as long as the one before.
    locks = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "phone PIN"
        permissions = [("send_pin_link", "Can send links for a phone PIN")]
        constraints = [
            *_counters("phone_pin"),
            # Only a hash is stored, never digits.
            models.CheckConstraint(
                condition=Q(hash__startswith="$argon2id$"), name="phone_pin_is_hashed"
            ),
            models.CheckConstraint(
                condition=Q(length__gte=4, length__lte=6),
                name="phone_pin_has_4_to_6_digits",
            ),
            models.CheckConstraint(
                condition=~Q(set_by=""), name="phone_pin_set_by_somebody"
            ),
        ]

    def __str__(self) -> str:
        return f"Phone PIN of person {self.profile_id}"


class CallerPinCount(models.Model):
    """Wrong PINs that were entered from one calling number, known or not."""

    # An HMAC of the number under EASYMO_KEYS.
    caller_hmac = models.BinaryField(max_length=32, unique=True)
    failures = models.PositiveSmallIntegerField(default=0)
    locks = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = _counters("caller_pin")
        indexes = [
            # Read by retention.
            models.Index(fields=["changed_at"], name="caller_pin_kept_idx")
        ]

    def __str__(self) -> str:
        return f"Wrong PINs of caller {self.pk}"


class PinLink(models.Model):
    """A link, sent over WhatsApp, to the page on which a person sets their PIN once."""

    # The link's token is an HMAC of this id under EASYMO_KEYS, made when it is sent.
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    token_sha256 = models.BinaryField(max_length=32, unique=True)
    profile = models.ForeignKey(
        "vouchers.Profile", models.PROTECT, related_name="pin_links"
    )
    # A user name, or "the person".
    requested_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    # The person set a PIN with it, or a newer link or PIN replaced it.
    used_at = models.DateTimeField(null=True, blank=True)
    replaced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "PIN link"
        constraints = [
            # A person has one valid link: a new one replaces the one before.
            models.UniqueConstraint(
                fields=["profile"],
                condition=Q(used_at__isnull=True, replaced_at__isnull=True),
                name="pin_link_one_open_per_person",
            ),
            models.CheckConstraint(
                condition=Q(used_at__isnull=True) | Q(replaced_at__isnull=True),
                name="pin_link_used_or_replaced",
            ),
            # A link that has expired sets no PIN.
            models.CheckConstraint(
                condition=Q(used_at__isnull=True)
                | Q(used_at__lte=models.F("expires_at")),
                name="pin_link_used_in_time",
            ),
        ]
        indexes = [
            # Read by retention.
            models.Index(fields=["created_at"], name="pin_link_kept_idx")
        ]

    def __str__(self) -> str:
        return f"PIN link {self.pk}"
