from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.models import TOTPDevice

from easymo import keys


class SignInRate(models.Model):
    """The times of the latest wrong sign-ins of an address, a name or both."""

    # The kind and a keyed digest: neither name nor address is stored.
    subject = models.CharField(max_length=80, primary_key=True)
    taken_at = ArrayField(models.DateTimeField())

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.subject


class OidcIdentity(models.Model):
    """The account of one subject of an identity provider. Written once."""

    user = models.OneToOneField("auth.User", models.PROTECT, related_name="+")
    # Issuer and subject identify a person for ever; an e-mail address does not.
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            # A subject has one account.
            models.UniqueConstraint(
                fields=["issuer", "subject"], name="oidc_identity_one_account"
            )
        ]

    def __str__(self) -> str:
        return f"identity of account {self.user_id}"


class Totp(TOTPDevice):
    """An authenticator app. The row holds no secret: that comes from the key ring.

    ``key`` is a random value and ``name`` the id of the key in `EASYMO_KEYS`; both
    together give the secret. A copy of the database alone gives no code.
    """

    class Meta:
        proxy = True
        default_permissions = ()

    @property
    def bin_key(self) -> bytes:
        """Return the secret of the authenticator app."""
        return keys.digest("second-factor", bytes.fromhex(self.key), key_id=self.name)[
            :20
        ]


class RecoveryCode(models.Model):
    """A code for a user who lost the authenticator app. It is used once."""

    user = models.ForeignKey("auth.User", models.PROTECT, related_name="+")
    # HMAC under EASYMO_KEYS.
    digest = models.BinaryField(max_length=32, unique=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"recovery code {self.pk}"


class BrowserSession(models.Model):
    """One sign-in of an account in a browser, from the sign-in to its end."""

    # In the data of the browser's session. It opens nothing by itself.
    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        "auth.User", models.PROTECT, related_name="+", db_index=False
    )
    # Signed in by the identity provider, which asks for the second factor.
    is_from_provider = models.BooleanField(default=False)
    address = models.GenericIPAddressField(null=True)
    browser = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField()
    # Written at most once a minute.
    last_used_at = models.DateTimeField()
    # When the user last proved who they are. Null: the provider did not say when.
    authenticated_at = models.DateTimeField(null=True)
    # The id of the authenticator app whose code was right; another app gives another.
    verified_factor = models.BigIntegerField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [
            # Read by the list of a user's sessions.
            models.Index(
                fields=["user"],
                condition=models.Q(ended_at__isnull=True),
                name="browser_session_open_idx",
            ),
            # Read by retention.
            models.Index(fields=["created_at"], name="browser_session_age_idx"),
        ]

    def __str__(self) -> str:
        return f"session {self.public_id}"


class AccountAct(models.Model):
    """What was done to an account's second factor, sessions or password. Append-only."""

    class Act(models.TextChoices):
        SET_UP = "set_up", _("Second factor set up")
        CODES_MADE = "codes_made", _("New recovery codes made")
        CODE_USED = "code_used", _("Recovery code used")
        REMOVED = "removed", _("Second factor removed")
        RESET = "reset", _("Second factor reset by another person")
        SESSIONS_ENDED = "sessions_ended", _("Sessions ended")
        LINK_SENT = "link_sent", _("Link for a new password requested")
        PASSWORD_RESET = "password_reset", _("Password set by a link")

    user = models.ForeignKey("auth.User", models.PROTECT, related_name="+")
    act = models.CharField(max_length=16, choices=Act)
    # Required where another person acts.
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            # A reset of another person's second factor has a reason.
            models.CheckConstraint(
                condition=~models.Q(act="reset") | ~models.Q(reason=""),
                name="account_act_reset_says_why",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_act_display()} {self.pk}"


class AccountLanguage(models.Model):
    """The language that an account chose for the back office; empty: the browser's."""

    user = models.OneToOneField("auth.User", models.CASCADE, related_name="+")
    language = models.CharField(max_length=8, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [
            # A page has these two languages.
            models.CheckConstraint(
                condition=models.Q(language__in=["", "en-gb", "fr"]),
                name="account_language_known",
            )
        ]

    def __str__(self) -> str:
        return f"language of account {self.user_id}"
