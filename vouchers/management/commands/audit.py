from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from easymo.database.errors import as_command_error
from vouchers import selectors
from vouchers.audit import checkpoint, copies, export, verify
from vouchers.errors import InvalidReason
from vouchers.services.transition import clean_reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.core.management.base import CommandParser

    from vouchers.trail import Broken


class Command(BaseCommand):
    help = "Check all vouchers; write a signed checkpoint; export one voucher's trail."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        check = actions.add_parser(
            "verify", help="check rows, chains, seals and checkpoints; exit 1 if broken"
        )
        check.add_argument("--json", action="store_true", dest="as_json")
        check.add_argument(
            "--copy",
            action="append",
            default=[],
            metavar="FILE",
            help="compare with copies of checkpoints kept elsewhere",
        )
        write = actions.add_parser(
            "checkpoint", help="write a signed checkpoint over all vouchers"
        )
        write.add_argument(
            "--accept",
            default="",
            metavar="REASON",
            help="take all vouchers as they are, whatever earlier checkpoints say",
        )
        trail = actions.add_parser(
            "export", help="print one voucher's trail with its proof"
        )
        trail.add_argument("reference", help="the reference of the voucher")
        trail.add_argument("--format", choices=["json", "html"], default="json")

    def handle(self, *args: Any, **options: Any) -> None:
        actions = {
            "verify": self._verify,
            "checkpoint": self._checkpoint,
            "export": self._export,
        }
        with as_command_error():
            actions[options["action"]](options)

    def _verify(self, options: dict[str, Any]) -> None:
        run = verify.VerificationRun()
        found = _faults(run, options["copy"])
        show = self._as_json if options["as_json"] else self._as_text
        count = show(run, found)
        if count:
            sys.exit(1)

    def _as_json(self, run: verify.VerificationRun, found: Iterator[Broken]) -> int:
        """Write each fault when it is found: there may be a million."""
        count = 0
        self.stdout.write('{"broken": [', ending="")
        for fault in found:
            text = json.dumps(dataclasses.asdict(fault))
            self.stdout.write(f", {text}" if count else text, ending="")
            count += 1
        rest: dict[str, Any] = {"checked": run.checked}
        if run.baseline.notes:
            rest["notes"] = sorted(run.baseline.notes)
        self.stdout.write(f"], {json.dumps(rest)[1:]}")
        return count

    def _as_text(self, run: verify.VerificationRun, found: Iterator[Broken]) -> int:
        count = 0
        for count, fault in enumerate(found, start=1):  # noqa: B007
            step = "" if fault.seq is None else f", step {fault.seq}"
            self.stdout.write(f"{fault.voucher}{step}: {fault.why}")
        for note in sorted(run.baseline.notes):
            self.stdout.write(f"Not checked: {note}")
        last = run.baseline.number
        self.stdout.write(f"{run.checked} vouchers checked, {count} faults.")
        self.stdout.write(
            f"The last checkpoint is number {last}."
            if last
            else "There is no checkpoint yet: a removed voucher cannot be noticed."
        )
        return count

    def _checkpoint(self, options: dict[str, Any]) -> None:
        reason = options["accept"]
        try:
            accepted = clean_reason(reason) if reason else ""
            written = checkpoint.write(accepted=accepted)
        except (checkpoint.CheckpointRefused, InvalidReason) as error:
            raise CommandError(str(error)) from error
        document = json.loads(written.checkpoint.document)
        self.stdout.write(
            f"Checkpoint {document['number']}: {document['vouchers']} vouchers,"
            f" root {document['root']}"
        )
        for name in written.checkpoint.signatures:
            self.stdout.write(f"Public key {name}: {document['keys'][name]}")
        for fault in written.broken:
            self.stdout.write(f"{fault.voucher}: {fault.why}")
        if written.broken:
            sys.exit(1)

    def _export(self, options: dict[str, Any]) -> None:
        voucher = selectors.voucher_by_reference(options["reference"])
        if voucher is None:
            raise CommandError("There is no voucher with this reference.")
        try:
            found = export.export(voucher=voucher, is_brought_up_to_date=True)
        except checkpoint.CheckpointRefused as error:
            raise CommandError(str(error)) from error
        if options["format"] == "html":
            self.stdout.write(export.as_html(found))
        else:
            self.stdout.write(json.dumps(found, indent=1))


def _faults(run: verify.VerificationRun, names: list[str]) -> Iterator[Broken]:
    given: list[copies.Copy] = []
    for name in names:
        try:
            given.extend(copies.read_file(Path(name), run.baseline.notes))
        except OSError as error:
            raise CommandError(f"{name} cannot be read.") from error
    yield from run.check_checkpoints(given)
    for faults in run.steps():
        yield from faults
