"""Lists and pages: what an empty one says, what a figure leads to, what Add refuses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from easymo.backoffice import empty
from tests.backoffice import create_records, signed_in
from tests.easymo.backoffice.test_offers import later_states
from tests.easymo.backoffice.test_pages import MODELS, address
from vouchers.models import Profile, Station, Voucher

if TYPE_CHECKING:
    from django.db.models import Model

pytestmark = pytest.mark.django_db
REPR = re.compile(r"\((?:True|False|None|&#x27;|')|<(?:Queryset|[A-Z]\w+): ")
BY_LABEL = [pytest.param(model, id=model._meta.label) for model in MODELS]


@pytest.mark.parametrize("model", BY_LABEL)
def test_list__no_rows__says_what_belongs_there_and_offers_no_reset(
    model: type[Model],
) -> None:
    browser = signed_in("operator")
    page = admin.site._registry[model]
    is_empty = not model._default_manager.exists()

    plain = browser.get(address(model, "changelist")).content.decode()

    assert page.empty_text  # type: ignore[attr-defined]
    assert "Reset filters" not in plain
    assert "yielded" not in plain
    if is_empty:
        assert "Nothing here yet" in plain
    if is_empty and (step := page.first_action):  # type: ignore[attr-defined]
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{step}"
        assert plain.count(f'href="{reverse(name)}"') >= 2
    if page.search_fields:
        path = f"{address(model, 'changelist')}?q=no-such-row"
        assert "Reset filters" in browser.get(path).content.decode()


def test_empty_lists__every_registered_model__says_what_belongs_and_where_to_begin() -> (
    None
):
    # Given
    operator = signed_in("superuser")
    wrong: dict[str, str] = {}

    # When
    for model, page in admin.site._registry.items():
        label = model._meta.label_lower
        text = str(getattr(page, "empty_text", "") or empty.TEXTS.get(label, ""))
        step = getattr(page, "first_action", "") or empty.STEPS.get(label)
        if not text.endswith(".") or step is None:
            wrong[label] = f"{text!r}, {step}"
        elif isinstance(step, empty.Step):
            status = operator.get(step.path).status_code
            # The simulator is off outside of a demonstration.
            if status != 200 and not (step is empty.SIMULATOR and status in {302, 404}):
                wrong[label] = f"{step.path} answers {status}"
        # No rows in this list, by an id that none has.
        shown = operator.get(address(model, "changelist")).content.decode()
        if not model._default_manager.exists() and "Nothing here yet" not in shown:
            wrong[label] = "the empty list does not say so"

    # Then
    assert wrong == {}
    known = {model._meta.label_lower for model in admin.site._registry}
    assert set(empty.STEPS) | set(empty.TEXTS) <= known


def test_pages__any_state__show_no_representation_of_python() -> None:
    later_states()
    browser = signed_in("superuser")

    found = {}
    for model in MODELS:
        pages = [address(model, "changelist")]
        pages += [
            address(model, "change", row.pk) for row in model._default_manager.all()[:3]
        ]
        for page in pages:
            shown = re.sub(
                r"<script.*?</script>",
                "",
                browser.get(page).content.decode(),
                flags=re.DOTALL,
            )
            shown = re.sub(r"<[^<>]*>", "", shown)
            if match := REPR.search(shown):
                found[page] = match[0]

    assert found == {}


def test_history__offered__only_where_there_is_one() -> None:
    records = create_records()
    browser = signed_in("operator")
    key = records.issued.voucher.pk
    page, history = address(Voucher, "change", key), address(Voucher, "history", key)
    person = records.cast.aline.profile.pk
    assert history not in browser.get(page).content.decode()
    assert address(Profile, "history", person) in (
        browser.get(address(Profile, "change", person)).content.decode()
    )

    form = {"key": uuid4(), "reason": "a wrong amount"}
    done = browser.post(page.replace("/change/", "/void/"), form)

    assert done.status_code == 302
    assert LogEntry.objects.exists()
    assert history in browser.get(page).content.decode()
    assert "a wrong amount" in browser.get(history).content.decode()


def test_needs__line_that_leads_to_a_list__counts_exactly_its_rows() -> None:
    later_states()
    browser = signed_in("operator")

    lists = 0
    for need in browser.get("/admin/").context["needs"]:
        if (found := (browser.get(need.link).context or {}).get("cl")) is not None:
            lists += 1
            assert found.result_count == need.count, need.label
    assert lists > 1


KNOWN = [
    pytest.param(
        "vouchers_station_add_one",
        {"code": "kimironko ", "name": "Another"},
        "already a station KIMIRONKO",
        id="station",
    ),
    pytest.param(
        "vouchers_profile_add_one",
        {"msisdn": "078 800 000 1", "name": "Another", "role": "staff"},
        "already a person with this number",
        id="person",
    ),
    pytest.param(
        "rollout_cohort_new_cohort", {"name": "smoke"}, "already a cohort", id="cohort"
    ),
    pytest.param(
        "rollout_contact_new_contact",
        {"role": "On call", "name": "Ann", "phone": "", "email": "", "order": "1"},
        "is a contact",
        id="contact",
    ),
]


@pytest.mark.parametrize(("action", "given", "said"), KNOWN)
def test_add__known_name__refused_and_nothing_changed(
    action: str, given: dict[str, str], said: str
) -> None:
    # Given
    Station.objects.create(code="KIMIRONKO", name="Kimironko")
    Profile.objects.create(msisdn="+250788000001", name="Aline")
    browser = signed_in("superuser")
    url = reverse(f"admin:{action}")
    form = {"key": str(uuid4()), "reason": "a test", "is_active": "on", **given}
    if action in {"rollout_cohort_new_cohort", "rollout_contact_new_contact"}:
        assert browser.post(url, form | {"name": given["name"]}).status_code in {
            200,
            302,
        }

    # When
    answer = browser.post(url, form | {"key": str(uuid4())})

    # Then
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert list(Station.objects.values_list("name", flat=True)) == ["Kimironko"]
    aline = Profile.objects.get()
    assert (aline.name, aline.role) == ("Aline", "customer")
