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
