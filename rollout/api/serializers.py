from __future__ import annotations

from typing import Any

from rest_framework import serializers

from rollout.core.features import Feature
from rollout.models import RollbackEvent

KINDS = ", ".join(RollbackEvent.Kind.values)


class FeatureField(serializers.ChoiceField):
    """A feature by its name, in any case."""

    def __init__(self, **options: Any) -> None:
        known = ", ".join(Feature)
        super().__init__(
            choices=[each.value for each in Feature],
            error_messages={"invalid_choice": f"There are {known}, not {{input}}."},
            **options,
        )

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value(
            data.strip().upper() if isinstance(data, str) else data
        )


class RollbackSerializer(serializers.Serializer[Any]):
    """The kind, the features and the reason; the service checks the rules."""

    kind = serializers.ChoiceField(
        choices=RollbackEvent.Kind.choices,
        error_messages={"invalid_choice": f"There are {KINDS}, not {{input}}."},
    )
    features = serializers.ListField(
        child=FeatureField(),
        required=False,
        max_length=len(Feature),
        help_text="The features that a partial rollback turns off. Empty for other kinds.",
    )
    reason = serializers.CharField(max_length=500, help_text="Kept in the audit log.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        is_partial = attrs["kind"] == RollbackEvent.Kind.PARTIAL
        if is_partial and not attrs.get("features"):
            raise serializers.ValidationError({"features": "Name at least one."})
        if not is_partial and attrs.get("features"):
            raise serializers.ValidationError(
                {"features": "Only a partial rollback names features."}
            )
        return attrs
