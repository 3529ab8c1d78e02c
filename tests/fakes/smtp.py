"""A mail server on a loopback port that holds its callers to RFC 5321.

with FakeSmtp() as smtp:
    ...                          # MAILERS = smtp.mailers
    smtp.script["RCPT"] = [450]  # answers the next RCPT so
    smtp.mails                   # what it took: envelope and parsed message
"""

from __future__ import annotations

import email
import email.policy
import re
import socketserver
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from email.message import EmailMessage

LONGEST_LINE = 998
PATH = re.compile(r"(?:FROM|TO):<([^<>\s@]+@[^<>\s@]+)>(?: [A-Z0-9=]+)*", re.IGNORECASE)
# What must have been said before.
ORDER = {"MAIL": "EHLO", "RCPT": "MAIL", "DATA": "RCPT"}


@dataclass(frozen=True)
class Received:
    """One mail as the server took it."""

    sender: str
    to: list[str]
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"]).strip()

    @property
    def text(self) -> str:
        return str(self.message.get_content()).replace("\r\n", "\n")


class FakeSmtp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        # The next answers to a verb; "silence" leaves the caller without one.
        self.script: dict[str, list[int | str]] = {}
        self.mails: list[Received] = []
        # What a caller did against the rules.
        self.complaints: list[str] = []
        self.sessions = 0
        self.released = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, args=[0.01])

    @property
    def mailers(self) -> dict[str, Any]:
        return {
            "default": {
                "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
                "OPTIONS": {
                    "host": "127.0.0.1",
                    "port": self.server_address[1],
                    "timeout": 2,
                },
            }
        }

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()
        self._thread.join(60)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A closed connection is no error."""


class Session(socketserver.StreamRequestHandler):
    server: FakeSmtp

    def handle(self) -> None:
        self.server.sessions += 1
        self.said: set[str] = set()
        self.sender = ""
        self.to: list[str] = []
        self.answer(220, "fake ESMTP")
        while line := self.rfile.readline(LONGEST_LINE + 2):
            if not line.endswith(b"\r\n"):
                self.complain(f"line without CRLF or too long: {line[:40]!r}")
            verb, _, rest = line.decode("ascii").rstrip("\r\n").partition(" ")
            if not self.obey(verb.upper(), rest):
                return

    def obey(self, verb: str, rest: str) -> bool:
        """Answer one line; False ends the session."""
        if verb in ORDER and ORDER[verb] not in self.said:
            self.complain(f"{verb} before {ORDER[verb]}")
            self.answer(503, "bad sequence")
            return True
        scripted = self.server.script.get(verb)
        wanted = scripted.pop(0) if scripted else None
        if wanted == "silence":
            self.server.released.wait(250)
            return False
        if wanted == "hang up":
            return False
        if wanted is not None:
            self.answer(int(wanted), "as asked")
            return int(wanted) != 421
        return self.take(verb, rest)

    def take(self, verb: str, rest: str) -> bool:
        if verb in {"EHLO", "HELO"}:
            self.said = {"EHLO"}
            self.answer(250, "fake")
        elif verb in {"MAIL", "RCPT"}:
            path = PATH.fullmatch(rest)
            if path is None:
                self.complain(f"{verb} without an address")
                self.answer(501, "no address")
                return True
            self.said.add(verb)
            self.sender = path[1] if verb == "MAIL" else self.sender
            self.to = [] if verb == "MAIL" else [*self.to, path[1]]
            self.answer(250, "ok")
        elif verb == "DATA":
            self.data()
        elif verb == "RSET":
            self.said &= {"EHLO"}
            self.answer(250, "ok")
        elif verb == "QUIT":
            self.answer(221, "bye")
            return False
        else:
            self.complain(f"unknown verb {verb}")
            self.answer(500, "what?")
        return True

    def data(self) -> None:
        self.answer(354, "go on")
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            if not line.endswith(b"\r\n") or b"\n" in line[:-2]:
                self.complain("a bare line feed in the mail")
            if len(line) > LONGEST_LINE + 2:
                self.complain("a line longer than 998")
            lines.append(line[1:] if line.startswith(b".") else line)
        message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        for header in ("From", "To", "Subject", "Date", "Message-ID"):
            if len(message.get_all(header, [])) != 1:
                self.complain(f"not one header {header}")
        self.server.mails.append(Received(self.sender, self.to, message))  # type: ignore[arg-type]
        self.said &= {"EHLO"}
        self.answer(250, "taken")

    def answer(self, code: int, words: str) -> None:
        self.wfile.write(f"{code} {words}\r\n".encode())

    def complain(self, what: str) -> None:
        self.server.complaints.append(what)
