"""The menu by job and role, its counts, the search over everything, and codes in it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agents.admin import counts, needs
from agents.models import InboxEntry
from rollout.incidents import incidents
from rollout.models import Incident
from tests.backoffice import ROLES, create_records, signed_in
from tests.easymo.backoffice.test_offers import everything, rolled_back
from vouchers.models import Voucher
from vouchers.recognise import recognise
from vouchers.services import guesses

if TYPE_CHECKING:
    from django.http import HttpResponse

pytestmark = pytest.mark.django_db

JOBS = [
    *("Inbox", "Vouchers", "Customers", "Stations", "Approvals", "Rollout"),
    *("Incidents", "Reports", "Settings"),
]
NOT_FOR_SUPPORT = {"Rollout", "Settings"}


def sidebar(page: HttpResponse) -> dict[str, list[dict[str, object]]]:
    """Return the items that the user sees, by job."""
    found = page.context["sidebar_navigation"]
    return {
        str(group["title"]): [item for item in group["items"] if item["has_permission"]]
        for group in found
    }


@pytest.mark.parametrize("role", ROLES)
def test_menu__each_role__has_its_jobs_and_every_link_opens(role: str) -> None:
    # Given
    everything()
    browser = signed_in(role)

    # When
    shown = sidebar(browser.get("/admin/"))

    # Then
    jobs = [title for title, items in shown.items() if items and title]
    hidden = NOT_FOR_SUPPORT if role == "support" else set()
    assert jobs == [job for job in JOBS if job not in hidden]
    links = [str(item["link"]) for items in shown.values() for item in items]
    assert len(links) == len(set(links))
    # The simulator is another site.
    pages = [link for link in links if link.startswith("/admin/")]
    assert {link: browser.get(link).status_code for link in pages} == dict.fromkeys(
        pages, 200
    )


def test_menu__person_without_rights__has_no_job(client: Client) -> None:
    client.force_login(User.objects.create_user("new", is_staff=True))
    page = client.get("/admin/")
    assert page.status_code == 200
    assert [title for title, items in sidebar(page).items() if items and title] == []


def count_of(browser: Client, name: str) -> str:
    request = browser.get("/admin/find/").wsgi_request
    return {"inbox": counts.inbox, "approvals": counts.approvals}.get(
        name, counts.incidents
    )(request)


@pytest.mark.parametrize("rows", [0, 3, 99, 100, 130])
def test_counts__any_number__one_bounded_query(rows: int) -> None:
    # Given
    records = create_records()
    for number in range(rows):
        Incident.objects.create(
            dedupe_key=f"k{number}", title="Slow", severity="low", opened_by="x"
        )
    operator, viewer = signed_in("operator"), signed_in("viewer")

    # When
    with CaptureQueriesContext(connection) as asked:
        page = operator.get("/admin/find/")

    # Then
    counting = [each for each in asked if "cardinality" in each["sql"].lower()]
    assert len(counting) == 1
    assert counting[0]["sql"].count("LIMIT 100") >= 5
    text = page.content.decode()
    shown = {0: "", 100: "99+", 130: "99+"}.get(rows, str(rows))
    request = page.wsgi_request
    assert counts.incidents(request) == shown
    assert counts.approvals(request) == "1"
    assert counts.inbox(request) == str(
        InboxEntry.objects.filter(waiting_since__isnull=False).count() or ""
    )
    assert not shown or f"{shown}" in text
    # Without the right to act nothing is counted.
    assert [count_of(viewer, each) for each in ("approvals", "x")] == [""] * 2
    assert records.requested.status == Voucher.Status.PENDING_APPROVAL


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("state", [everything, rolled_back])
def test_needs__each_role__only_what_the_person_may_do(
    role: str, state: object
) -> None:
    # Given
    state()  # type: ignore[operator]
    browser = signed_in(role)

    # When
    page = browser.get("/admin/")

    # Then
    found = page.context["needs"]
    assert all(need.count for need in found)
    text = page.content.decode()
    labels = {need.label for need in found}
    for need in found:
        assert browser.get(need.link).status_code == 200, need
        assert need.label in text
    is_down = state is rolled_back
    approve, messages = "Voucher to approve", "Message not delivered"
    incidents = "Open incidents" if is_down else "Open incident"
    expected = {
        "operator": {approve, incidents, messages},
        "support": {messages, "Open tasks about customers"},
        "viewer": set(),
    }.get(role, {approve})
    assert expected <= labels
    if role == "viewer":
        assert labels == set()
        assert "Nothing needs you now" in text
        assert "Open the control room" in text
    if role == "support":
        assert not any(
            "ncident" in label or "gate" in label.lower() for label in labels
        )
    restore = "The rollout is rolled back: restore it step by step"
    assert (restore in labels) is (is_down and role in {"operator", "superuser"})


def test_needs__own_conversations__unread_ones_with_their_age() -> None:
    # Given
    records = create_records()
    support = signed_in("support")
    chat = records.cast.aline.chat
    user = User.objects.get(username="the-support")
    now = timezone.now()
    chat.last_inbound_at = now - timedelta(hours=3)
    chat.save(update_fields=["last_inbound_at"])
    InboxEntry.objects.update_or_create(
        conversation=chat,
        defaults={
            "assignee": user,
            "claimed_at": now,
            "read_at": None,
            "waiting_since": now - timedelta(hours=2, minutes=5),
        },
    )
    own = "Conversation of yours with unread messages"

    # Then
    found = {need.label: need for need in support.get("/admin/").context["needs"]}
    assert (found[own].count, found[own].age) == (1, "3 h")
    assert found["Conversation waits for a colleague"].age == "2 h 5 min"
    InboxEntry.objects.update(read_at=now)
    assert own not in {n.label for n in support.get("/admin/").context["needs"]}


def test_needs__broken_trail__is_named_first() -> None:
    incidents.open_incident(
        key=needs.BROKEN_AUDIT, title="Changed", severity="high", opened_by="easymo"
    )
    found = signed_in("operator").get("/admin/").context["needs"]
    assert "Voucher records do not match their trail" in {each.label for each in found}
    assert found[0].is_urgent


def test_needs__nothing_waits__says_so_and_offers_the_first_step() -> None:
    page = signed_in("support").get("/admin/").content.decode()
    assert "Nothing needs you now" in page
    assert f'href="{reverse("inbox")}"' in page
    assert "Open the inbox" in page


# --- searches


def spelled(code: str) -> list[str]:
    parts = [code[n : n + 4] for n in range(0, 16, 4)]
    return [code, " ".join(parts), "-".join(parts), f"code {code}", f"*{code}*"]


def lists() -> list[str]:
    """Return the lists of the menu and the inbox: every page with a search field."""
    shown = sidebar(signed_in("superuser").get("/admin/"))
    return [
        link
        for items in shown.values()
        for item in items
        if (link := str(item["link"])).startswith("/admin/") and "?" not in link
    ]


def assert_no_trace(answer: HttpResponse, code: str) -> None:
    """No address and no page shows four digits of the code in a row, and their rest."""
    digits = re.sub(r"\D", "", answer.headers.get("Location", ""))
    assert code not in digits
    assert code not in re.sub(r"[^0-9]", "", answer.content.decode())


def test_search__code_in_any_list__opens_the_voucher_and_leaves_no_address() -> None:
    # Given
    records = create_records()
    assert records.issued.code is not None
    code = records.issued.code.digits
    voucher = reverse("admin:vouchers_voucher_change", args=[records.issued.voucher.pk])
    paths = lists()
    browser = Client()
    browser.force_login(User.objects.get(username="the-superuser"))

    # When
    found = {}
    for path in paths:
        sent = browser.post(path, {"_search": "q", "q": code, "_kept": "status=issued"})
        typed = browser.get(path, {"q": code})
        found[path] = [
            (each.status_code, each.headers.get("Location")) for each in (sent, typed)
        ]
    for text in spelled(code):
        answer = browser.post("/admin/find/", {"_search": "words", "words": text})
        found[text] = [(answer.status_code, answer.headers.get("Location"))] * 2

    # Then
    assert {key: set(value) for key, value in found.items()} == {
        key: {(303, voucher)} for key in found
    }
    assert len(paths) > 30


@pytest.mark.parametrize("before", [0, 180, 190, 199, 200, 201, 1_000])
@pytest.mark.parametrize("field", ["q", "s"])
def test_search__code_anywhere_in_long_words__leaves_no_address(
    field: str, before: int
) -> None:
    browser, code = signed_in("operator"), _valid(7)
    words = f"{'a ' * (before // 2)}{'b' * (before % 2)} {code} for Aline"
    path = "/admin/vouchers/voucher/"

    answers = [
        browser.get(path, {field: words}),
        browser.get(path, {field: [words, "Aline"], "p": "3"}),
        browser.post(path, {"_search": field, field: words}),
    ]

    assert [answer.status_code for answer in answers] == [303] * 3
    for answer in answers:
        # The code begins with the only 7.
        assert "7" not in answer["Location"]
        assert len(answer["Location"]) < len(path) + 250


@pytest.mark.parametrize("role", [*ROLES, "new", ""])
def test_search__code_of_no_voucher__counts_a_guess_and_shows_no_code(
    role: str,
) -> None:
    # Given
    create_records()
    code = "1234567812345670"
    wrong = next(
        f"{code[:-1]}{digit}" for digit in range(10) if _is_valid(f"{code[:-1]}{digit}")
    )
    browser = Client()
    if role == "new":
        browser.force_login(User.objects.create_user("new", is_staff=True))
    elif role:
        browser = signed_in(role)

    # When
    for text in (wrong, _mistyped(wrong)):
        for path in ("/admin/vouchers/voucher/", "/admin/find/", "/admin/inbox/"):
            field = "words" if "find" in path else "q"
            answer = browser.post(path, {"_search": field, field: text})
            assert_no_trace(answer, text)
            answer = browser.get(path, {"q": text, "show": "all"})
            # Then
            assert answer.status_code == 303
            assert_no_trace(answer, text)
            assert "show=all" in answer.headers["Location"]
    assert text not in str(browser.session.items()) if role else True


def test_search__too_many_wrong_codes__locked_like_any_other_road() -> None:
    create_records()
    browser = signed_in("support")
    said = ""
    for number in range(40):
        code = _valid(number)
        page = browser.post(
            "/admin/find/", {"_search": "words", "words": code}, follow=True
        )
        said = page.content.decode()
        if "Too many" in said or ("again" in said.lower() and "wrong" in said.lower()):
            break
    assert number < 39, said[-500:]


def test_search__other_words__become_the_address_and_keep_the_filters() -> None:
    create_records()
    browser = signed_in("operator")
    sent = {"_search": "q", "q": "Aline", "_kept": "status=issued&q=old&p=3"}
    answer = browser.post("/admin/vouchers/voucher/", sent)
    assert answer.status_code == 303
    assert answer["Location"] == "/admin/vouchers/voucher/?status=issued&p=3&q=Aline"
    page = browser.get(
        "/admin/vouchers/voucher/?status=issued&q=Aline"
    ).content.decode()
    assert 'name="_kept" value="status=issued"' in page
    assert 'method="post" role="search"' in page
    # Empty words end the search.
    emptied = browser.post("/admin/vouchers/voucher/", sent | {"q": " "})
    assert emptied["Location"] == "/admin/vouchers/voucher/?status=issued&p=3"


def test_search__over_everything__finds_each_kind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    records = create_records()
    aline = records.cast.aline.profile
    reference = records.issued.voucher.reference
    operator, viewer = signed_in("operator"), signed_in("viewer")

    def found(browser: Client, words: str) -> dict[str, int]:
        page = browser.post("/admin/find/", {"_search": "words", "words": words})
        assert page.status_code == 200
        return {str(g["title"]): len(g["rows"]) for g in page.context["groups"]}

    # Then
    name = found(operator, aline.name)
    assert name["People"] >= 1
    assert name["Vouchers"] >= 1
    assert name["Conversations"] >= 1
    assert found(operator, reference)["Vouchers"] == 1
    assert found(operator, str(aline.msisdn))["People"] == 1
    # A viewer must not see numbers, and cannot ask whether one exists.
    assert found(viewer, str(aline.msisdn))["People"] == 0
    counted: list[object] = []
    plain = guesses.count_unknown

    def count(**given: Any) -> None:
        counted.append(given)
        plain(**given)

    monkeypatch.setattr(guesses, "count_unknown", count)
    assert set(found(operator, "+250788999888").values()) == {0}
    assert len(counted) == 1


def _is_valid(code: str) -> bool:
    return recognise(code).code is not None


def _valid(number: int) -> str:
    stem = f"{7_000_000_000_000_00 + number:015d}"[:15]
    return next(f"{stem}{d}" for d in range(10) if _is_valid(f"{stem}{d}"))


def _mistyped(code: str) -> str:
    return f"{code[:-1]}{(int(code[-1]) + 1) % 10}"
