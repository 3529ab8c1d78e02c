"""`VoiceProvider` over OpenAI Realtime and SIP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.conf import settings

from agents.core.clock import Clock, MonotonicClock
from agents.realtime import sideband
from agents.realtime.rest import CallsClient
from agents.realtime.session import SessionSpec, accept_payload

if TYPE_CHECKING:
    from agents.realtime.provider import VoiceLink


@dataclass(frozen=True)
class OpenAIRealtime:
    api_key: str = field(repr=False)
    base_url: str = "https://api.openai.com/v1"
    clock: Clock = field(default_factory=MonotonicClock)

    @property
    def calls(self) -> CallsClient:
        return CallsClient(self.api_key, self.base_url, self.clock)

    async def warm(self) -> None:
        await self.calls.warm()

    async def accept(self, call_id: str, spec: SessionSpec) -> None:
        await self.calls.accept(call_id, accept_payload(spec))

    async def reject(self, call_id: str, status: int) -> None:
        await self.calls.reject(call_id, status)

    async def attach(
        self,
        call_id: str,
        *,
        patience: float = sideband.ATTACH_SECONDS,
        had_session: bool = False,
    ) -> VoiceLink:
        return await sideband.attach(
            call_id,
            api_key=self.api_key,
            base_url=self.base_url,
            clock=self.clock,
            patience=patience,
            had_session=had_session,
        )

    async def transfer(self, call_id: str, target: str) -> None:
        await self.calls.refer(call_id, target)

    async def hang_up(self, call_id: str) -> None:
        await self.calls.hang_up(call_id)


def load() -> None:
    """Import what the first call of a process would wait for."""
    import websockets.asyncio.client  # noqa: F401, PLC0415


def configured() -> OpenAIRealtime | None:
    """Return the provider of the settings, or None without a key."""
    if not settings.OPENAI_API_KEY:
        return None
    return OpenAIRealtime(settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL)
