from __future__ import annotations

import getpass
import sys
import time
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from agents.core.errors import PinError, PinRefused
from agents.core.secret_digits import SecretDigits
from agents.identity import pin
from agents.models import PhonePin
from agents.notifications import pin_messages
from agents.operations import erasure, mention_search
from easymo.backoffice.reason import InvalidReason as BadReason
from easymo.backoffice.reason import clean_reason
from easymo.database.errors import as_command_error
from easymo.observability.privacy import mask_msisdn
from rollout.core.errors import RolloutError
from rollout.flags import cohorts
from rollout.models import Cohort
from vouchers.errors import VoucherError
from vouchers.models import Profile
from vouchers.msisdn import InvalidMsisdn, parse
from vouchers.services.profiles import create_or_change_profile
from vouchers.services.roles import COMMAND_LINE, Giver

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from agents.models import MentionSearch


MOST_BATCHES = 1_000_000
WAITS, WAIT_S = 20, 0.5


class Command(BaseCommand):
    help = "Add, change, show or forget a person; set a PIN for the phone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="Add a person, or change what is given.")
        # Optional here: after --cohort it is read as the last of the names.
        add.add_argument("msisdn", nargs="?")
        add.add_argument("--name")
        add.add_argument("--role", choices=Profile.Role.values)
        add.add_argument("--station", metavar="CODE")
        add.add_argument("--language", choices=Profile.Language.values)
        add.add_argument(
            "--cohort", metavar="NAME", nargs="+", action="extend", default=[]
        )
        add.add_argument("--by", metavar="NAME", default=COMMAND_LINE)
        show = verbs.add_parser("show", help="Show a person.")
        show.add_argument("msisdn")
        pin = verbs.add_parser("pin", help="Set or clear a person's PIN for the phone.")
        pin.add_argument("msisdn")
        pin.add_argument("--clear", action="store_true", help="delete the PIN")
        pin.add_argument("--by", metavar="NAME", default=COMMAND_LINE)
        erase = verbs.add_parser("erase", help="Forget a person for good.")
        erase.add_argument("msisdn")
        erase.add_argument("--reason", required=True)
        erase.add_argument("--by", metavar="NAME", default=COMMAND_LINE)

    def handle(self, *args: Any, **options: Any) -> None:
        with as_command_error():
            self._do(options)

    def _do(self, options: dict[str, Any]) -> None:
        try:
            if options["verb"] == "erase":
                self._erase(options)
            elif options["verb"] == "pin":
                self._pin(options)
            elif options["verb"] == "add":
                self._show(self._add(options))
            else:
                self._show(self._find(options["msisdn"]))
        except (
            *(BadReason, InvalidMsisdn, PinError),
            *(VoucherError, RolloutError),
        ) as error:
            raise CommandError(str(error)) from error

    def _add(self, options: dict[str, Any]) -> Profile:
        msisdn, names = _number_and_cohorts(options["msisdn"], options["cohort"])
        with transaction.atomic():
            profile = create_or_change_profile(
                msisdn=msisdn,
                name=options["name"],
                role=options["role"],
                station=options["station"],
                language=options["language"],
                giver=Giver.named(options["by"]),
            )
            for name in names:
                cohorts.make_cohort(name=name)
                cohorts.add_member(
                    cohort_name=name, subject=str(profile.public_id), by=options["by"]
                )
        return profile

    def _pin(self, options: dict[str, Any]) -> None:
        profile = self._find(options["msisdn"])
        shown = mask_msisdn(profile.msisdn)
        if options["clear"]:
            done = pin.clear_pin(profile=profile)
            self.stdout.write(f"PIN of {shown} {'cleared' if done else 'was not set'}.")
            return
        entered = _entered_twice()
        with transaction.atomic():
            stored = pin.set_pin(profile=profile, pin=entered, by=options["by"])
            pin_messages.tell_set(stored)
        self.stdout.write(f"PIN of {shown} set.")

    def _erase(self, options: dict[str, Any]) -> None:
        profile = self._find(options["msisdn"])
        reason = clean_reason(options["reason"])
        search = erasure.erase_person(
            profile=profile, reason=reason, actor=options["by"][:150]
        )
        self.stdout.write(
            f"Forgotten: {mask_msisdn(parse(options['msisdn']))}, now person "
            f"{profile.pk}. Vouchers and their trails are unchanged."
        )
        if search is not None:
            self._search(search)

    def _search(self, search: MentionSearch) -> None:
        """Search what others wrote, and show how far it is."""
        self.stdout.write("Searching what others wrote …")
        # Another transaction that began before the erasure may run for some seconds.
        for _ in range(WAITS):
            told = -1
            for now in mention_search.run(search.pk, batches=MOST_BATCHES):
                if now.percent > told:
                    told = now.percent
                    self.stdout.write(
                        f"{told} %: {now.rows_read} rows read, "
                        f"{now.rows_blanked} blanked."
                    )
            search.refresh_from_db()
            if search.finished_at is not None:
                self.stdout.write("Nothing of this person is left.")
                return
            if search.resume_at is not None:
                break
            time.sleep(WAIT_S)
        self.stdout.write(
            "Some rows are still being processed. The worker goes on by itself; the "
            "page “Erasures” of the back office shows how far it is."
        )

    def _find(self, msisdn: str) -> Profile:
        profile = (
            Profile.objects.select_related("station")
            .filter(msisdn=parse(msisdn))
            .first()
        )
        if profile is None:
            raise CommandError(
                f"No profile has the number {mask_msisdn(parse(msisdn))}."
            )
        return profile

    def _has_pin(self, profile: Profile) -> bool:
        return PhonePin.objects.filter(profile=profile).exists()

    def _show(self, profile: Profile) -> None:
        subject = str(profile.public_id)
        names = Cohort.objects.filter(members__subject=subject).order_by("name")
        facts = {
            "number": profile.msisdn or "—",
            "name": profile.name or "—",
            "role": profile.role,
            "station": profile.station.code if profile.station else "—",
            "language": profile.language or "—",
            "cohorts": ", ".join(names.values_list("name", flat=True)) or "—",
            "phone PIN": "set" if self._has_pin(profile) else "—",
            "vouchers": profile.vouchers.count(),
            "active": "yes" if profile.is_active else "no",
            "sandbox": "yes" if profile.is_sandbox else "no",
            "id": subject,
        }
        for name, value in facts.items():
            self.stdout.write(f"{name:<9} {value}")


def _number_and_cohorts(msisdn: str | None, words: list[str]) -> tuple[str, list[str]]:
    """Take the number from the end of the cohorts' names, if it stands there."""
    if msisdn is not None:
        return msisdn, words
    if not words:
        raise CommandError("Say whose profile: profile add MSISDN …", returncode=2)
    return words[-1], words[:-1]


@sensitive_variables()
def _entered_twice() -> SecretDigits:
    """Ask twice on a terminal; else read two lines from standard input."""
    first = _entered("New PIN: ")
    if first != _entered("The same PIN again: "):
        raise PinRefused("different")
    return first


@sensitive_variables()
def _entered(prompt: str) -> SecretDigits:
    if sys.stdin.isatty():
        return SecretDigits(getpass.getpass(prompt).strip())
    return SecretDigits(sys.stdin.readline().strip())
