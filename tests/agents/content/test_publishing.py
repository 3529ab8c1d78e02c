from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from django.db import Error, IntegrityError, connections, transaction
from django.utils import timezone

from agents.content import in_force, publishing
from agents.content.answers import answer
from agents.content.document import BUILT_IN
from agents.content.errors import (
    ChangedMeanwhile,
    ContentError,
    InvalidContent,
    NothingToPublish,
)
from agents.language.texts import LANGUAGES
from agents.models import ContentDraft, ContentVersion
from easymo.backoffice.reason import InvalidReason
from tests.agents.content.writing import document, publish, save
from vouchers.codes import new_code

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db
ROUNDS = 5
HOURS = {"mon": "08:00-17:00"}


def written() -> tuple[object, ...]:
    """Return what a refused change leaves as it was."""
    return (
        list(ContentVersion.objects.order_by("number").values()),
        list(ContentDraft.objects.values("document", "revision")),
    )


def test_content__nothing_written__is_the_built_in_one() -> None:
    assert in_force.current() == BUILT_IN
    assert publishing.newest() is None


def test_publish__draft__is_in_force_and_leaves_no_draft() -> None:
    # When
    version = publish(instructions="Say Muraho first.", hours=HOURS)

    # Then
    current = in_force.current()
    assert (current.version, current.instructions) == (1, "Say Muraho first.")
    assert str(current.hours.week[0][0]) == "08:00-17:00"
    assert (version.published_by, version.reason) == ("odette", "a test")
    assert publishing.draft().document is None


def test_return__earlier_version__is_published_again() -> None:
    # Given
    first = publish(instructions="One.")
    publish(instructions="Two.")
    revision = save(instructions="Three.")

    # When
    third = publishing.return_to(
        version=first, in_force_number=2, reason="Two was wrong.", actor="pascal"
    )

    # Then
    in_force.forget()
    assert (third.number, third.returned_from) == (3, first)
    assert in_force.current().instructions == "One."
    assert publishing.draft().revision == revision
    with pytest.raises(NothingToPublish):
        publishing.return_to(
            version=first, in_force_number=3, reason="Again.", actor="pascal"
        )


def test_draft__like_the_one_in_force__is_no_draft() -> None:
    publish(instructions="One.")
    save(instructions="Two.")

    save(instructions="One.")

    assert publishing.draft().document is None


BAD_DOCUMENTS: list[dict[str, Any]] = [
    {"instructions": "x" * 2_001},
    {"instructions": "a\x07b"},
    {"hours": {"mon": "8 to 5 or so"}},
    {"exceptions": "Christmas closed"},
    {"topics": {"how_it_works": ((), {"en": "x" * 1_501})}},
    {"topics": {"how_it_works": ((), {"en": "{code:1}"})}},
    {"topics": {"how_it_works": ((), {"rw": "{pin_link:1}"})}},
    {"topics": {"how_it_works": ((), {"en": f"Code {new_code().formatted}"})}},
    {"topics": {"how_it_works": ((), {"en": "a\u202eb"})}},
    {"topics": {"Tyres!": (("tyre",), {"en": "No."})}},
    {"topics": {"tyres": (("tyre",), {})}},
    {"topics": {"tyres": (("12",), {"en": "No."})}},
    {"topics": {"tyres": (("x" * 61,), {"en": "No."})}},
    {"topics": {f"t{n}": (("x",), {"en": "No."}) for n in range(31)}},
]


def test_draft__parts_that_cannot_be_stored__are_named_and_nothing_is_written() -> None:
    before = written()
    for changes in BAD_DOCUMENTS:
        with pytest.raises(InvalidContent) as refused:
            save(**changes)
        assert refused.value.faults
        assert written() == before


CLAIMS = {
    "en": ("Your voucher has been issued.", "You have a voucher of RWF 5,000."),
    "fr": ("Votre bon a été émis.", "Votre bon est annulé."),
    "rw": ("Voucher yawe yatanzwe.", "Nakohereje voucher."),
    "sw": ("Vocha yako imetolewa.", "Tumekutumia vocha."),
}
SECRETS = {"en": ("Send us your PIN.",), "fr": ("Envoyez-nous votre code PIN.",)}
RULES = {
    "en": (
        "A voucher is valid for 90 days. Petrol costs RWF 1,480 a litre.",
        "Call 0788 123 456 or write to help@fuel.rw. See https://fuel.rw.",
        "Vouchers cannot be refunded.",
    ),
    "fr": ("Les bons sont valables {days} jours.",),
    "rw": ("Voucher imara iminsi {days}.",),
    "sw": ("Vocha inatumika kwa siku {days}.",),
}


@pytest.mark.parametrize("topic", ["how_it_works", "hours", "tyres"])
def test_publish__text_that_claims_or_asks_for_a_secret__is_refused(topic: str) -> None:
    said = [
        (language, text)
        for texts in (CLAIMS, SECRETS)
        for language, found in texts.items()
        for text in found
    ]
    for language, text in said:
        revision = save(topics={topic: ((), {language: f"Muraho. {text} Bye."})})
        before = written()

        with pytest.raises(InvalidContent) as refused:
            publishing.publish_draft(
                revision=revision, in_force_number=0, reason="x", actor="odette"
            )

        assert [fault.part for fault in refused.value.faults] == [
            f"topic.{topic}.{language}"
        ], text
        assert text.rstrip(".") in str(refused.value)
        assert written() == before


def test_publish__rules_prices_numbers_and_built_in_texts__are_allowed() -> None:
    for language, texts in RULES.items():
        for text in texts:
            publish(topics={"validity": ((), {language: text})})
    for topic in ("how_it_works", "validity", "contact", "hours"):
        ours = {
            language: answer(BUILT_IN, topic, language, timezone.now())
            for language in LANGUAGES
        }
        publish(topics={topic: ((), ours)})


def stale() -> dict[str, Callable[[], object]]:
    """Return changes whose page showed another edit or another version."""
    first = ContentVersion.objects.get(number=1)
    now = publishing.draft().revision
    return {
        "older edit": lambda: publishing.save_draft(
            document=document(instructions="x"), revision=now - 1, actor="a"
        ),
        "publish older edit": lambda: publishing.publish_draft(
            revision=now - 1, in_force_number=2, reason="x", actor="a"
        ),
        "publish over another version": lambda: publishing.publish_draft(
            revision=now, in_force_number=1, reason="x", actor="a"
        ),
        "discard older edit": lambda: publishing.discard_draft(
            revision=now - 1, actor="a"
        ),
        "return over another version": lambda: publishing.return_to(
            version=first, in_force_number=1, reason="x", actor="a"
        ),
    }


def test_change__page_is_older_than_another_change__is_refused() -> None:
    publish(instructions="One.")
    publish(instructions="Two.")
    save(instructions="Three.")
    before = written()

    for name, change in stale().items():
        with pytest.raises(ChangedMeanwhile):
            change()
        assert written() == before, name


def test_publish__without_reason__is_refused() -> None:
    revision = save(instructions="One.")
    with pytest.raises(InvalidReason):
        publishing.publish_draft(
            revision=revision, in_force_number=0, reason=" ", actor="a"
        )
    assert publishing.newest() is None


def test_versions__wrong_states__cannot_be_written() -> None:
    publish(instructions="One.")
    changes: list[Callable[[], object]] = [
        lambda: ContentVersion.objects.update(reason="other"),
        lambda: ContentVersion.objects.all().delete(),
        lambda: add(number=3),
        lambda: add(number=1),
        lambda: add(number=2, reason=""),
        lambda: add(number=2, published_by=""),
        lambda: ContentDraft.objects.create(pk=2),
    ]
    for change in changes:
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
    assert ContentVersion.objects.count() == 1


def add(number: int, **facts: str) -> None:
    known = {"document": {}, "reason": "r", "published_by": "a"}
    ContentVersion.objects.create(number=number, **known | facts)


def publish_at_once(revision: int, number: int) -> list[str]:
    """Let two people publish what their pages show; return how each one ended."""
    start = Barrier(2)

    def one(name: str) -> str:
        try:
            start.wait(60)
            publishing.publish_draft(
                revision=revision, in_force_number=number, reason=name, actor=name
            )
        except (ContentError, Error) as error:
            return type(error).__name__
        else:
            return "published"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        return sorted(pool.map(one, ["odette", "pascal"]))


@pytest.mark.django_db(transaction=True)
def test_publish__two_at_once__one_is_in_force(
    committed_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(ROUNDS):
        revision = save(instructions=f"Text {number}.")
        assert publish_at_once(revision, number) == ["ChangedMeanwhile", "published"]
        assert ContentVersion.objects.count() == number + 1

    # Without the lock the constraint decides.
    monkeypatch.setattr(publishing, "_lock", lambda _: ContentDraft.objects.get(pk=1))
    for number in range(ROUNDS, 2 * ROUNDS):
        revision = save(instructions=f"Text {number}.")
        assert publish_at_once(revision, number).count("published") == 1
        assert ContentVersion.objects.count() == number + 1
