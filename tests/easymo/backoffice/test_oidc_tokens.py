"""ID tokens that are not the provider's, or not for this sign-in, let no one in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from tests.easymo.backoffice.at_provider import assert_refused, sign_in
from tests.fakes.oidc import CLIENT, KEY_ID, SECRET, FakeProvider

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db


def _public(provider: FakeProvider) -> bytes:
    return provider.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _hmac_signed(claims: dict[str, Any], key: bytes) -> str:
    """Sign as PyJWT refuses to: HS256 with a public key as the secret."""

    head, body = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in ({"alg": "HS256", "kid": KEY_ID}, claims)
    )
    mac = hmac.new(key, head + b"." + body, hashlib.sha256).digest()
    return b".".join([head, body, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()


OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
type Make = Callable[[FakeProvider, dict[str, Any]], Any]
TOKENS: dict[str, Make] = {
    "alg none": lambda _, c: jwt.encode(c, None, "none", headers={"kid": KEY_ID}),
    "HS256 with the public key": lambda p, c: _hmac_signed(c, _public(p)),
    "HS256 with the client secret": lambda _, c: _hmac_signed(c, SECRET.encode()),
    "other key": lambda p, c: p.signed(c, key=OTHER_KEY),
    "unknown key id": lambda p, c: p.signed(c, kid="other"),
    "no key id": lambda p, c: jwt.encode(c, p.key, "RS256"),
    "RS512": lambda p, c: jwt.encode(c, p.key, "RS512", headers={"kid": KEY_ID}),
    "cut": lambda p, c: p.signed(c)[:-10],
    "signature of another": lambda p, c: (
        p.signed(c).rpartition(".")[0] + "." + p.signed({**c, "x": 1}).split(".")[2]
    ),
    "no text": lambda _, __: 7,
    "empty": lambda _, __: "",
    "missing": lambda _, __: None,
}
CLAIMS: dict[str, dict[str, Any]] = {
    "other audience": {"aud": "other"},
    "audience as part": {"aud": CLIENT + "-2"},
    "several audiences without a party": {"aud": [CLIENT, "other"]},
    "several audiences, other party": {"aud": [CLIENT, "other"], "azp": "other"},
    "one audience, other party": {"azp": "other"},
    "no audience": {"aud": None},
    "other issuer": {"iss": "https://evil.example"},
    "issuer with a slash": {"iss": "slash"},
    "no issuer": {"iss": None},
    "expired": {"exp": -600},
    "no expiry": {"exp": None},
    "issued later": {"iat": 3_600},
    "valid later": {"nbf": 3_600},
    "no time": {"iat": None},
    "no nonce": {"nonce": None},
    "other nonce": {"nonce": "n" * 32},
    "nonce as a list": {"nonce": ["n"]},
    "no subject": {"sub": None},
    "empty subject": {"sub": ""},
    "subject as a number": {"sub": 7},
    "long subject": {"sub": "s" * 300},
}


@pytest.mark.parametrize("name", TOKENS)
def test_sign_in__token_is_not_the_providers__refused(
    provider: FakeProvider, name: str
) -> None:
    provider.make_token = lambda claims: TOKENS[name](provider, claims)
    browser = Client()

    assert_refused(browser, sign_in(browser))


@pytest.mark.parametrize("name", CLAIMS)
def test_sign_in__claims_are_not_for_this_sign_in__refused(
    provider: FakeProvider, name: str
) -> None:
    def change(claims: dict[str, Any]) -> None:
        for key, value in CLAIMS[name].items():
            if value is None:
                del claims[key]
            elif value == "slash":
                claims[key] += "/"
            elif key in {"exp", "iat", "nbf"}:
                claims[key] = int(time.time()) + value
            else:
                claims[key] = value

    provider.change_claims = change
    browser = Client()

    assert_refused(browser, sign_in(browser))


def test_sign_in__token_of_an_earlier_sign_in__refused(provider: FakeProvider) -> None:
    # Given: a token that an attacker has seen
    seen: list[str] = []

    def see(claims: dict[str, Any]) -> str:
        seen.append(provider.signed(claims))
        return ""

    provider.make_token = see
    sign_in(Client())

    # When
    provider.make_token = lambda _: seen[0]
    browser = Client()

    # Then
    assert_refused(browser, sign_in(browser))
