from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.apps import apps
from django.db import models

from agents.operations import mention_search
from tests.agents.operations.test_erasure import dump

if TYPE_CHECKING:
    from tests.agents.cast import Cast

from tests.agents.operations.mentions import (
    ABOUT,
    BSUID,
    NAME,
    NOT_ABOUT,
    PLACES,
    erase,
    finish,
    make_named_cast,
    values_of,
)


@pytest.fixture
def cast(committed_db: str) -> Cast:
    return make_named_cast()


def test_places__every_searched_table__has_a_case() -> None:
    assert {name.split()[0] for name in PLACES} == {
        table.name for table in mention_search.TABLES
    }


def test_search__each_table_and_spelling__blanked_and_others_kept(
    cast: Cast, committed_db: str
) -> None:
    # Given
    texts = {**ABOUT, "user id": f"ring {BSUID} now"}
    about = {
        (place, kind): make(cast, text)
        for place, make in PLACES.items()
        for kind, text in texts.items()
    }
    others = {place: make(cast, NOT_ABOUT) for place, make in PLACES.items()}

    # When
    search = finish(erase(cast))

    # Then
    kept = {key: values_of(row) for key, row in about.items()}
    found = {key: text for key, text in kept.items() if "ring" in text.lower()}
    # A note of a voucher keeps no row of 16 digits from the start on.
    assert found.pop(("voucher_note", "user id"), "[code]").count("[code]") == 1
    assert found == {}
    assert {key for key, row in others.items() if NOT_ABOUT not in values_of(row)} == (
        set()
    )
    left = dump(committed_db).lower()
    spelled = (NAME.lower(), "788100001", "100-001", BSUID.lower())
    assert [word for word in spelled if word in left] == []
    assert search.finished_at is not None
    assert search.percent == 100
    assert search.words_sealed is None


# Columns of text that hold no words of people: ids, digests, codes, names of accounts.
NOT_WORDS = re.compile(
    r"(_hmac|_by|_by_name|_id|_sealed|_code|_sha256|digest|sha256|fingerprint|lane|key"
    r"|cause|sealed|salt|hash|commit|source|mac|number|subject|version)$"
)
# Columns that hold none, or not of another person, each with its reason.
NOT_SEARCHED = {
    "agents_apitoken.name": "a caller's name",
    "agents_apitoken.revoke_reason": "about a caller",
    "agents_idempotentcall.answer": "holds no number or name",
    "agents_media.mime_type": "from a list",
    "agents_mediapart.content": "deleted with the person's media",
    "agents_sandboxmedia.content": "deleted after a day",
    "agents_sandboxmedia.words": "deleted after a day",
    "agents_approvedtemplate.name": "a template's name",
    "agents_approvedtemplate.text": "a text to every customer, with places",
    "agents_approvedtemplate.changed_by": "an account",
    "agents_cannedreply.key": "a reply's name",
    "agents_cannedreply.title": "a reply's name",
    "agents_cannedreply.text_en": "a text to every customer",
    "agents_cannedreply.text_fr": "a text to every customer",
    "agents_cannedreply.text_rw": "a text to every customer",
    "agents_cannedreply.text_sw": "a text to every customer",
    "agents_cannedreply.changed_by": "an account",
    "agents_contentdraft.document": "texts to every customer",
    "agents_contentversion.document": "texts to every customer",
    "agents_contentversion.reason": "about these texts",
    "vouchers_station.address": "about a station",
    "vouchers_station.opening": "about a station",
    "agents_taughtsentence.text": "an operator's example, its numbers replaced",
    "agents_identity.value": "belongs to its person",
    "agents_messagestatus.pricing": "prices",
    "agents_messagestatus.errors": "belongs to its message",
    "agents_messagestatus.recipient": "belongs to its message",
    "agents_outboundmessage.pricing": "prices",
    "agents_outboundmessage.recipient": "belongs to its message",
    "agents_sendingline.close_reason": "about a sending number",
    "agents_turn.exposure": "features",
    "agents_call.model": "from a setting",
    "agents_callevent.detail": "codes, ids and counts",
    "agents_callusage.model": "from a setting",
    "agents_turn.model": "from a setting",
    "agents_sandboxmedia.mime_type": "from a list",
    "voucher_guess_counter.scope": "ids",
    "agents_deadletter.path": "a pointer",
    "agents_deadletter.reason": "from a list",
    "agents_mentionsearch.goals": "row numbers",
    "agents_mentionsearch.positions": "row numbers",
    "agents_mentionsearch.waiting": "row numbers",
    "authority_change.what": "from a list",
    "change_record.before": "recorded without names",
    "change_record.after": "recorded without names",
    "change_record.actor": "an account",
    "voucher_batch.file_name": "a file",
    "voucher_batch.lines": "deleted when the batch ends, a week at most",
    "voucher_batch.reason": "about a file",
    "voucher_batch.decision_reason": "about a file",
    "voucher_batch.refused": "from a list",
    "voucher_batch.created_by_name": "an account",
    "voucher_campaign.name": "a campaign",
    "voucher_campaign.reason": "about a campaign",
    "voucher_campaign.stop_reason": "about a campaign",
    "voucher_checkpoint.document": "sums and hashes",
    "voucher_checkpoint.signatures": "signatures",
    "voucher_checkpoint_page.leaves": "hashes",
    "voucher_checkpoint_page.root": "a hash",
    "voucher_checkpoint_page.totals": "sums",
    "vouchers_station.name": "a station",
    "profiles.name": "belongs to its person",
    "vouchers_erasure.actor": "an account",
    "vouchers_erasure.reason": "refused when it names the person",
    "agents_colleagueact.actor": "an account",
}


def test_tables__every_column_for_words__is_searched_or_holds_none() -> None:
    # Given
    searched = {table.name: table.text for table in mention_search.TABLES}
    kinds = (models.CharField, models.TextField, models.JSONField, models.BinaryField)
    columns = [
        (model._meta.db_table, field.column)
        for label in ("agents", "vouchers", "admin")
        for model in apps.get_app_config(label).get_models()
        for field in model._meta.local_fields
        if isinstance(field, kinds)
        and not field.choices
        and (field.max_length or 9_999) >= 80
        and not NOT_WORDS.search(field.column)
    ]

    # Then
    missing = {
        f"{table}.{column}"
        for table, column in columns
        if not re.search(rf"\b{column}\b", searched.get(table, ""))
    }
    assert missing - set(NOT_SEARCHED) == set()
    assert len(columns) > 30
