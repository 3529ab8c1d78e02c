from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from waffle.models import AbstractUserFlag

from rollout.models.cohort import Cohort
from rollout.snapshot import flag_snapshot

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser
    from django.http import HttpRequest


def new_salt() -> str:
    return secrets.token_hex(8)


class AgentFlag(AbstractUserFlag):
    """One feature's switch: waffle's model, with its side doors walled up.

    `everyone` True is on, False is off, None is on for the percentage and the
    cohorts only. Every other way in that waffle offers (superusers, staff, test
    cookies, languages, groups, users) is refused by the database.
    """

    # waffle's manager adds only a natural key that nobody here uses.
    objects: ClassVar[models.Manager[AgentFlag]] = models.Manager()  # type: ignore[assignment]

    everyone = models.BooleanField(null=True, default=False)
    percent = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True)
    cohorts = models.ManyToManyField(Cohort, blank=True, related_name="flags")
    salt = models.CharField(max_length=32, default=new_salt, editable=False)
    superusers = models.BooleanField(default=False, editable=False)
    testing = models.BooleanField(default=False, editable=False)
    staff = models.BooleanField(default=False, editable=False)
    authenticated = models.BooleanField(default=False, editable=False)
    languages = models.TextField(blank=True, default="", editable=False)
    rollout = models.BooleanField(default=False, editable=False)

    class Meta(AbstractUserFlag.Meta):
        abstract = False
        ordering = ["name"]
        verbose_name = _("feature")
        verbose_name_plural = _("features")
        permissions = [
            ("change_exposure", "Can turn features on and off"),
            ("rollback", "Can roll back (turn everything off)"),
        ]
        constraints = [
            # On or off for everyone leaves no room for a percentage.
            models.CheckConstraint(
                condition=models.Q(percent__isnull=True)
                | models.Q(everyone__isnull=True),
                name="flag_percent_only_when_limited",
            ),
            models.CheckConstraint(
                condition=models.Q(percent__isnull=True)
                | models.Q(percent__gt=0, percent__lte=100),
                name="flag_percent_is_a_share",
            ),
            # waffle would let these in whatever the switch says.
            models.CheckConstraint(
                condition=models.Q(
                    superusers=False,
                    testing=False,
                    staff=False,
                    authenticated=False,
                    rollout=False,
                    languages="",
                ),
                name="flag_side_doors_closed",
            ),
            # Without a salt two features would pick the same people.
            models.CheckConstraint(
                condition=~models.Q(salt=""), name="flag_salt_present"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def get(cls, name: str) -> AgentFlag:
        """Answer waffle from the snapshot: no query, no cache of its own."""
        return cls(name=name)

    def flush(self) -> None:
        """Do nothing: there is no cache; the database tells every process."""

    def is_active(self, request: HttpRequest, read_only: bool = False) -> bool:
        """Decide for `request.rollout_subject`; a request without one is a stranger."""
        return flag_snapshot.is_on(self.name, getattr(request, "rollout_subject", None))

    def is_active_for_user(self, user: AbstractBaseUser) -> bool:
        """A login is no subject: on only when on for everyone."""
        return flag_snapshot.is_on(self.name, None)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the row as Django does, without waffle's cache keys."""
        models.Model.save(self, *args, **kwargs)
