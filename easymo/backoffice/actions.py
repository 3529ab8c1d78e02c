"""Declare an admin action: who may run it, the form of its page, what it does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.enums import ActionVariant

from easymo.backoffice import reauthentication
from easymo.backoffice.pages import actor_of
from easymo.backoffice.reason import ReasonForm, ask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from django import forms
    from django.http import HttpRequest
    from django_stubs_ext import StrPromise

    from easymo.backoffice.pages import ReadOnlyAdmin

# A text that is marked for translation is written out when it is shown.
type Words = str | StrPromise
type Text = Words | Callable[[ActionCall[Any]], Words]


@dataclass(frozen=True, kw_only=True)
class ActionCall[Row]:
    """One request to an action's page; ``data`` is empty until the form is valid."""

    page: ReadOnlyAdmin
    request: HttpRequest
    # None for an action of the list.
    row: Row
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def actor(self) -> str:
        """Return the name that the change is recorded under."""
        return actor_of(self.request)

    @property
    def reason(self) -> str:
        """Return the reason that the user gave."""
        return str(self.data["reason"])

    @property
    def key(self) -> str:
        """Return the key of the form: the same when it is sent twice."""
        return str(self.data["key"])

    def log_change(self, row: Any, message: str) -> None:
        """Write the change into the history of the object."""
        self.page.log_change(self.request, row, message)


NOT_NOW = _("The state of the object does not allow it, or no longer.")


def filled(*sentences: Words) -> list[Words]:
    """Return the sentences that are not empty."""
    return [sentence for sentence in sentences if sentence]


def page_url(row: Any) -> str:
    """Return the address of an object's own page."""
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])


def list_url(call: ActionCall[Any]) -> str:
    """Return the address of the list that the action belongs to."""
    meta = call.page.model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")


@dataclass(frozen=True, kw_only=True)
class FormAction:
    """A button, the page that it opens, and the function behind the form.

    The function takes an ``ActionCall``, calls a service and returns the message
    that is shown afterwards, or a page of its own. A refusal is shown on the form.
    """

    run: Callable[[Any, ActionCall[Any]], str | HttpResponse]
    description: Words
    path: str
    icon: str
    # "app.codename"
    permission: str
    form: type[forms.Form] = ReasonForm
    initial: Callable[[ActionCall[Any]], dict[str, Any]] | None = None
    title: Text | None = None
    explanation: Text = ""
    submit: Words | None = None
    # The objects, shown as a list of what will change.
    subjects: Callable[[ActionCall[Any]], Sequence[Any]] | None = None
    # What is shown above the form, as HTML of a template.
    shows: Callable[[ActionCall[Any]], str] | None = None
    is_dangerous: bool = False
    # Whether the action makes sense now: for this user, and for the object's state.
    offered: Callable[[ActionCall[Any]], bool] | None = None
    # Why the action would be refused now, in sentences: the page then has no form.
    unmet: Callable[[ActionCall[Any]], Sequence[Words]] | None = None
    # Whether the user must have proved recently who they are.
    asks_who: bool | Callable[[ActionCall[Any]], bool] = False
    # Where to go afterwards: by default the object's page, else the list.
    back: Callable[[ActionCall[Any]], str] | None = None

    def __set_name__(self, owner: type, name: str) -> None:
        """Give the admin class the view and the permission that Unfold asks for."""

        def view(
            page: ReadOnlyAdmin, request: HttpRequest, object_id: str | None = None
        ) -> HttpResponse:
            return self._answer(page, request, object_id)

        def is_allowed(
            page: ReadOnlyAdmin, request: HttpRequest, object_id: str | None = None
        ) -> bool:
            return self._is_allowed(page, request, object_id)

        view.__name__ = name
        button = action(
            description=self.description,
            url_path=self.path,
            icon=self.icon,
            permissions=[name],
            variant=ActionVariant.DANGER if self.is_dangerous else None,
        )
        setattr(owner, name, button(view))
        setattr(owner, f"has_{name}_permission", is_allowed)

    def _is_allowed(
        self, page: ReadOnlyAdmin, request: HttpRequest, object_id: str | None
    ) -> bool:
        if not request.user.has_perm(self.permission):
            return False
        if self.offered is None or request.path.endswith(f"/{self.path}/"):
            # Its own page says why it is not possible now.
            return True
        row = None
        if (
            object_id is not None
            and (row := page.get_object(request, object_id)) is None
        ):
            return True
        return self.offered(ActionCall[Any](page=page, request=request, row=row))

    def _answer(
        self, page: ReadOnlyAdmin, request: HttpRequest, object_id: str | None
    ) -> HttpResponse:
        row = None if object_id is None else page.get_object(request, object_id)
        if object_id is not None and row is None:
            raise Http404
        call = ActionCall[Any](page=page, request=request, row=row)
        if self._asks(call) and (answer := reauthentication.ask(request)):
            return answer
        initial = self._initial(call)
        form = self.form(request.POST or None, label_suffix="", initial=initial)
        back = self._back(call)
        refused: list[str] = []
        if request.method == "POST" and form.is_valid():
            data = form.cleaned_data
            done = ActionCall[Any](page=page, request=request, row=row, data=data)
            try:
                result = self.run(page, done)
            except page.refusals as error:
                refused = page.refusal_sentences(error)
            else:
                if isinstance(result, HttpResponse):
                    return result
                messages.success(request, result)
                return redirect(back)
        unmet = self._unmet(call, refused)
        for sentence in () if unmet else refused:
            form.add_error(None, sentence)
        return ask(
            request=request,
            site=page.admin_site,
            form=form,
            title=self._title(call),
            explanation=_text(self.explanation, call) or "",
            submit=self.submit or self.description,
            subjects=self.subjects(call) if self.subjects else (),
            unmet=unmet,
            shown=self.shows(call) if self.shows else "",
            is_dangerous=self.is_dangerous,
            back=back,
        )

    def _title(self, call: ActionCall[Any]) -> Words:
        if (title := _text(self.title, call)) is not None:
            return title
        is_of_list = call.row is None
        return self.description if is_of_list else f"{self.description}: {call.row}"

    def _asks(self, call: ActionCall[Any]) -> bool:
        return self.asks_who(call) if callable(self.asks_who) else self.asks_who

    def _initial(self, call: ActionCall[Any]) -> dict[str, Any]:
        """Return the first values: those that a question interrupted come again."""
        initial = self.initial(call) if self.initial else {}
        entered = reauthentication.kept(call.request) if self._asks(call) else {}
        if entered:
            initial = {
                **initial,
                **reauthentication.restored(self.form.base_fields, entered),
            }
        return initial

    def _unmet(self, call: ActionCall[Any], refused: Sequence[str]) -> Sequence[Words]:
        """Return why no form is shown: what the service said, else what is known."""
        known = self.unmet(call) if self.unmet else ()
        if self.offered is not None and not self.offered(call):
            return refused or known or [NOT_NOW]
        return known and (refused or known)

    def _back(self, call: ActionCall[Any]) -> str:
        if self.back is not None:
            return self.back(call)
        return list_url(call) if call.row is None else page_url(call.row)


def form_action(
    description: Words, **declared: Any
) -> Callable[[Callable[[Any, ActionCall[Any]], str | HttpResponse]], Any]:
    """Make a method of an admin class the effect of a ``FormAction``."""

    def decorate(run: Callable[[Any, ActionCall[Any]], str | HttpResponse]) -> Any:
        return FormAction(run=run, description=description, **declared)

    return decorate


def _text(text: Text | None, call: ActionCall[Any]) -> Words | None:
    return text(call) if callable(text) else text
