from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from easymo.observability.privacy import find_personal, mask_msisdn, scrub
from tests.canaries import ALINE, OPENAI_KEY, PEOPLE, WHATSAPP_TOKEN, leaks_in


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("+250788123456", "+2507***456"),
        ("250788123456", "+2507***456"),
        ("0788123456", "+2507***456"),
        ("00250788123456", "+2507***456"),
        ("+250 788-123-456", "+2507***456"),
        ("٠٧٨٨١٢٣٤٥٦", "+2507***456"),
        (250788123456, "+2507***456"),
        ("+250788000000", "+2507***000"),
        ("+16505076520", "+1650***520"),
        ("788123456", "***56"),
        ("1234", "***34"),
        ("123", "***"),
        ("abc", "***"),
        ("", "—"),
        (None, "—"),
        ("+2507***456", "+2507***456"),
        ("***+250788123456", "***"),
    ],
)
def test_mask_msisdn__any_value__shows_too_little_to_call(
    value: object, shown: str
) -> None:
    assert mask_msisdn(value) == shown


@pytest.mark.parametrize(
    "spelling",
    [
        "+250788123456",
        "250788123456",
        "00250788123456",
        "0788123456",
        "788123456",
        "0788 123 456",
        "0788 12 34 56",
        "0 7 8 8 1 2 3 4 5 6",
        "+250 788-123-456",
        "+250-788-123-456",
        "+250 (0) 788 123 456",
        "(+250) 788 123 456",
        "+250.788.123.456",
        "0788.123.456",
        "0788/123/456",
        "+250\u00a0788\u202f123\u2011456",
        "+250\\xa0788\\xa0123\\xa0456",
        "0788\u200b123\u200b456",
        "＋２５０７８８１２３４５６",
        "٠٧٨٨١٢٣٤٥٦",
        "%2B250788123456",
        "%2B250%20788%20123%20456",
        "250+788+123+456",
        "tel:+250788123456",
        "whatsapp:250788123456@s.whatsapp.net",
        "user250788123456x",
        "'250788123456'",
        '{"wa_id":"250788123456"}',
    ],
)
@pytest.mark.parametrize(
    "frame", ["{}", "lookup {} please", "a 10000 for {}, 7", "x={}&y"]
)
def test_scrub__number_in_any_spelling__masks_it(spelling: str, frame: str) -> None:
    # When
    shown = scrub(frame.format(spelling))

    # Then
    assert leaks_in(shown) == []
    assert "***456" in shown or "[e-mail]" in shown
    assert scrub(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("code 4821935067741208.", "code [code]."),
        ("4821 9350 6774 1208", "[code]"),
        ("4821-9350-6774-1208", "[code]"),
        ("48219350 67741208", "[code]"),
        ("4821 9350 6774 120", "[code]"),
        ("KeyError: '4821935067741208'", "KeyError: '[code]'"),
        ("order 5 10000 0788123456", "order 5 10000 +2507***456"),
        ("write aline.uwamahoro@example.rw now", "write [e-mail] now"),
        ("aline%40example.rw", "[e-mail]"),
        ("PIN 739154", "PIN [pin]"),
        ("pin=7391", "pin=[pin]"),
        ("{'pin': '7391'}", "{'pin': '[pin]'}"),
        ("my pin is 7391", "my pin is [pin]"),
        (OPENAI_KEY, "[secret]"),
        (WHATSAPP_TOKEN, "[secret]"),
        ("Authorization: Bearer abc.def-123", "Authorization: [secret]"),
        ("sent Bearer abc.def-123", "sent Bearer [secret]"),
        ("postgresql://u:p4ss@h:5432/d", "postgresql://[secret]@h:5432/d"),
        ("GET /x?access_token=abc123&y=1", "GET /x?access_token=[secret]&y=1"),
        ('"hub.verify_token": "open sesame"', '"hub.verify_token": "[secret] sesame"'),
        (
            "Key (msisdn, name)=(+250788123456, Aline (x)) already exists.",
            "Key (msisdn, name)=([value]) already exists.",
        ),
        ("Failing row contains (7, Aline).\nx", "Failing row contains ([row])\nx"),
    ],
)
def test_scrub__personal_or_secret__takes_it_out(text: str, shown: str) -> None:
    assert scrub(text) == shown
    assert find_personal(text) != []


def test_scrub__message_id__names_it_without_the_number_inside() -> None:
    # When
    whole, bare = scrub(f"id {ALINE.wamid}"), scrub(f"id {ALINE.wamid[6:]}")

    # Then
    assert whole.startswith("id wamid:")
    assert len(whole) == len("id wamid:") + 12
    assert scrub(f"id {ALINE.wamid}") == whole
    assert leaks_in(whole) == leaks_in(bare) == []


@pytest.mark.parametrize(
    "text",
    [
        "550e8400-e29b-41d4-a716-446655440000",
        "12345678-1234-4123-8123-250788123456",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "1763839391",
        "1763839391123",
        "1763839391123456789",
        "1763839391.788123",
        "0.788123456",
        "took 250.788123456 ms",
        "2026-11-22T19:23:11.788123+02:00",
        "2026-11-22 19:23:11",
        "2026-11-22T19:23:11+0200",
        "RWF 10,000",
        "10000",
        "1000000.00",
        "voucher V7-KQ3M-82 of turn 7",
        "192.168.100.200:5432",
        "phone_number_id 106540352242922",
        "message 9007199",
        "Error code 131047, sqlstate 23505",
        "input_tokens: 1234",
        "+2507***456",
        "",
    ],
)
def test_scrub__what_only_looks_alike__leaves_it_alone(text: str) -> None:
    assert scrub(text) == text
    assert find_personal(text) == []


@given(st.text(max_size=60), st.sampled_from(PEOPLE), st.text(max_size=60))
def test_scrub__number_in_any_surroundings__never_shows_it(
    before: str, person: object, after: str
) -> None:
    # Digits that touch the number make another number of it.
    before, after = before.rstrip("0123456789"), after.lstrip("0123456789")
    msisdn = person.msisdn  # type: ignore[attr-defined]
    assert msisdn not in scrub(f"{before} {msisdn} {after}")


@pytest.mark.parametrize(
    "piece",
    [
        "a.a-",
        "1 2-",
        "9",
        "+",
        "-",
        "x",
        "://",
        "Key (",
        "sk-",
        "pin ",
        "0 7",
        "=",
        "@",
    ],
)
def test_scrub__hostile_length__ends_in_time(piece: str) -> None:
    # Given
    def effort(length: int) -> float:
        """Return the processor time of this thread."""
        text = (piece * length)[:length]
        began = time.thread_time()
        scrub(text)
        return time.thread_time() - began

    # When: with quadratic cost, eight times the length takes 64 times as long
    short = min(effort(2_000) for _ in range(3))

    # Then
    assert min(effort(16_000) for _ in range(3)) < 24 * short + 0.2


def test_scrub__token_of_the_function_api__is_taken_out_of_an_address() -> None:
    # Given
    secret = "easymo_G3wGWMw3Juifpvy2i8yAS-KWYIH4jXmeQRj4yABmR3k"

    # When
    line = scrub(f"Not Found: /functions/v1/x/{secret}/y")

    # Then
    assert secret[7:] not in line
    assert line.startswith("Not Found: /functions/v1/x/[")
