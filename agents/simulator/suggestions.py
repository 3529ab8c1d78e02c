"""Example messages for each role."""

from __future__ import annotations

from vouchers.models import Profile

SUGGESTIONS = {
    Profile.Role.STAFF: [
        "hello",
        "lookup +250788000000",
        "create voucher 10000 for +250788000000",
        "create voucher 15000 for +250788000000",
        "create voucher 30000 for +250788000000",
        "create voucher 10k for +250788000000",
    ],
    Profile.Role.STATION: ["hello", "help", "redeem"],
    Profile.Role.CUSTOMER: [
        "muraho",
        "my vouchers",
        "create voucher 50000 for me",
        "agent",
    ],
    Profile.Role.SUPPORT: ["hello", "lookup +250788000000", "help"],
}


def for_person(person: Profile) -> list[str]:
    """Return example messages."""
    return SUGGESTIONS[Profile.Role(person.role)]


SPOKEN = {
    Profile.Role.STAFF: "create voucher 10000 for +250788000000",
    Profile.Role.CUSTOMER: "show me my vouchers please",
}
# Places in Kigali: name, latitude, longitude.
PLACES = (
    ("Kimironko Market", "-1.9499", "30.1262"),
    ("Nyabugogo bus park", "-1.9397", "30.0443"),
    ("Kigali Heights", "-1.9538", "30.0926"),
)


def spoken_by(person: Profile) -> str:
    """Return an example for a voice note."""
    return SPOKEN.get(Profile.Role(person.role), "hello, I need some help")


ON_THE_PHONE = {
    Profile.Role.STAFF: [
        "create a voucher of 8000 for +250788000000",
        "lookup +250788000000",
        "I want to speak to a person",
    ],
    Profile.Role.STATION: ["redeem", "I want to speak to a person"],
    Profile.Role.CUSTOMER: [
        "show me my vouchers",
        "redeem at Kimironko",
        "I want to speak to a person",
    ],
    Profile.Role.SUPPORT: ["lookup +250788000000", "I want to speak to a person"],
}


def on_the_phone(person: Profile) -> list[str]:
    """Return example sentences for a call."""
    return ON_THE_PHONE[Profile.Role(person.role)]
