from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse

from agents.inbound import media_store
from agents.models import Identity, IdentityClaim, Media, MediaOpening
from agents.whatsapp.media_download import DownloadedMedia
from tests.agents.cast import make_cast

if TYPE_CHECKING:
    from django.test import Client

    from tests.agents.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def sign_in(client: Client, group: str) -> None:
    user = User.objects.create_user(group, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client.force_login(user)


def claim_of(cast: Cast) -> IdentityClaim:
    return IdentityClaim.objects.create(
        kind="first_id", profile=cast.diane.profile, bsuid="RW.1234567890"
    )


def test_bind__operator_with_a_reason__bound_and_shown_on_her_page(
    client: Client, cast: Cast
) -> None:
    # Given
    sign_in(client, "operator")
    claim = claim_of(cast)
    url = reverse("admin:agents_identityclaim_confirm_one", args=[claim.pk])
    key = client.get(url).context["form"]["key"].value()

    # When
    client.post(url, {"reason": "The customer showed it", "key": key})

    # Then
    assert Identity.objects.get(kind="bsuid").profile == cast.diane.profile
    page = client.get(
        reverse("admin:vouchers_profile_change", args=[cast.diane.profile.pk])
    ).content.decode()
    assert "RW.12…7890" in page
    assert "The customer showed it" in page


def test_bind__viewer__refused(client: Client, cast: Cast) -> None:
    # Given
    sign_in(client, "viewer")
    claim = claim_of(cast)
    url = reverse("admin:agents_identityclaim_confirm_one", args=[claim.pk])

    # When
    answer = client.post(url, {"reason": "x"})

    # Then
    assert answer.status_code in {302, 403}
    assert not Identity.objects.exists()


def test_open__support__a_file_that_no_browser_runs_and_a_line_that_tells(
    client: Client, cast: Cast
) -> None:
    # Given
    message = cast.aline.writes("", kind="document")
    media = Media.objects.create(message=message, kind="document", filename="<a>.html")
    media_store.store(media.pk, DownloadedMedia(b"%PDF-1", b"h" * 32, "pdf"), None)
    url = reverse("admin:agents_media_open_one", args=[media.pk])
    sign_in(client, "support")

    # When
    answer = client.get(url)

    # Then
    assert b"".join(answer.streaming_content) == b"%PDF-1"  # type: ignore[attr-defined]
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    name = f'attachment; filename="{media.public_id}.pdf"'
    assert answer["Content-Disposition"] == name
    assert MediaOpening.objects.get().opened_by == "support"


@pytest.mark.parametrize("group", ["viewer", ""])
def test_open__without_the_right__nothing_shown(
    client: Client, cast: Cast, group: str
) -> None:
    # Given
    media = Media.objects.create(
        message=cast.aline.writes("", kind="image"), kind="image"
    )
    media_store.store(media.pk, DownloadedMedia(b"abc", b"h" * 32, "png"), None)
    if group:
        sign_in(client, group)

    # When
    answer = client.get(reverse("admin:agents_media_open_one", args=[media.pk]))

    # Then
    assert answer.status_code in {302, 403}
    assert not MediaOpening.objects.exists()
