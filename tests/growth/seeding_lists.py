"""As many rows in every other list of the back office; rare values are the oldest."""

from __future__ import annotations

from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from agents.models import (
    Block,
    Call,
    ConsentEvent,
    DeadLetter,
    ForwardedItem,
    HandOff,
    IdentityClaim,
    Media,
    MentionSearch,
    PhonePin,
    RealtimeEvent,
    WebhookEvent,
)
from easymo.observability.models import LeakFinding
from rollout.models import (
    Announcement,
    AnnouncementDelivery,
    CheckRun,
    Cohort,
    CohortMember,
    FlagChange,
    GateResult,
    Notice,
    StageRun,
)
from tests.growth.seeding import AT, HASH, KEY, MANY, Filling
from tests.vouchers.tampering import unguarded
from vouchers.models import AuthorityChange, ChangeRecord, Erasure

RARE = 50
IS_RARE = f"s.n <= {RARE}"
UUID = "gen_random_uuid()"
LISTED = (
    *(Block, ConsentEvent, DeadLetter, ForwardedItem, HandOff, IdentityClaim, Media),
    *(
        MentionSearch,
        PhonePin,
        WebhookEvent,
        LeakFinding,
        AnnouncementDelivery,
        CheckRun,
    ),
    *(CohortMember, FlagChange, GateResult, Notice, AuthorityChange),
    *(ChangeRecord, Erasure, AccessAttempt, AccessFailureLog, AccessLog),
)
# Values that few rows have, and these the oldest: no scan of new rows meets them.
RARITIES = f"""
UPDATE profiles SET role = 'staff' WHERE id <= 1000000 + {RARE};
UPDATE profiles SET is_sandbox = true WHERE id <= 1000000 + {RARE};
UPDATE profiles SET is_active = false WHERE id <= 1000000 + {RARE};
UPDATE profiles SET language = CASE WHEN id <= 1000000 + {RARE} THEN 'sw' ELSE 'rw' END;
UPDATE agents_conversation SET paused_at = now(), paused_until = now() + '1 day',
    is_synthetic = true, language = 'sw' WHERE id <= 1000000 + {RARE};
UPDATE agents_outboundmessage SET state = 'failed', error_code = '131026'
    WHERE conversation_id <= 1000000 + {RARE};
UPDATE vouchers SET status = 'void', voided_at = created_at, redeemed_at = NULL,
    station_id = NULL WHERE id <= 1000000 + {RARE};
INSERT INTO voucher_event (voucher_id, seq, kind, old_status, new_status, amount_minor,
    currency, owner_id, expires_at, actor_kind, actor_id, channel, key, fingerprint,
    created_at, previous_hash, hash)
SELECT id, 2, CASE status WHEN 'void' THEN 'voided' ELSE 'redeemed' END, 'issued', status,
    amount_minor, currency, owner_id, expires_at, 'system', 'seed', 'system',
    'seed:2:' || id, '', created_at, '', '' FROM vouchers WHERE status <> 'issued';
"""


def seed_lists(many: int = MANY) -> None:
    """Fill the other lists of a database that `seed` filled."""
    tables = [model._meta.db_table for model in LISTED]
    changed = ("profiles", "agents_conversation", "agents_outboundmessage", "vouchers")
    run = StageRun.objects.latest("id").pk
    with (
        unguarded(*tables, *changed, "voucher_event", "procrastinate_jobs"),
        connection.cursor() as cursor,
    ):
        filling = Filling(cursor, many)
        _customers(filling)
        _webhooks(filling)
        _calls(filling)
        _records(filling)
        _rollout(filling, run)
        _libraries(filling)
        cursor.execute(RARITIES)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _customers(filling: Filling) -> None:
    closed = f"CASE WHEN {IS_RARE} THEN NULL ELSE s.at END"
    filling.fill(
        HandOff,
        kind="'asked'",
        profile=KEY,
        conversation=KEY,
        reason="'The customer asked, case ' || s.n",
        opened_at=AT,
        closed_at=closed,
    )
    filling.fill(
        Block,
        profile=KEY,
        reason="'spam, case ' || s.n",
        blocked_by="'odette'",
        lifted_at=closed,
        lifted_by=f"CASE WHEN {IS_RARE} THEN '' ELSE 'odette' END",
    )
    filling.fill(
        IdentityClaim,
        kind="'first_id'",
        profile=KEY,
        bsuid="'RW.' || s.n",
        number="'+25079' || lpad(s.n::text, 7, '0')",
        state=f"CASE WHEN {IS_RARE} THEN 'open' ELSE 'apart' END",
        decided_at=closed,
        decided_by=f"CASE WHEN {IS_RARE} THEN '' ELSE 'odette' END",
        reason="'asked them'",
    )
    filling.fill(
        ConsentEvent,
        profile=KEY,
        kind=f"CASE WHEN {IS_RARE} THEN 'start' ELSE 'stop' END",
        source="'words'",
        cause="'message:' || s.n",
    )
    filling.fill(
        PhonePin,
        profile=KEY,
        hash="'$argon2id$' || s.n",
        key_id="'d1'",
        length="4",
        set_at=AT,
        set_by="'the person'",
    )


def _calls(filling: Filling) -> None:
    filling.fill(
        RealtimeEvent,
        id=KEY,
        webhook_id="'wh_' || s.n",
        sha256=HASH,
        correlation_id=UUID,
        received_at=AT,
    )
    filling.fill(
        Call,
        public_id=UUID,
        call_id="'rtc_' || s.n",
        event=KEY,
        correlation_id=UUID,
        profile=KEY,
        received_at=AT,
    )


def _webhooks(filling: Filling) -> None:
    filling.fill(
        WebhookEvent,
        id=KEY,
        body="'{}'::bytea",
        sha256=HASH,
        correlation_id=UUID,
        state=f"CASE WHEN {IS_RARE} THEN 'failed' ELSE 'done' END",
        received_at=AT,
        processed_at=AT,
    )
    filling.fill(
        DeadLetter,
        event=KEY,
        path="'/entry/0'",
        reason=f"CASE WHEN {IS_RARE} THEN 'too_large' ELSE 'unreadable' END",
    )
    filling.fill(
        ForwardedItem,
        lane=HASH,
        key=HASH,
        event=KEY,
        kind="'message'",
        reason="'feature_off'",
        state=f"CASE WHEN {IS_RARE} THEN 'queued' ELSE 'sent' END",
        sent_at=f"CASE WHEN {IS_RARE} THEN NULL ELSE s.at END",
        created_at=AT,
    )
    filling.fill(
        Media,
        message="(SELECT min(id) FROM agents_message) + s.n - 1",
        kind="'image'",
        state=f"CASE WHEN {IS_RARE} THEN 'failed' ELSE 'stored' END",
        error_code=f"CASE WHEN {IS_RARE} THEN 'too_large' ELSE '' END",
    )


def _records(filling: Filling) -> None:
    filling.fill(
        ChangeRecord,
        table_name=f"CASE WHEN {IS_RARE} THEN 'auth_user' ELSE 'profiles' END",
        row_id="s.n::text",
        kind="'update'",
        before="'{}'::jsonb",
        after="'{}'::jsonb",
        actor="'odette'",
        source="'admin'",
        database_role="'easymo'",
        transaction_id="s.n",
        created_at=AT,
    )
    is_waiting = f"CASE WHEN {IS_RARE} THEN "
    filling.fill(
        AuthorityChange,
        kind="'role'",
        profile=KEY,
        old_role="'customer'",
        new_role="'staff'",
        given_by_name="'odette'",
        source="'command'",
        given_at=AT,
        decision=is_waiting + "'waiting' ELSE 'confirmed' END",
        decided_by_name=is_waiting + "'' ELSE 'grace' END",
        decided_at=is_waiting + "NULL ELSE s.at END",
        decision_source=is_waiting + "'' ELSE 'command' END",
    )
    filling.fill(Erasure, id=KEY, profile=KEY, actor="'odette'", reason="'asked'")
    filling.fill(
        MentionSearch,
        erasure=KEY,
        words_sealed=f"CASE WHEN {IS_RARE} THEN 'x'::bytea END",
        barrier="1",
        moved_at=AT,
        finished_at=f"CASE WHEN {IS_RARE} THEN NULL ELSE s.at END",
    )


def _rollout(filling: Filling, run: int) -> None:
    text = Announcement.objects.create(
        audience="customers",
        medium="other",
        subject="News",
        text="Hello",
        drafted_by="odette",
    )
    cohort = Cohort.objects.create(name="grown", description="Grown")
    filling.fill(
        AnnouncementDelivery,
        announcement=str(text.pk),
        recipient="'person-' || s.n",
        status=f"CASE WHEN {IS_RARE} THEN 'failed' ELSE 'sent' END",
        settled_at=AT,
    )
    filling.fill(
        CohortMember,
        cohort=str(cohort.pk),
        subject="'person-' || s.n",
        added_by="'odette'",
    )
    filling.fill(
        FlagChange,
        kind="'member_added'",
        cohort=str(cohort.pk),
        subject="'person-' || s.n",
        actor="'odette'",
        source="'admin'",
        reason="'the first group'",
        at=AT,
        epoch="0",
        transaction_id="0",
    )
    filling.fill(
        CheckRun,
        kind="'probe'",
        passed=f"s.n > {RARE}",
        results="'[]'::jsonb",
        release="'1'",
        actor="'system'",
        started_at=AT,
        finished_at=AT,
    )
    filling.fill(
        GateResult,
        run=str(run),
        gate=f"CASE WHEN {IS_RARE} THEN 'old_gate' ELSE 'days' END",
        verdict="'fail'",
        at=AT,
    )
    filling.fill(
        Notice,
        medium="'email'",
        recipient="'on.call@example.org'",
        subject="'Notice ' || s.n",
        text="'Something happened, case ' || s.n",
        status="'sent'",
        sent_at=AT,
        next_attempt_at=AT,
        created_at=AT,
    )
    filling.fill(
        LeakFinding,
        kind="'number'",
        sink="'logs'",
        digest=HASH,
        level=f"CASE WHEN {IS_RARE} THEN 'confirmed' ELSE 'candidate' END",
        at=AT,
    )


def _libraries(filling: Filling) -> None:
    attempt: dict[str, Any] = {
        "user_agent": "'a browser'",
        "ip_address": "'192.0.2.1'::inet",
        "username": "'user' || s.n",
        "http_accept": "'*/*'",
        "path_info": f"CASE WHEN {IS_RARE} THEN '/old/' ELSE '/admin/login/' END",
        "attempt_time": AT,
    }
    filling.fill(AccessAttempt, **attempt, failures_since_start="1")
    filling.fill(AccessFailureLog, **attempt)
    filling.fill(AccessLog, **attempt)
    filling.fill(
        ProcrastinateJob,
        id=KEY,
        queue_name="'chat'",
        task_name=f"CASE WHEN {IS_RARE} THEN 'old' ELSE 'agents.tasks.run_turn' END",
        priority="0",
        lock="'lock' || s.n",
        args="'{}'::jsonb",
        status=f"(CASE WHEN {IS_RARE} THEN 'failed' ELSE 'succeeded' END)"
        "::procrastinate_job_status",
        attempts="1",
        abort_requested="false",
    )
