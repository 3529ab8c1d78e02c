"""Send errors to Sentry when a DSN is set, after scrubbing."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import sentry_sdk
from django.conf import settings
from sentry_sdk.integrations.django import DjangoIntegration

from easymo.observability import leaks
from easymo.observability.failures import message_of
from easymo.observability.fields import plain, scrub_text, scrubbed

if TYPE_CHECKING:
    from sentry_sdk.integrations import Integration
    from sentry_sdk.types import Event, Hint, Log, Metric

# Command lines contain names and numbers; prompts and answers are customers' words.
_UNWANTED = (
    ("sentry_sdk.integrations.argv", "ArgvIntegration"),
    ("sentry_sdk.integrations.openai", "OpenAIIntegration"),
)
# Built from user input: masked by field name as well.
_KEYED = frozenset({"extra", "tags", "breadcrumbs", "data", "attributes", "params"})


def start() -> None:
    """Start the client when ``SENTRY_DSN`` is set."""
    if not settings.SENTRY_DSN:
        return
    sentry_sdk.init(dsn=settings.SENTRY_DSN, **options())


def options() -> dict[str, Any]:
    """Return the client's options: what it leaves out and what it scrubs.

    Breadcrumbs are scrubbed with the event that contains them: there is one per query,
    and nearly all are discarded.
    """
    return {
        # send_default_pii stays unset, which means False; setting it is deprecated.
        "include_local_variables": False,
        "include_source_context": False,
        "max_request_body_size": "never",
        "before_send": _scrub_event,
        "before_send_transaction": _scrub_event,
        "before_send_log": _scrub_log,
        "before_send_metric": _scrub_metric,
        # Nothing is traced: the spans of signals would be made and thrown away.
        "integrations": [DjangoIntegration(signals_spans=False)],
        "disabled_integrations": list(_unwanted()),
    }


def _unwanted() -> list[Integration | type[Integration]]:
    found: list[Integration | type[Integration]] = []
    for module, name in _UNWANTED:
        try:
            found.append(getattr(import_module(module), name))
        except Exception:  # noqa: BLE001, S112 - sentry's own word for "not installed"
            continue
    return found


def _scrub_event(event: Event, hint: Hint) -> Event:
    told = _messages(hint)
    raw = cast("dict[str, Any]", event)
    for value in (raw.get("exception") or {}).get("values") or []:
        value["value"] = told.get(value.get("type"), value.get("value"))
    raw.pop("user", None)
    if request := raw.pop("request", None):
        raw["request"] = {
            "method": request.get("method"),
            "url": str(request.get("url", "")).partition("?")[0],
        }
    return cast("Event", _guarded(raw))


def _scrub_log(log: Log, _: Hint) -> Log:
    return cast("Log", _guarded(log))


def _scrub_metric(metric: Metric, _: Hint) -> Metric:
    return cast("Metric", _guarded(metric))


def _messages(hint: Hint) -> dict[str | None, str]:
    """Return the safe messages of the exception and its causes, by type name."""
    told: dict[str | None, str] = {}
    error = (hint.get("exc_info") or (None, None, None))[1]
    while error is not None and len(told) < 20:
        told.setdefault(type(error).__name__, message_of(error))
        error = error.__cause__ or error.__context__
    return told


def _guarded(value: Any) -> Any:
    return leaks.guard_tree(_scrub(value), leaks.SENTRY)


def _scrub(value: Any) -> Any:
    """Scrub every text; user input also by field name."""
    if isinstance(value, str):
        return scrub_text(value)
    if isinstance(value, dict):
        return {
            key: scrubbed(plain(item)) if key in _KEYED else _scrub(item)
            for key, item in value.items()
            if key != "vars"
        }
    if isinstance(value, list | tuple):
        return [_scrub(item) for item in value]
    return value
