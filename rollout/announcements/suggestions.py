"""What the guide's communication plan says, as texts to begin with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A draft's beginning: to whom and how, and what."""

    road: str
    subject: str
    text: str


SUGGESTED = {
    "engineering": Suggestion(
        "engineering:email",
        "The agent goes into service",
        """\
We deploy the voucher agent, stage by stage: internal smoke tests, a beta with 5 to 10
of our own people, then everyone. Every feature begins switched off.

During the deployment the Slack channel has the news. Everything can be turned off in a
second: Kill all on the first page of the back office, or
python manage.py rollback quick --reason "…".

Who is on call stands on the same page.""",
    ),
    "beta": Suggestion(
        "beta:whatsapp",
        "You are in the beta",
        """\
You can try our assistant on WhatsApp before everybody else.
How: write "hello" to this number. Ask for your vouchers, or for help; staff can look a
customer up and create a voucher. "agent" brings you a person.
Please tell us what went wrong, and what went well: just write it here.
Help: see the programme's help pages. STOP ends our messages.""",
    ),
    "all": Suggestion(
        "all:whatsapp",
        "Our assistant answers you now",
        """\
You can now write to us here at any time: our assistant helps with your fuel vouchers.
Write "hello" to begin, "agent" for a person. Your vouchers and codes stay as they are.
Help: see the programme's help pages. STOP ends our messages.""",
    ),
}
