from __future__ import annotations

import pytest

from easymo.settings.database_url import parse_database_url
from easymo.settings.environment import SettingError

POOLER = "aws-0-eu-central-1.pooler.supabase.com"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "postgresql://user:secret@db.example:5433/shop",
            ("user", "secret", "db.example", "5433", "shop"),
        ),
        ("postgres://u:p@h/d", ("u", "p", "h", "", "d")),
        ("  'postgresql://u:p@h/d'\n", ("u", "p", "h", "", "d")),
        ("jdbc:postgresql://h:1/d?user=u&password=p", ("u", "p", "h", "1", "d")),
        ("postgresql+psycopg://u:p@h/d", ("u", "p", "h", "", "d")),
        ("POSTGRES://u@h/d", ("u", "", "h", "", "d")),
        # Passwords with what a URL should not hold, and as it should be written.
        ("postgres://u:p@ss/w?rd#1@h:5432/d", ("u", "p@ss/w?rd#1", "h", "5432", "d")),
        ("postgres://u:p%40s%2Fs@h/d", ("u", "p@s/s", "h", "", "d")),
        ("postgres://u:100%@h/d", ("u", "100%", "h", "", "d")),
        ("postgres://u:a:b@h/d", ("u", "a:b", "h", "", "d")),
        # Sockets.
        ("postgresql:///d?host=/run/pg", ("", "", "/run/pg", "", "d")),
        ("postgresql://u@/d?host=/run/p%20g&port=6", ("u", "", "/run/p g", "6", "d")),
        ("postgresql://u@%2Frun%2Fpg:5433/d", ("u", "", "/run/pg", "5433", "d")),
        # Several hosts, and the sixth version of the protocol.
        ("postgresql://u@a:1,b:2/d", ("u", "", "a,b", "1,2", "d")),
        ("postgresql://u:p@[::1]:5432/d", ("u", "p", "::1", "5432", "d")),
        # No database named: the user's, as libpq has it.
        ("postgresql://u@h", ("u", "", "h", "", "u")),
        ("postgresql://u@h/d%20b", ("u", "", "h", "", "d b")),
    ],
)
def test_parse__common_and_odd_forms__read(
    text: str, expected: tuple[str, ...]
) -> None:
    found = parse_database_url("DATABASE_URL", text)

    assert (found.user, found.password, found.host, found.port, found.name) == expected
    assert not found.is_transaction_pooled


@pytest.mark.parametrize(
    ("text", "is_pooled"),
    [
        # Supabase: direct, session and transaction mode, as its pages show them.
        ("postgresql://postgres:p@db.abc.supabase.co:5432/postgres", False),
        (f"postgresql://postgres.abc:p@{POOLER}:5432/postgres", False),
        (f"postgresql://postgres.abc:p@{POOLER}:6543/postgres", True),
        (f"postgres://postgres.abc:p@{POOLER}:5432/postgres?pgbouncer=true", True),
        (f"postgres://postgres.abc:p@{POOLER}:6543/postgres?pgbouncer=false", True),
        ("postgres://u:p@h:6432/d?pgbouncer=1&connection_limit=1", True),
    ],
)
def test_parse__the_three_modes__told_apart(text: str, is_pooled: bool) -> None:
    found = parse_database_url("DATABASE_URL", text)

    assert found.is_transaction_pooled is is_pooled
    assert found.settings()["DISABLE_SERVER_SIDE_CURSORS"] is is_pooled
    assert "pgbouncer" not in found.options
    if "supabase" in text:
        assert found.options["sslmode"] == "require"
        assert found.role == "postgres"


def test_parse__supabase_options__dropped_or_kept() -> None:
    found = parse_database_url(
        "DATABASE_URL",
        f"postgres://postgres:p@{POOLER}:6543/postgres?pgbouncer=true"
        "&supa=base-pooler.x&workaround=supabase-pooler.vercel&schema=public"
        "&options=reference%3Dabc&sslmode=no-verify&connect_timeout=15",
    )

    assert found.options == {
        "application_name": "easymo",
        "connect_timeout": "15",
        "options": "reference=abc",
        "sslmode": "require",
    }


@pytest.mark.parametrize(
    "text",
    [
        "mysql://u:hidden@h/d",
        "sqlite:///hidden.db",
        "u:hidden@h/d",
        "postgresql://u:hidden@h:port/d",
        "postgresql://u:hidden@h:99999/d",
        "postgresql://u:hidden@h/d?nonsense=1",
        "postgresql://u:hidden@h/d?pgbouncer=perhaps",
        "postgresql://u:hidden@h/d?sslmode=maybe",
        "postgresql://u:hidden@h/d?connect_timeout=soon",
        "postgresql://u:hidden@h/d?options=-c%20search_path%3Dhidden",
        "postgresql://u:hidden@h:6543/d?options=-c%20statement_timeout%3D5",
        "postgresql://",
        "postgresql://:hidden@h/",
    ],
)
def test_parse__refused__names_the_setting_and_shows_nothing(text: str) -> None:
    with pytest.raises(SettingError) as refusal:
        parse_database_url("DATABASE_URL", text)

    said = str(refusal.value)
    assert "DATABASE_URL" in said
    assert "hidden" not in said
    assert "\n" not in said
