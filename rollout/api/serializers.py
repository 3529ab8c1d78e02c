from __future__ import annotations

from typing import Any

from rest_framework import serializers

from rollout.core.features import Feature
from rollout.models import RollbackEvent

KINDS = ", ".join(RollbackEvent.Kind.values)


class FeatureField(serializers.ChoiceField):
    """A feature by its name, small or large, as the commands take it."""

    def __init__(self, **options: Any) -> None:
        known = ", ".join(Feature)
        super().__init__(
            choices=[each.value for each in Feature],
            error_messages={"invalid_choice": f"There are {known}, not {{input}}."},
            **options,
        )

    def to_internal_value(self, data: Any) -> Any:
        """Take it as large letters."""
        return super().to_internal_value(
            data.strip().upper() if isinstance(data, str) else data
        )


class RollbackSerializer(serializers.Serializer[Any]):
    """Which rollback and why; the shape only, the service holds the rules."""

    kind = serializers.ChoiceField(
        choices=RollbackEvent.Kind.choices,
        error_messages={"invalid_choice": f"There are {KINDS}, not {{input}}."},
    )
    features = serializers.ListField(
        child=FeatureField(),
        required=False,
        max_length=len(Feature),
        help_text="Of a partial rollback: what goes off. Empty for every other kind.",
    )
    reason = serializers.CharField(max_length=500, help_text="Kept in the audit log.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Only a partial rollback names features, and it names one at least."""
        is_partial = attrs["kind"] == RollbackEvent.Kind.PARTIAL
        if is_partial and not attrs.get("features"):
            raise serializers.ValidationError({"features": "Name one at least."})
        if not is_partial and attrs.get("features"):
            raise serializers.ValidationError(
                {"features": "Only a partial rollback names features."}
            )
        return attrs
