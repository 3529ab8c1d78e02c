"""A worker process of our own: started, stopped and killed like a real one.

with Worker(database_url=committed_db, openai=openai, graph=graph) as worker:
    worker.kill()       # kill -9
    worker.start()      # and another one
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from tests.fakes.graph import FakeGraph
    from tests.fakes.openai import FakeOpenAI

ROOT = Path(__file__).resolve().parents[1]


class Worker:
    def __init__(
        self,
        *,
        database_url: str,
        graph: FakeGraph,
        openai: FakeOpenAI | None = None,
        command: tuple[str, ...] = ("manage.py", "procrastinate", "worker"),
        **settings: str,
    ) -> None:
        self.command = command
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "easymo.settings",
            "DATABASE_URL": database_url,
            "WHATSAPP_API_URL": graph.url,
            "WA_TOKEN": graph.token,
            "WA_PHONE_ID": graph.phone_number_id,
            "WA_APP_SECRET": "first-secret",
            **settings,
        }
        if openai is not None:
            self.environment |= {
                "OPENAI_BASE_URL": openai.base_url,
                "OPENAI_API_KEY": openai.api_key,
                "OPENAI_RESPONSES_MODEL": "gpt-5-mini",
            }
        self.log = Path(tempfile.mkdtemp(prefix="worker-")) / "log"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.kill()
        self.log.unlink(missing_ok=True)
        self.log.parent.rmdir()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.command],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """Kill -9: nothing of it is given back."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(90)
            self.process = None

    def stop(
        self, *, seconds: float = 90.0, told_by: signal.Signals = signal.SIGTERM
    ) -> int:
        """Ask it to stop, as Ctrl-C and a deploy do; return its exit code."""
        assert self.process is not None
        self.process.send_signal(told_by)
        code = self.process.wait(seconds)
        self.process = None
        return code

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def lines(self) -> str:
        return self.log.read_text(encoding="utf-8")
