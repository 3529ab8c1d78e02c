"""Every list, search, filter, order and page of the back office reads few rows."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.messages.storage.fallback import FallbackStorage
from django.db.models import IntegerField
from django.test import Client, RequestFactory
from django.urls import reverse

from agents.models import Conversation
from easymo.backoffice.windows import WindowChangeList
from tests import databases
from tests.backoffice import signed_in
from tests.growth.reading import MOST, counted
from tests.growth.seeding_lists import RARE, seed_lists
from vouchers.codes import new_code
from vouchers.models import Profile, Voucher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.contrib.admin.views.main import ChangeList
    from django.db.models import Model
    from django.http import HttpRequest
    from pytest_django.plugin import DjangoDbBlocker

pytestmark = pytest.mark.usefixtures("lists_grown", "grown")

admin.autodiscover()
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
# The most queries of a page: a list with all its filters, the control room most.
MOST_QUERIES = 70
MOST_CHOICES = 20
COUNT_OF_RECIPIENTS = 'SELECT "rollout_announcementdelivery"."announcement_id"'
RANGES = (("2020-01-01", "2020-02-01"), ("2000-01-01", "2100-01-01"))


@pytest.fixture(scope="module")
def lists_grown(grown_database: str, django_db_blocker: DjangoDbBlocker) -> None:

    with django_db_blocker.unblock(), databases.using(grown_database):
        seed_lists()


def terms() -> list[str]:
    """Return searches of each kind: known and unknown, frequent and rare."""
    person, voucher = Profile.objects.first(), Voucher.objects.first()
    assert person is not None
    assert voucher is not None
    return [
        *(
            "Mukamana",
            "Number",
            "number00123",
            "Number0019999",
            "umber00777",
            "Keza Number0004",
        ),
        *("no-one-has-it", "ab", "a", "case 7", "odette", "12", "1000012"),
        *(str(person.msisdn), "0780 000 777", "+250788999999"),
        *(str(person.public_id), str(voucher.public_id), str(uuid.uuid4())),
        *(voucher.reference, voucher.reference.lower(), "VN-0000-00"),
        *(new_code().formatted, "1234 5678 9012 3456", "0777"),
        *("person-77", "RW.77", "message:77", "seed:77", "/entry/0"),
    ]


def address(model: type[Model], page: str, *args: Any) -> str:
    meta = model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=args)


def orders(shown: ChangeList) -> Iterator[str]:
    for place, _ in enumerate(shown.list_display, 1):
        yield f"?o={place}"
        yield f"?o=-{place}"


def filters(shown: ChangeList) -> Iterator[str]:
    for spec in shown.filter_specs:
        names = [str(name) for name in spec.expected_parameters()]
        if any(name.endswith(("_from", "_from_0")) for name in names):
            for first, last in RANGES:
                yield "?" + "&".join(
                    f"{name}={_end(name, first, last)}" for name in names
                )
            continue
        links = [choice.get("query_string") for choice in spec.choices(shown)]
        # One value of thousands is read like any other.
        few = links if len(links) <= MOST_CHOICES else links[:5] + links[-5:]
        yield from filter(None, few)


def _end(name: str, first: str, last: str) -> str:
    if name.endswith("_1"):
        return "00:00:00"
    return first if "_from" in name else last


def variants(model: type[Model], shown: ChangeList) -> Iterator[str]:
    yield from ("?p=2", "?_facets=1", "?older=1000100", "?all=")
    yield from orders(shown)
    yield from filters(shown)
    if shown.search_fields:
        yield from (f"?q={term}".replace("+", "%2B") for term in terms())


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_list__tables_have_grown__every_variant_reads_little(
    model: type[Model],
) -> None:
    # Given
    browser = signed_in("superuser")
    page = address(model, "changelist")
    shown = browser.get(page).context["cl"]
    found = {"": costs(lambda: browser.get(page))}

    # When: without the rendering, which is the same for each variant
    for variant in variants(model, shown):
        request = asked(page + variant)
        found[variant] = costs(lambda request=request: read_list(model, request))

    # Then
    assert not any(found.values()), said(found)


def asked(path: str) -> HttpRequest:
    request = RequestFactory().get(path)
    request.user = User.objects.get(username="the-superuser")
    request.session = {}  # type: ignore[assignment]
    request._messages = FallbackStorage(request)  # type: ignore[attr-defined]
    return request


def read_list(model: type[Model], request: HttpRequest) -> None:
    """Read all that a page of the list reads."""
    shown = admin.site._registry[model].get_changelist_instance(request)
    assert isinstance(shown, WindowChangeList)
    for spec in shown.filter_specs:
        list(spec.choices(shown))


def said(found: dict[str, str]) -> str:
    return "\n".join(f"{key}: {text}" for key, text in found.items() if text)


def costs(read: Callable[[], Any]) -> str:
    """Return what is too much about a page, "" when nothing is."""
    with counted() as reading:
        answer = read()
    if answer is not None and answer.status_code != 200:
        return f"status {answer.status_code}"
    # The recipients of one announcement are counted, in an index only.
    reading.statements = [
        each for each in reading.statements if COUNT_OF_RECIPIENTS not in each[1]
    ]
    if len(reading.statements) > MOST_QUERIES:
        return f"{len(reading.statements)} queries"
    return reading.described() if reading.most >= MOST else ""


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_page__tables_have_grown__reads_little(model: type[Model]) -> None:
    browser = signed_in("superuser")
    row = model._default_manager.order_by("pk").last()
    if row is None:
        pytest.skip("The list has no row.")

    pages = [address(model, "history", row.pk), address(model, "change", row.pk)]
    found = {page: costs(lambda page=page: browser.get(page)) for page in pages}
    assert not any(found.values()), said(found)


@pytest.mark.parametrize(
    "path",
    [
        *("/admin/", "/admin/?page=room", "/admin/?range=week"),
        *("/simulator/", "/admin/rollout/restore/", "/admin/rollout/check-runs/"),
    ],
)
@pytest.mark.parametrize("role", ["operator", "support", "viewer", "superuser"])
def test_start__tables_have_grown__reads_little(path: str, role: str) -> None:
    browser = signed_in(role)

    assert costs(lambda: browser.get(path)) in {"", "status 404", "status 403"}


@pytest.mark.parametrize("words", ["Mukamana", "0780000777", "SEED9999"])
def test_search__tables_have_grown__reads_little(words: str) -> None:
    browser = signed_in("operator")
    sent = {"_search": "words", "words": words}

    assert costs(lambda: browser.post("/admin/find/", sent)) == ""


@pytest.mark.parametrize("term", ["", "Mukamana", "0780000777", "ab"])
def test_autocomplete__tables_have_grown__reads_little(term: str) -> None:
    browser = signed_in("superuser")
    relations = [
        (model._meta, field)
        for model in MODELS
        for field in model._meta.concrete_fields
        if field.many_to_one
        and (related := admin.site._registry.get(field.related_model))
        and related.search_fields
    ]

    found = {}
    for meta, field in relations:
        path = (
            f"/admin/autocomplete/?app_label={meta.app_label}&term={term}"
            f"&model_name={meta.model_name}&field_name={field.name}"
        )
        text = costs(lambda path=path: browser.get(path))
        found[path] = "" if text == "status 403" else text
    assert not any(found.values()), said(found)


FIRST = 1_000_001
SUPERUSER = {"username": "odette", "is_staff": True, "is_superuser": True}
PEOPLE, VOUCHERS = "vouchers_profile", "vouchers_voucher"
TALKS = "agents_conversation"


def found(path: str, **query: str) -> ChangeList:
    browser = Client()
    browser.force_login(User.objects.get_or_create(**SUPERUSER)[0])
    answer = browser.get(reverse(f"admin:{path}_changelist"), query)
    assert answer.status_code == 200
    shown: ChangeList = answer.context["cl"]
    return shown


@pytest.mark.parametrize(
    ("path", "term"),
    [
        # The oldest rows: no window of the newest ones holds them.
        *((path, "Number0000001") for path in (PEOPLE, VOUCHERS, TALKS)),
        *((path, "umber0000001") for path in (PEOPLE, VOUCHERS, TALKS)),
        *((path, "0780000001") for path in (PEOPLE, VOUCHERS, TALKS)),
        ("agents_block", "0780 000 001"),
        ("agents_handoff", "uwase number0000001"),
        ("agents_consentevent", "uwase number0000001"),
        ("agents_identityclaim", "+250780000001"),
        ("agents_identityclaim", "+250790000001"),
        ("agents_identityclaim", "RW.1"),
        ("agents_outboundmessage", "0780000001"),
        ("agents_outboundmessage", "seed:1"),
        ("agents_webhookevent", "1000001"),
        ("agents_forwardeditem", "1000001"),
        ("agents_mentionsearch", "1000001"),
        (VOUCHERS, "SEED1"),
        (VOUCHERS, "seed1"),
        (VOUCHERS, "0001"),
        ("rollout_cohortmember", "person-1"),
        ("rollout_announcementdelivery", "person-1"),
        ("vouchers_changerecord", "1"),
    ],
)
def test_search__the_oldest_row__is_found(path: str, term: str) -> None:
    shown = found(path, q=term)

    keys = [row.pk for row in shown.result_list]
    oldest = shown.model._default_manager.order_by("pk").first()
    assert oldest is not None
    pages = range(2, 2 + shown.result_count // 50)
    keys += [r.pk for p in pages for r in found(path, q=term, p=str(p)).result_list]
    assert oldest.pk in keys


@pytest.mark.parametrize("path", [PEOPLE, VOUCHERS, TALKS])
def test_search__by_id__finds_exactly_that_row(path: str) -> None:
    model = found(path).model
    row: Any = model._default_manager.order_by("pk").first()

    assert [each.pk for each in found(path, q=str(row.public_id)).result_list] == [
        row.pk
    ]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (PEOPLE, {"role__exact": "staff"}),
        (PEOPLE, {"is_active__exact": "0"}),
        (PEOPLE, {"is_sandbox__exact": "1"}),
        (PEOPLE, {"language__exact": "sw"}),
        (VOUCHERS, {"status": "void"}),
        (VOUCHERS, {"status__exact": "void"}),
        (TALKS, {"paused_at__isempty": "0"}),
        (TALKS, {"is_synthetic__exact": "1"}),
        (TALKS, {"language__exact": "sw"}),
        (TALKS, {"role": "staff"}),
        ("agents_handoff", {}),
        ("agents_block", {}),
        ("agents_identityclaim", {"state__exact": "open"}),
        (
            "agents_outboundmessage",
            {"state__exact": "failed", "given_up_at__isempty": "1"},
        ),
        ("agents_outboundmessage", {"error_code": "131026"}),
        ("agents_webhookevent", {"state__exact": "failed"}),
        ("agents_forwardeditem", {"state__exact": "queued"}),
        ("vouchers_authoritychange", {"decision__exact": "waiting"}),
        ("observability_leakfinding", {"level__exact": "confirmed"}),
    ],
)
def test_filter__rare_and_old__finds_every_row(
    path: str, query: dict[str, str]
) -> None:
    assert found(path, **query).result_count == RARE


@pytest.mark.parametrize("path", [PEOPLE, VOUCHERS, "agents_webhookevent", TALKS])
def test_list__link_to_older_rows__leads_to_the_oldest(path: str) -> None:
    browser = signed_in("superuser")
    page = reverse(f"admin:{path}_changelist")
    link, seen = page, 0
    for _ in range(30):
        shown = browser.get(link).context["cl"]
        seen += shown.result_count
        if not shown.older_url:
            break
        link = page + shown.older_url

    assert seen == shown.model._default_manager.count()
    assert FIRST in {row.pk for row in shown.queryset}


def test_conversations__plain__newest_message_first() -> None:
    shown = found(TALKS)

    newest = Conversation.objects.order_by("-last_inbound_at")[:50]
    assert [row.pk for row in shown.result_list] == [row.pk for row in newest]


def test_list__page_of_older_rows__keeps_them_and_a_filter_does_not() -> None:
    shown = found(PEOPLE, older="1010001")

    assert {row.pk for row in shown.result_list} <= set(range(1_008_000, 1_010_001))
    assert "older=1010001" in shown.get_query_string({"p": 2})
    assert "older" not in shown.get_query_string({"role__exact": "staff"})


@pytest.mark.parametrize("older", ["x", "-1", "1" * 40, "1;DROP", "", "0"])
def test_list__strange_beginning__no_failure(older: str) -> None:
    answer = signed_in("superuser").get(
        address(Voucher, "changelist"), {"older": older}
    )

    assert answer.status_code in {200, 302}


def test_models__with_many_rows__are_seeded() -> None:
    small = {
        model._meta.label
        for model in MODELS
        if isinstance(model._meta.pk, IntegerField)
        and model._default_manager.count() < MOST
    }
    # Written by hand or by migrations: a few rows in years.
    assert small == {
        *("agents.ApiToken", "agents.ContentVersion", "auth.Group", "auth.User"),
        *("rollout.AgentFlag", "vouchers.Campaign"),
        *("rollout.Announcement", "rollout.ChecklistItem", "rollout.ChecklistTick"),
        *("rollout.Cohort", "rollout.Contact", "rollout.Incident", "rollout.Override"),
        *("rollout.OnCallShift", "rollout.Plan", "rollout.PlanChange"),
        *("rollout.RollbackEvent", "rollout.StageRun", "rollout.Waiver"),
        *("vouchers.Batch", "vouchers.ReversalRequest", "vouchers.Station"),
    }
