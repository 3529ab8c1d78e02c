"""Check the checkpoints themselves: numbers, signatures, pages and copies."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection

from vouchers import seals
from vouchers.audit import copies, leaves, merkle, signing
from vouchers.models import Checkpoint, CheckpointPage, EventSeal
from vouchers.trail import Broken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from vouchers.audit.comparison import Baseline

CHUNK = 200
ATTEMPTS = 3
# The newest seals name the last checkpoint of their time.
NEWEST_SEALS = 100
SEQUENCES = (("vouchers", "last_voucher"), ("voucher_event", "last_event"))
PAGE_FIELDS = ("number", "checkpoint", "root", "totals", "key_id", "mac")


def newest() -> Checkpoint | None:
    return Checkpoint.objects.order_by("-number").first()


def check(baseline: Baseline, given: Iterable[copies.Copy] = ()) -> Iterator[Broken]:
    """Fill the baseline, and yield every fault of the checkpoints.

    ``given`` are copies that the caller has besides those in the directory.
    """
    for _ in range(ATTEMPTS):
        last = newest()
        faults = list(_records(last))
        # Else a checkpoint was written meanwhile.
        if (found := newest()) == last:
            break
        last = found
    yield from faults
    trusted = trusted_keys(last)
    baseline.key_ids = known_key_ids(last)
    baseline.number = last.number if last else 0
    yield from _chain(trusted, baseline)
    yield from _copies(trusted, [*copies.read(baseline.notes), *given], baseline)


def _records(last: Checkpoint | None) -> Iterator[Broken]:
    """Yield the faults of what belongs to the last checkpoint."""
    if last is not None and (document := signing.read(last.document)):
        yield from _pages(last, document)
        yield from _sequences(last, document)
    yield from later_checkpoints(last.number if last else 0)


def trusted_keys(last: Checkpoint | None) -> dict[str, str]:
    """Return the public keys of the ring, and those that a checked checkpoint names."""
    trusted = signing.public_keys()
    if last and signing.check(last.document, last.signatures, trusted):
        trusted = {**signing.read(last.document).get("keys", {}), **trusted}
    return trusted


def known_key_ids(last: Checkpoint | None) -> frozenset[str]:
    """Return the ids of keys that can have made a seal since the last checkpoint.

    A key is removed only after a checkpoint that covers all its seals. While the last
    checkpoint cannot be checked, also the keys that it names.
    """
    trusted = trusted_keys(last)
    if last and signing.check(last.document, last.signatures, trusted) is None:
        return frozenset([*trusted, *signing.read(last.document).get("keys", {})])
    return frozenset(signing.public_keys())


def _chain(trusted: Mapping[str, str], baseline: Baseline) -> Iterator[Broken]:
    place, previous, verified, unknown = 0, None, False, []
    for row in Checkpoint.objects.order_by("number").iterator(chunk_size=CHUNK):
        place += 1
        if row.number != place:
            missing = str(place) if row.number == place + 1 else f"{place} and more"
            yield _broken(row.number, f"Checkpoint {missing} before it is missing.")
            place, previous = row.number, None
        if why := _link_fault(row, previous):
            yield _broken(row.number, why)
        match signing.check(row.document, row.signatures, trusted):
            case True:
                verified = True
            case False:
                yield _broken(row.number, "The signature is wrong.")
            case None:
                unknown.append((row.number, sorted(row.signatures)))
        previous = bytes(row.hash)
    for number, names in unknown:
        if verified:
            yield _broken(number, "It was signed with a key of no other checkpoint.")
        else:
            baseline.notes.add(
                f"Checkpoint {number} cannot be checked: {', '.join(names) or 'its key'}"
                " is not in EASYMO_KEYS."
            )


def _link_fault(row: Checkpoint, previous: bytes | None) -> str | None:
    if signing.hash_of(row.document) != bytes(row.hash):
        return "It was changed after it was written."
    document = signing.read(row.document)
    if not document:
        return "It cannot be read."
    said = (document["number"], document["created_at"])
    if said != (row.number, row.created_at.isoformat()):
        return "Its number or time was changed."
    if row.number > 1 and previous is None:
        return None
    if document.get("previous") != (previous.hex() if previous else None):
        return "It does not follow the checkpoint before it."
    return None


def _pages(last: Checkpoint, document: dict[str, Any]) -> Iterator[Broken]:
    """Compare the pages with the signed root and sums."""
    roots, totals = [], Counter[str]()
    rows = CheckpointPage.objects.order_by("number").values_list(*PAGE_FIELDS)
    for number, checkpoint, root, sums, key_id, mac in rows.iterator(chunk_size=CHUNK):
        roots.append(bytes(root))
        try:
            totals.update(sums)
        except TypeError:
            yield Broken(page_name(number), None, "The record was changed.")
        if checkpoint > last.number:
            yield _broken(checkpoint, "It is missing: a page was written with it.")
        if key_id in settings.EASYMO_KEYS:
            right = leaves.page_mac(number, checkpoint, bytes(root), sums, key_id)
            if right != bytes(mac):
                yield Broken(page_name(number), None, "The record was changed.")
    if merkle.root(roots).hex() != document["root"]:
        why = "The records of the vouchers are not those that it signed."
        yield _broken(last.number, why)
    elif dict(totals) != document["totals"]:
        yield _broken(last.number, "The sums of the records are not those signed.")
    if not leaves.is_conserved(document["totals"]):
        why = "The sums do not balance: issued is not redeemed + void + expired + open."
        yield _broken(last.number, why)


def _sequences(last: Checkpoint, document: dict[str, Any]) -> Iterator[Broken]:
    with connection.cursor() as cursor:
        for table, said in SEQUENCES:
            cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
            (name,) = cursor.fetchone()
            # The name of one of our own sequences, as PostgreSQL quotes it.
            cursor.execute(f"SELECT last_value FROM {name}")  # noqa: S608
            (value,) = cursor.fetchone()
            if value < document[said]:
                why = f"The numbers of {table} were set back to {value}."
                yield _broken(last.number, why)


def later_checkpoints(number: int) -> Iterator[Broken]:
    """Find seals that name a checkpoint which does not exist."""
    rows = EventSeal.objects.select_related("event").order_by("-event_id")
    named = {
        row.checkpoint
        for row in rows[:NEWEST_SEALS]
        if row.checkpoint > number
        and seals.can_check(row.key_id)
        and seals.is_genuine(row.event.hash, row.checkpoint, row.key_id, row.mac)
    }
    for each in sorted(named):
        yield _broken(each, "It is missing: an event was sealed after it.")
    if not number and not named and CheckpointPage.objects.exists():
        yield Broken("checkpoints", None, "All checkpoints are missing.")


def _copies(
    trusted: Mapping[str, str], given: Iterable[copies.Copy], baseline: Baseline
) -> Iterator[Broken]:
    """Compare the rows with the copies outside of the database."""
    for copy in given:
        match signing.check(copy.document, copy.signatures, trusted):
            case None:
                baseline.notes.add(f"{copy.place}: the key of the copy is not set.")
                continue
            case False:
                baseline.notes.add(f"{copy.place}: the copy has a wrong signature.")
                continue
        number = int(signing.read(copy.document).get("number", 0))
        found = Checkpoint.objects.filter(number=number).values_list("document").first()
        if found is None:
            yield _broken(
                number,
                f"It is missing, but {copy.place} has a copy: the checkpoint was"
                " deleted, or the database was set back to an earlier state.",
            )
        elif found[0] != copy.document:
            yield _broken(number, f"It differs from the copy in {copy.place}.")


def page_name(number: int) -> str:
    first = number * leaves.PAGE
    return f"records of vouchers #{first} to #{first + leaves.PAGE - 1}"


def _broken(number: Any, why: str) -> Broken:
    return Broken(f"checkpoint {number}", None, why)
