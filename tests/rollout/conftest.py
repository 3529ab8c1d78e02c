from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import Group, User

from rollout.core import clock
from rollout.core.features import Feature
from rollout.core.ports import ports
from rollout.flags import flags
from tests.fakes.slack import FakeSlack
from tests.fakes.smtp import FakeSmtp
from tests.rollout.announcing import MEMBERS, People
from tests.rollout.plan_cases import Fake, began

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.test import Client
    from pytest_django.fixtures import Settings

ALINE = "11111111-1111-4111-8111-111111111111"
BOSCO = "22222222-2222-4222-8222-222222222222"

type Switch = Callable[..., flags.FlagsChanged]


@pytest.fixture
def switch() -> Switch:
    """Set features as Odette would, also after a rollback."""

    def set_features(**changes: object) -> flags.FlagsChanged:
        audience = {
            name: changes.pop(name)
            for name in ("percent", "cohorts")
            if name in changes
        }
        return flags.set_features(
            {Feature[name]: bool(on) for name, on in changes.items()},
            actor="odette",
            reason="test",
            source="cli",
            override=True,
            **audience,  # type: ignore[arg-type]
        )

    return set_features


def person(name: str, group: str) -> User:
    user = User.objects.create_user(name, password="x", is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    return user


@pytest.fixture
def odette(db: None, client: Client) -> Client:
    """An operator, signed in."""
    client.force_login(person("odette", "operator"))
    return client


@pytest.fixture
def pascal(db: None, client: Client) -> Client:
    """A viewer, signed in: read-only."""
    client.force_login(person("pascal", "viewer"))
    return client


@pytest.fixture
def slack_server(settings: Settings) -> Iterator[FakeSlack]:
    with FakeSlack() as fake:
        settings.SLACK_WEBHOOK_URL = fake.url
        yield fake


@pytest.fixture
def smtp(settings: Settings) -> Iterator[FakeSmtp]:
    with FakeSmtp() as fake:
        settings.MAILERS = fake.mailers
        settings.ALERT_EMAILS = ["duty@example.rw"]
        yield fake
        assert fake.complaints == []


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch) -> People:
    found = People(*MEMBERS)
    monkeypatch.setattr(ports, "tell", found.tell)
    monkeypatch.setattr(ports, "audience", found.audience)
    monkeypatch.setattr(ports, "mail_addresses", found.mail_addresses)
    return found


@pytest.fixture
def time() -> Iterator[Fake]:
    """Give a clock that only the test moves; the plan began by it."""
    fake = Fake()
    began(fake.at)
    with clock.use(fake):
        yield fake
