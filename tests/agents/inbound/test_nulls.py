"""Null is absent: every field of every documented webhook, one after the other."""

from __future__ import annotations

import copy
import json
from itertools import batched, product
from typing import TYPE_CHECKING, Any

import pytest

from agents.inbound import process_events
from agents.models import DeadLetter, Message, WebhookEvent
from agents.whatsapp.payload import BadItem, Inbound, read
from tests import payloads
from tests.agents.channel import jobs, post
from tests.agents.whatsapp import documented_payloads as documented

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("whatsapp")]

CHANGES = documented.changes()
WRONG: tuple[Any, ...] = (
    "",
    "x",
    7,
    -1,
    1.5,
    True,
    [],
    {},
    [[]],
    [{}],
    {"": None},
    "\x00",
)
# How many bad changes one webhook carries.
TOGETHER = 20
# Without them an item says nothing, whether they are null or absent.
REQUIRED = {
    ("messages", 0, "id"),
    ("statuses", 0, "id"),
    ("statuses", 0, "status"),
    ("user_preferences", 0, "value"),
    ("user_id_update", 0, "user_id"),
    ("user_id_update", 0, "user_id", "current"),
}

type Path = tuple[str | int, ...]


def paths(document: Any, above: Path = ()) -> Iterator[Path]:
    entries = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    for key, inner in entries:
        yield (*above, key)
        yield from paths(inner, (*above, key))


def mutated(change: dict[str, Any], path: Path, new: Any) -> dict[str, Any]:
    found = copy.deepcopy(change)
    parent: Any = found
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = new
    return found


def envelope(*changes: object, n: int = 1) -> bytes:
    """Return the changes between two messages of others, with ids of their own."""
    around = [
        payloads.envelope(
            payloads.text("sibling", sender="+250788777777", id=f"wamid.S{n}.{side}")
        )["entry"][0]
        for side in (1, 2)
    ]
    entries = [
        {
            "id": "1",
            "changes": [
                json.loads(
                    json.dumps(change).replace("wamid.MUTATED", f"wamid.M{n}.{i}")
                )
            ],
        }
        for i, change in enumerate(changes)
    ]
    document = {
        "object": "whatsapp_business_account",
        "entry": [around[0], *entries, around[1]],
    }
    return payloads.dumps(document)


def with_siblings(change: dict[str, Any]) -> dict[str, Any]:
    """Add a null and another person's message to the same list."""
    found = copy.deepcopy(change)
    messages = found["value"].get("messages")
    if messages:
        other = {
            "from": "250788654321",
            "id": "wamid.SAMELIST",
            "timestamp": "1786527377",
            "type": "text",
            "text": {"body": "same list"},
        }
        messages += [None, other]
    return found


@pytest.mark.parametrize("kind", CHANGES)
def test_null__any_field__no_dead_letter_and_siblings_processed(
    kind: str, switch: Callable[..., None]
) -> None:
    # Given
    switch(chat=True)
    change = CHANGES[kind]
    all_paths = [path for path in paths(change) if path[1:] not in REQUIRED]
    webhooks = list(batched(all_paths, TOGETHER))
    for n, group in enumerate(webhooks):
        post(envelope(*(mutated(change, path, None) for path in group), n=n))

    # When
    process_events.process_stored_events(limit=1_000)

    # Then
    assert list(DeadLetter.objects.values_list("path", "reason")) == []
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"done"}
    assert Message.objects.filter(text="sibling").count() == 2 * len(webhooks)


def test_null__every_container_and_entry__no_dead_letter() -> None:
    whole = {
        "object": "whatsapp_business_account",
        "entry": [
            None,
            {"id": None, "changes": None, "time": None},
            {"changes": [None]},
        ],
    }
    for document in (None, whole, {**whole, "entry": None}, {**whole, "object": None}):
        post(payloads.dumps(document))

    process_events.process_stored_events()

    assert not DeadLetter.objects.exists()


@pytest.mark.parametrize("kind", CHANGES)
def test_read__any_field_of_a_wrong_type__the_others_are_read(kind: str) -> None:
    change = with_siblings(CHANGES[kind])
    inside = "messages" in change["value"]
    for path in paths(change):
        is_container = len(path) <= 2 or path[1] == "metadata" or path[2:3] == (2,)
        for wrong in WRONG:
            items = list(read(envelope(mutated(change, path, wrong))))
            texts = [item.text for item in items if isinstance(item, Inbound)]
            assert texts.count("sibling") == 2, (path, wrong)
            if inside and not is_container:
                assert "same list" in texts, (path, wrong)


@pytest.mark.parametrize("wrong", [*WRONG, None], ids=repr)
def test_process__wrong_types__no_event_fails(
    switch: Callable[..., None], wrong: Any
) -> None:
    """A bad item becomes one dead letter; the event and its siblings are processed.

    A webhook carries several bad changes: an error in one would fail it as a whole.
    A field that several kinds share is tried in the first one; the reading of each is
    tried above.
    """
    # Given
    switch(chat=True)
    tried: set[Path] = set()
    n = 0
    for kind in ("text", "contacts", "order", "list_reply", "audio", "status"):
        fresh = [path for path in paths(CHANGES[kind]) if path not in tried]
        tried.update(fresh)
        for group in batched(fresh, TOGETHER):
            bad = (mutated(CHANGES[kind], path, wrong) for path in group)
            post(envelope(*bad, n=n))
            n += 1

    # When
    process_events.process_stored_events(limit=1_000)

    # Then
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"done"}
    assert Message.objects.filter(text="sibling").count() == 2 * n
    reasons = set(DeadLetter.objects.values_list("reason", flat=True))
    assert all(" " in reason for reason in reasons), reasons


@pytest.mark.parametrize("kind", documented.MESSAGES)
def test_read__type_is_null__kind_by_its_content(kind: str) -> None:
    change = mutated(CHANGES[kind], ("value", "messages", 0, "type"), None)

    items = [
        item for item in read(envelope(change)) if item.path.startswith("/entry/1")
    ]

    said = documented.MESSAGES[kind]["type"]
    spoken = {"text", "interactive", "image", "video", "audio", "document"} | {
        "location",
        "contacts",
        "order",
    }
    assert not isinstance(items[0], BadItem)
    assert items[0].kind == (said if said in spoken else "unknown")  # type: ignore[union-attr]


# A message from our own number.

ECHOES = {
    "display number": {"from": documented.OWN},
    "display number with +": {"from": f"+{documented.OWN}"},
    "number id": {"from": documented.NUMBER_ID},
    "echo with recipient": {"from": documented.OWN, "to": documented.ALINE},
    "user id besides": {"from": documented.OWN, "from_user_id": "RW.77"},
}


SHOWN = (documented.OWN, "+250 700-000 000", "+250700000000")
ECHOED = ("text", "image", "button_reply", "contacts")


@pytest.mark.parametrize("echo", ECHOES)
def test_own_number__any_message__never_answered(
    switch: Callable[..., None], echo: str
) -> None:
    # Given
    switch(chat=True)
    sent = list(product(ECHOED, SHOWN))
    for n, (kind, shown) in enumerate(sent):
        change = copy.deepcopy(CHANGES[kind])
        change["value"]["metadata"]["display_phone_number"] = shown
        message = change["value"]["messages"][0]
        for name in ("from_user_id", "from_parent_user_id"):
            message.pop(name)
        message |= ECHOES[echo]
        post(envelope(change, n=n))

    # When
    process_events.process_stored_events(limit=1_000)

    # Then
    assert set(Message.objects.values_list("text", flat=True)) == {"sibling"}
    assert Message.objects.count() == 2 * len(sent)
    assert not DeadLetter.objects.exists()


@pytest.mark.parametrize(
    "field", ["message_echoes", "smb_message_echoes", "history", "smb_app_state_sync"]
)
@pytest.mark.parametrize("key", ["messages", "message_echoes"])
def test_echo_field__messages__never_answered(
    switch: Callable[..., None], field: str, key: str
) -> None:
    # Given
    switch(chat=True)
    content = documented.value(**{key: [documented.message("text")]})
    threads = [{"id": documented.ALINE, "messages": [documented.message("text")]}]
    content["history"] = [{"metadata": {"phase": 0}, "threads": threads}]

    # When
    post(envelope({"field": field, "value": content}))
    process_events.process_stored_events()

    # Then
    assert set(Message.objects.values_list("text", flat=True)) == {"sibling"}
    assert len(jobs("agents.tasks.turn")) == 1
    assert not DeadLetter.objects.exists()
