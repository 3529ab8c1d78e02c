from __future__ import annotations

import dataclasses
import getpass
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from easymo.database.errors import as_command_error
from vouchers.batches import checking, issuing, reading
from vouchers.errors import FeatureDisabled, InvalidRequest, VoucherError
from vouchers.models import Batch, Campaign
from vouchers.services.transition import clean_reason

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

# Errors that are printed; all of them are counted.
MOST_SHOWN = 1_000


class Command(BaseCommand):
    help = "Issue one voucher for each line of a CSV or XLSX file."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        take = actions.add_parser(
            "import",
            help="issue a voucher for each line; columns msisdn, amount, name, note",
        )
        take.add_argument("file", metavar="FILE")
        take.add_argument("--reason", required=True)
        take.add_argument(
            "--dry-run", action="store_true", help="check the file, issue nothing"
        )
        take.add_argument(
            "--campaign", metavar="NAME", help="of this campaign's budget"
        )
        take.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, **options: Any) -> None:
        with as_command_error():
            try:
                self._import(options)
            except VoucherError as error:
                raise CommandError(str(error)) from error

    def _import(self, options: dict[str, Any]) -> None:
        reason = clean_reason(options["reason"])
        try:
            checked = checking.check(reading.read(_content(options["file"])))
        except InvalidRequest as error:
            if not options["as_json"]:
                raise
            unusable = {"line": 1, "field": "file", "error": str(error)}
            self._tell(options, lines=0, issued=0, already=0, errors=[unusable])
            return
        errors = [dataclasses.asdict(error) for error in checked.errors]
        before = len(checked.already)
        if checked.errors or options["dry_run"]:
            self._tell(options, checked.count, 0, before, errors)
            return
        batch = issuing.store(
            checked,
            file_name=Path(options["file"]).name,
            reason=reason,
            by_name=_login(),
            state=Batch.State.ISSUING,
            campaign=_campaign(options["campaign"]),
        )
        if batch.state in {Batch.State.CHECKED, Batch.State.WAITING}:
            raise CommandError(
                f"This file was uploaded in the back office and is"
                f" {batch.get_state_display().lower()}. Decide it there."
            )
        try:
            batch = issuing.issue_all(batch, self._progress)
        except FeatureDisabled as error:
            raise CommandError(
                f"{error} {Batch.objects.get(pk=batch.pk).issued} of {batch.count}"
                " vouchers are issued. The same command continues."
            ) from error
        issued = batch.count - len(batch.refused) - before
        refused = [{"field": "", **each} for each in batch.refused]
        self._tell(options, checked.count, issued, before, refused)

    def _progress(self, done: int, count: int) -> None:
        if done == count or done % 1_000 == 0:
            self.stderr.write(f"{done:,} of {count:,}")

    def _tell(
        self,
        options: dict[str, Any],
        lines: int,
        issued: int,
        already: int,
        errors: list[dict[str, Any]],
    ) -> None:
        """Print what was done; exit 1 when a line is wrong or was refused."""
        if options["as_json"]:
            made = {
                "file": options["file"],
                "lines": lines,
                "issued": issued,
                "already": already,
                "errors": errors[:MOST_SHOWN],
            }
            self.stdout.write(json.dumps(made, ensure_ascii=False))
        else:
            for error in errors[:MOST_SHOWN]:
                shown = f"line {error['line']}, {error['field']}: {error['error']}"
                self.stderr.write(shown)
            self.stdout.write(
                f"{lines:,} lines, {issued:,} issued, {already:,} issued"
                f" before, {len(errors):,} errors."
                + (" Nothing was issued: dry run." if options["dry_run"] else "")
            )
        if errors:
            raise SystemExit(1)


def _campaign(name: str | None) -> Campaign | None:
    if name is None:
        return None
    found = Campaign.objects.filter(name=name).first()
    if found is None:
        raise CommandError(f"There is no campaign {name}.")
    return found


def _content(name: str) -> bytes:
    path = Path(name)
    try:
        if path.stat().st_size > reading.LARGEST_FILE:
            size = reading.LARGEST_FILE // 1_000_000
            raise InvalidRequest(f"A file has at most {size} MB.")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise InvalidRequest(f"{name}: {why}.") from error


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "command line"
