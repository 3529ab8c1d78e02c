"""Links for a new password, sent by e-mail.

A request enqueues one job, for known and unknown addresses alike. The worker makes the
link, so its token is in no table.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from easymo.backoffice.models import AccountAct
from easymo.database import jobs
from easymo.database.authorship import Author, authored
from easymo.observability.logs import get_logger

logger = get_logger(__name__)

TASK = "rollout.tasks.send_password_links"
QUEUE = "notices"
SOURCE = "password link"
# Accounts with one address; each gets its own e-mail.
MOST_ACCOUNTS = 3


def is_offered() -> bool:
    """Tell whether people can ask for a new password here."""
    return bool(settings.PASSWORD_SIGN_IN and settings.MAILERS)


@dataclass(frozen=True, slots=True)
class Message:
    to: str
    subject: str
    text: str


def request_links(address: str) -> None:
    """Enqueue the e-mails to the accounts with this address, or a job without any."""
    found = User.objects.filter(
        email__iexact=address, is_active=True, is_staff=True
    ).order_by("pk")[:MOST_ACCOUNTS]
    users = [user.pk for user in found if user.has_usable_password()]
    job = jobs.Job(f"password-links:{uuid.uuid4()}", {"users": users})
    jobs.enqueue(task=TASK, queue=QUEUE, jobs=[job])


def message_to(user_id: int) -> Message | None:
    """Return the e-mail with a new link; None when the account cannot use one."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None or not user.email or not user.has_usable_password():
        return None
    token = default_token_generator.make_token(user)
    query = urlencode({"u": str(user.pk), "t": token})
    link = f"{settings.SITE_ADDRESS}{reverse('password-new')}?{query}"
    minutes = settings.PASSWORD_RESET_TIMEOUT // 60
    text = _(
        "A new password was requested for the account %(name)s of easymo.\n\n"
        "Open this link within %(minutes)s minutes to set it. It works once.\n\n"
        "%(link)s\n\n"
        "If you did not request it, do nothing: your password stays as it is."
    ) % {"name": user.get_username(), "minutes": minutes, "link": link}
    with authored(lambda: Author(SOURCE)):
        AccountAct.objects.create(user=user, act=AccountAct.Act.LINK_SENT)
    logger.info("password.link_made", user_id=user.pk)
    return Message(user.email, _("A new password for easymo"), text)
