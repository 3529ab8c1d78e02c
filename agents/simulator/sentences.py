"""The page on which a speaker of the language tries sentences and corrects readings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext

from agents.content import in_force
from agents.core.code_redaction import replace_codes
from agents.models import TaughtSentence
from agents.offline import teaching
from agents.simulator.access import SimulatorView
from agents.tools.explanation import ROLES, explain

if TYPE_CHECKING:
    from django.http import HttpRequest

MOST_LINES = 200
SHOWN = 100
LONGEST_LINE = 1_000


class Sentences(SimulatorView):
    """Try sentences, one a line, and see intent, slots, outcome and reply."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, "", "customer")

    def post(self, request: HttpRequest) -> HttpResponse:
        role = request.POST.get("role", "")
        return self._page(
            request, request.POST.get("sentences", ""), role if role in ROLES else ""
        )

    def _page(self, request: HttpRequest, text: str, role: str) -> HttpResponse:
        lines = [line.strip()[:LONGEST_LINE] for line in text.split("\n")]
        tried = [line for line in lines if line][:MOST_LINES]
        content = in_force.tried()
        context: dict[str, Any] = {
            "role": role or "customer",
            "roles": ROLES,
            "text": text,
            "results": [
                explain(line, role=role or "customer", content=content)
                for line in tried
            ],
            "intents": teaching.intents(),
            "languages": teaching.LANGUAGES,
            "taught": TaughtSentence.objects.select_related("added_by")[:SHOWN],
            "count": TaughtSentence.objects.count(),
            "note": request.GET.get("note", "") in {"added", "known"}
            and request.GET["note"],
        }
        return render(request, "simulator/sentences.html", context)


class Teach(SimulatorView):
    """Add one sentence with its right reading to the operator's list."""

    def post(self, request: HttpRequest) -> HttpResponse:
        intent = request.POST.get("intent", "")
        language = request.POST.get("language", "")
        (redacted,), _ = replace_codes([request.POST.get("text", "")], newest=0)
        text = teaching.with_slots(redacted[:LONGEST_LINE])
        is_known = intent in teaching.intents() and language in teaching.LANGUAGES
        if not text or not is_known:
            return HttpResponse(gettext("Choose a reading and a language."), status=400)
        assert request.user.is_authenticated
        with transaction.atomic():
            _, added = TaughtSentence.objects.update_or_create(
                text=text,
                defaults={
                    "intent": intent,
                    "language": language,
                    "added_by": request.user,
                },
            )
        note = "added" if added else "known"
        return redirect(f"{reverse('simulator:sentences')}?note={note}")


class Export(SimulatorView):
    """Download the list in the format of the training files."""

    def get(self, request: HttpRequest) -> HttpResponse:
        lines = [f"{one}\n" for one in TaughtSentence.objects.order_by("id")]
        answer = HttpResponse("".join(lines), content_type="text/plain; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="operator.txt"'
        return answer
