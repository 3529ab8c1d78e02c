"""No answer with data may be stored by a browser or a proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from tests.agents.api.conftest import Api, people, token
from tests.backoffice import create_records, signed_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_django.fixtures import SettingsWrapper

pytestmark = [
    pytest.mark.django_db,
    # Of Unfold, in the list of accounts.
    pytest.mark.filterwarnings("ignore:Overriding get_action_choices"),
]


def names(resolver: URLResolver, space: str = "") -> Iterator[str]:
    """Yield the names of all addresses."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from names(entry, inner)
        elif isinstance(entry, URLPattern) and entry.name:
            yield f"{space}{entry.name}"


def addresses() -> list[str]:
    """Return every address that needs no argument."""
    found = set()
    for name in names(get_resolver()):
        try:
            found.add(reverse(name))
        except NoReverseMatch:
            continue
    return sorted(found)


def is_not_stored(answer: Any) -> bool:
    return "no-store" in answer.headers.get("Cache-Control", "")


def test_pages__every_address__no_store(settings: SettingsWrapper, switch: Any) -> None:
    settings.SIMULATOR_ENABLED = True
    records = create_records()
    client = signed_in("superuser")
    voucher = records.issued.voucher.pk
    person = records.cast.aline.profile
    paths = [
        *addresses(),
        reverse("admin:vouchers_voucher_change", args=[voucher]),
        reverse("admin:vouchers_profile_change", args=[person.pk]),
        reverse("admin:agents_conversation_change", args=[records.cast.aline.chat.pk]),
        "/no/such/page",
        "/admin/no/such/page/",
        "/functions/v1/none",
    ]
    assert len(paths) > 60

    stored = [path for path in paths if not is_not_stored(client.get(path))]

    assert stored == []


def test_find_by_code__right_and_wrong__no_store(switch: Any) -> None:
    records = create_records()
    client = signed_in("superuser")
    assert records.issued.code is not None
    for code in (records.issued.code.digits, "1" * 16):
        address = reverse("admin:vouchers_voucher_find_by_code")
        assert is_not_stored(client.post(address, {"code": code}))


def test_api__answers_replays_and_refusals__no_store(
    switch: Callable[..., None],
) -> None:
    switch(vouchers=True, customer_lookup=True)
    api = Api(**people(), secret=token(name="caller"))
    first, replay = api.create(key="k"), api.create(key="k")
    assert first.json()["code"] == replay.json()["code"]
    voucher_id = first.json()["voucher_id"]
    answers = [
        first,
        replay,
        api.create(6_000, key="k"),
        api.create(-1),
        api.call("create-voucher", {}, secret="wrong"),
        api.call("create-voucher", b"x" * 70_000),
        api.call("create-voucher", b"{"),
        api.lookup("+250788000011"),
        api.redeem(voucher_id=voucher_id),
        api.void(voucher_id),
        api.call("realtime-webhook", {}),
        api.call("none", {}),
        api.client.put("/functions/v1/ai-create-voucher"),
    ]

    assert [answer.status_code for answer in answers if not is_not_stored(answer)] == []
