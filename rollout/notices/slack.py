from __future__ import annotations

import httpx2

TIMEOUT_S = 5.0


class SlackError(Exception):
    """Slack did not take the message; `permanent` says whether it ever will."""

    def __init__(self, *, permanent: bool, code: str) -> None:
        super().__init__(code)
        self.permanent = permanent
        self.code = code


async def post(*, url: str, text: str) -> None:
    """Send one message to an incoming webhook. Raises SlackError."""
    try:
        async with httpx2.AsyncClient(timeout=TIMEOUT_S) as client:
            answer = await client.post(url, json={"text": escape(text)})
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        # The error's own text holds the URL, which is a secret.
        wrong = isinstance(error, httpx2.InvalidURL | httpx2.UnsupportedProtocol)
        raise SlackError(permanent=wrong, code=type(error).__name__) from None
    if not answer.is_success:
        raise SlackError(
            permanent=300 <= answer.status_code < 500
            and answer.status_code not in {408, 429},
            code=f"HTTP {answer.status_code}",
        )


def escape(text: str) -> str:
    """Let no text of ours become a mention or a link.

    https://docs.slack.dev/messaging/formatting-message-text/#escaping
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
