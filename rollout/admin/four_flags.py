"""All four features on one form: the audience of each, with one reason, in one change."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from easymo.backoffice import reauthentication
from easymo.backoffice.pages import actor_of
from easymo.backoffice.reason import MAX_REASON, InvalidReason, clean_reason
from rollout import locks
from rollout.core.change_reason import ChangeReason
from rollout.core.errors import InvalidChange, RolloutError
from rollout.core.features import Feature
from rollout.flags import acknowledgements, flags
from rollout.flags.flags import OFF, WantedAudience
from rollout.models import Cohort, Epoch, FlagChange
from rollout.plan import plan as plans
from rollout.plan import resume_requirements
from rollout.restore import actions, before
from rollout.stages import stages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.contrib.admin import AdminSite
    from django.http import HttpRequest, HttpResponse

    from rollout.flags.flags import FlagsChanged

SERVES = (
    ("off", gettext_lazy("no one")),
    ("everyone", gettext_lazy("everyone")),
    ("some", gettext_lazy("a percentage or cohorts")),
)


@dataclass(frozen=True, slots=True)
class Group:
    """The fields of one feature."""

    feature: Feature
    serves: forms.BoundField
    percent: forms.BoundField
    cohorts: forms.BoundField
    is_forced_off: bool

    @property
    def errors(self) -> list[str]:
        fields = (self.serves, self.percent, self.cohorts)
        return [str(error) for field in fields for error in field.errors]


class FourFlagsForm(forms.Form):
    """The audience of each of the four features. It names the state that was shown."""

    epoch = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=MAX_REASON,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        shown: Mapping[Feature, WantedAudience],
        epoch: int,
    ) -> None:
        super().__init__(data, label_suffix="", initial={"epoch": epoch})
        names = list(Cohort.objects.order_by("name").values_list("name", flat=True))
        for feature in Feature:
            for name, field in _fields(shown[feature], names).items():
                self.fields[f"{feature.name.lower()}_{name}"] = field

    @property
    def groups(self) -> Iterator[Group]:
        for feature in Feature:
            name = feature.name.lower()
            yield Group(
                feature,
                self[f"{name}_serves"],
                self[f"{name}_percent"],
                self[f"{name}_cohorts"],
                feature in settings.FEATURES_FORCED_OFF,
            )

    def clean_reason(self) -> str:
        """Apply the rules of a reason."""
        try:
            return clean_reason(self.cleaned_data["reason"])
        except InvalidReason as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        """Require a limit where a feature is limited."""
        cleaned = super().clean() or self.cleaned_data
        for feature in Feature:
            name = feature.name.lower()
            if cleaned.get(f"{name}_serves") != "some":
                continue
            has_error = f"{name}_percent" in self.errors
            if not has_error and not (
                cleaned.get(f"{name}_percent") or cleaned.get(f"{name}_cohorts")
            ):
                self.add_error(
                    f"{name}_percent", _("Give a percentage, a cohort, or both.")
                )
        return cleaned

    def wanted(self) -> dict[Feature, WantedAudience]:
        """Return what the valid form asks for."""
        return {feature: self._wanted(feature.name.lower()) for feature in Feature}

    def _wanted(self, name: str) -> WantedAudience:
        data = self.cleaned_data
        match data[f"{name}_serves"]:
            case "off":
                return OFF
            case "everyone":
                return WantedAudience(True)
        cohorts = tuple(data[f"{name}_cohorts"])
        return WantedAudience(True, data[f"{name}_percent"], cohorts)


class OverrideForm(FourFlagsForm):
    override = forms.BooleanField(
        required=False,
        label=gettext_lazy("Turn on without the resume requirements"),
        help_text=gettext_lazy(
            "The override is recorded and the people on call are notified."
        ),
    )


def _fields(shown: WantedAudience, cohorts: list[str]) -> dict[str, forms.Field]:
    serves = "some" if shown.is_limited else "everyone" if shown.on else "off"
    percent = shown.percent
    return {
        "serves": forms.ChoiceField(
            label=gettext_lazy("serves"), choices=SERVES, initial=serves
        ),
        "percent": forms.DecimalField(
            label=gettext_lazy("Percentage"),
            required=False,
            min_value=Decimal("0.01"),
            max_value=100,
            decimal_places=2,
            initial=None if percent is None else f"{Decimal(percent).normalize():f}",
            widget=forms.NumberInput(attrs={"step": "any"}),
        ),
        "cohorts": forms.MultipleChoiceField(
            label=gettext_lazy("Cohorts"),
            required=False,
            choices=[(name, name) for name in cohorts],
            initial=list(shown.cohorts),
            widget=forms.CheckboxSelectMultiple,
        ),
    }


def current_epoch() -> int:
    return Epoch.objects.values_list("version", flat=True).get(pk=1)


def page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Show the form with the present audiences; a POST changes them."""
    is_down = plans.current().state in plans.DOWN
    if plans.is_restoring() and (answer := reauthentication.ask(request)):
        return answer
    # Read before the audiences: a change in between refuses the form.
    epoch = current_epoch()
    form = (OverrideForm if is_down else FourFlagsForm)(
        request.POST if request.method == "POST" else None,
        shown=before.current_audiences(),
        epoch=epoch,
    )
    if entered := reauthentication.kept(request):
        again = reauthentication.restored(form.fields, entered)
        form.initial = {**form.initial, **again}
    if form.is_bound and form.is_valid():
        try:
            changed = _change(request, form)
        except RolloutError as error:
            add_refusal(form, error)
        else:
            messages.success(request, changed_words(request, changed))
            return redirect("admin:rollout_agentflag_changelist")
    context = {
        **site.each_context(request),
        "title": _("All four features"),
        "form": form,
        "is_down": is_down,
        "missing": resume_requirements.unmet(
            resume_requirements.requirements_to_turn_on()
        )
        if is_down
        else [],
        "restore": reverse("restore"),
        "back": reverse("admin:rollout_agentflag_changelist"),
    }
    return TemplateResponse(request, "admin/rollout/four_flags.html", context)


def _change(request: HttpRequest, form: FourFlagsForm) -> FlagsChanged:
    changes = actions.changes_of(form.wanted())
    if not changes:
        raise InvalidChange(_("The features serve these people already."))
    data = form.cleaned_data
    return flags.set_audiences(
        changes,
        cause=ChangeReason(
            actor_of(request),
            data["reason"],
            FlagChange.Source.ADMIN,
            bool(data.get("override")),
        ),
        seen_epoch=data["epoch"],
    )


def add_refusal(form: forms.Form, error: RolloutError) -> None:
    """Show a refusal on the form, with each unmet requirement."""
    for sentence in (str(error), *getattr(error, "unmet", ())):
        form.add_error(None, str(sentence))


def changed_words(request: HttpRequest, changed: FlagsChanged) -> str:
    """Return what was changed; warn where it is wider than the stage."""
    for warning in stages.exposure_warnings():
        messages.warning(request, warning)
    proof = "" if changed.fence_proven else f" {locks.FENCE_NOT_PROVEN}"
    receipt = acknowledgements.await_acknowledgement(changed.epoch)
    labels = ", ".join(
        Feature(each.flag.name).label for each in changed.changes if each.flag
    )
    return _("%(features)s changed: %(receipt)s.%(proof)s") % {
        "features": labels,
        "receipt": receipt,
        "proof": proof,
    }
