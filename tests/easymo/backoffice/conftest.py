from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.easymo.backoffice.at_provider import CALLBACK, OIDC, PASSWORDS
from tests.fakes.oidc import CLIENT, SECRET, FakeProvider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper


@pytest.fixture
def provider(settings: SettingsWrapper) -> Iterator[FakeProvider]:
    with FakeProvider() as fake:
        fake.redirects = [f"http://testserver{CALLBACK}"]
        settings.OIDC_ENABLED = True
        settings.OIDC_ISSUER = fake.issuer
        settings.OIDC_OP_AUTHORIZATION_ENDPOINT = f"{fake.issuer}/authorize"
        settings.OIDC_OP_TOKEN_ENDPOINT = f"{fake.issuer}/token"
        settings.OIDC_OP_JWKS_ENDPOINT = f"{fake.issuer}/keys"
        settings.OIDC_RP_CLIENT_ID = CLIENT
        settings.OIDC_RP_CLIENT_SECRET = SECRET
        settings.OIDC_ROLES = {
            "fuel-operators": "operator",
            "helpdesk": "support",
            "auditors": "viewer",
        }
        settings.AUTHENTICATION_BACKENDS = [PASSWORDS, OIDC]
        yield fake
