"""Check an export of a voucher's trail, without the database and without a secret.

    pip install cryptography
    python check_export.py export.json --public-key HEX
    python check_export.py export.json --copy checkpoints-2026-11-30.jsonl

The export comes from `manage.py audit export REFERENCE`. The public key is printed by
`manage.py audit checkpoint`; take it from a source that the operator of the database
cannot change, for example an earlier e-mail. `--copy` takes a file with checkpoints that
was kept elsewhere, and requires that the export's checkpoint is in it.

Five things are checked:
1. Each event's hash is the SHA-256 of the hash before it and of the event's fields. An
   event whose fields are withheld is represented by its hash.
2. The first hash belongs to this voucher's id; the steps are numbered without a gap.
3. The voucher's leaf contains the hash of the last covered event, the hash of the fixed
   columns (amount, reference, origin), and the status and amount of that event.
4. Leaf and proof lead to the root in the checkpoint (nodes: SHA-256 of 0x01, left, right;
   leaves: SHA-256 of 0x00 and the JSON text of the leaf).
5. The checkpoint's text is signed (Ed25519) with the public key.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

if TYPE_CHECKING:
    from collections.abc import Iterator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIMES = ("created_at", "expires_at")
STATES = {"issued": "open", "pending_approval": "pending_approval"}


def main() -> int:
    """Print the result; return 0 when everything holds."""
    parser = argparse.ArgumentParser(description="Check an export of one voucher.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--public-key", metavar="HEX", default="")
    parser.add_argument("--copy", type=Path, metavar="FILE")
    options = parser.parse_args()
    export = json.loads(options.file.read_text(encoding="utf-8"))
    try:
        faults = list(_faults(export, options.public_key, options.copy))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        faults = [f"The file is not a complete export ({type(error).__name__})."]
    for fault in faults:
        _say(f"WRONG: {fault}")
    if faults:
        return 1
    document = json.loads(export["checkpoint"]["document"])
    covered, steps = export["leaf"][2], len(export["events"])
    _say(
        f"Voucher {export['voucher']['reference']}: {covered} of {steps} steps are proven"
        f" by checkpoint {document['number']} of {document['created_at']}."
    )
    if not options.public_key and not options.copy:
        _say("The key was taken from the export itself. Give --public-key or --copy.")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _faults(export: dict[str, Any], public: str, copy: Path | None) -> Iterator[str]:
    if not export["leaf"] or not export["checkpoint"]:
        yield "No checkpoint covers this voucher."
        return
    leaf, checkpoint = export["leaf"], export["checkpoint"]
    yield from _trail_faults(export["events"], leaf)
    yield from _leaf_faults(export, leaf)
    document = json.loads(checkpoint["document"])
    if _root(leaf, export["proof"]) != document["root"]:
        yield "The proof does not lead to the root of the checkpoint."
    if not _is_signed(checkpoint, public, document["keys"]):
        yield "The checkpoint has no right signature by the public key."
    if copy is not None:
        lines = copy.read_text(encoding="utf-8").splitlines()
        known = {json.loads(line)["document"] for line in lines if line.strip()}
        if checkpoint["document"] not in known:
            yield "The checkpoint is not in the copy."


def _trail_faults(events: list[dict[str, Any]], leaf: list[Any]) -> Iterator[str]:
    previous = _sha256(f"easymo.voucher.1:{leaf[1]}".encode())
    for place, event in enumerate(events, start=1):
        if event["seq"] != place:
            yield f"Step {place} is missing."
        if event["previous_hash"] != previous.hex():
            yield f"Step {place} does not contain the hash of the step before it."
        fields = event["fields"]
        if fields is not None:
            text = json.dumps(
                _hashed(fields), ensure_ascii=False, separators=(",", ":")
            )
            if _sha256(previous + text.encode()).hex() != event["hash"]:
                yield f"The fields of step {place} are not those of its hash."
            shown = (str(event["seq"]), event["kind"])
            if shown != (fields["seq"], fields["kind"]):
                yield f"The description of step {place} is not that of its fields."
        previous = bytes.fromhex(event["hash"])


def _leaf_faults(export: dict[str, Any], leaf: list[Any]) -> Iterator[str]:
    _, public_id, seq, state, currency, amount, _, head, facts, _ = leaf
    last = export["events"][seq - 1]
    if last["hash"] != head:
        yield f"Step {seq} is not the one that the checkpoint recorded."
    fixed = export["voucher"]["fixed"]
    if _sha256(json.dumps(_hashed(fixed)).encode()).hex() != facts:
        yield "The fixed columns are not those that the checkpoint recorded."
    said = (fixed["public_id"], fixed["currency"], fixed["amount_minor"])
    if said != (public_id, currency, str(amount)):
        yield "Id or amount are not those that the checkpoint recorded."
    if fixed["reference"] != export["voucher"]["reference"]:
        yield "The reference is not the one that the checkpoint recorded."
    fields = last["fields"]
    if fields is not None:
        status = STATES.get(fields["new_status"], fields["new_status"])
        if (fields["amount_minor"], fields["currency"]) != (str(amount), currency) or (
            status != state and (status, state) != ("void", "declined")
        ):
            yield "Status or amount of the last step are not those recorded."


def _hashed(fields: dict[str, str | None]) -> list[str | None]:
    """Return the values as they were hashed: times as microseconds since 1970."""
    return [
        str((datetime.fromisoformat(value) - EPOCH) // timedelta(microseconds=1))
        if name in TIMES and value
        else value
        for name, value in fields.items()
    ]


def _root(leaf: list[Any], proof: list[list[str]]) -> str:
    text = json.dumps(leaf, separators=(",", ":"))
    node = _sha256(b"\x00" + text.encode())
    for side, neighbour in proof:
        other = bytes.fromhex(neighbour)
        pair = other + node if side == "left" else node + other
        node = _sha256(b"\x01" + pair)
    return node.hex()


def _is_signed(checkpoint: dict[str, Any], public: str, named: dict[str, str]) -> bool:
    keys = [public] if public else list(named.values())
    for key in keys:
        for signature in checkpoint["signatures"].values():
            try:
                Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(
                    bytes.fromhex(signature), checkpoint["document"].encode()
                )
            except (InvalidSignature, ValueError):
                continue
            return True
    return False


def _sha256(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()


if __name__ == "__main__":
    sys.exit(main())
