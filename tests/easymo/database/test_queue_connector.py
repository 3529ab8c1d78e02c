from __future__ import annotations

import pytest
from django.test import override_settings

from easymo.database import queue_connector
from easymo.settings.database_url import parse_database_url
from rollout.snapshot import refreshers


def test_connect_parameters__pooled_without_another_way__is_none() -> None:
    with override_settings(DATABASE_LISTEN=None):
        assert queue_connector.connect_parameters() is None


@pytest.mark.parametrize("options", ["", "&connect_timeout=3&application_name=x"])
def test_listening_url__as_it_was_parsed__can_be_connected_to(
    committed_db: str, options: str
) -> None:
    # Given
    joined = committed_db + (
        options if "?" in committed_db else options.replace("&", "?", 1)
    )
    listen = parse_database_url("DATABASE_LISTEN_URL", joined)

    # When
    with (
        override_settings(DATABASE_LISTEN=listen.parameters()),
        refreshers.listening() as connection,
    ):
        # Then
        connection.execute("LISTEN rollout")
