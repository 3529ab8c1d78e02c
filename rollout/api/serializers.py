from __future__ import annotations

from typing import Any

from rest_framework import serializers

from rollout.features import Feature
from rollout.models import RollbackEvent


class RollbackSerializer(serializers.Serializer[Any]):
    """Which rollback and why; the shape only, the service holds the rules."""

    kind = serializers.ChoiceField(choices=RollbackEvent.Kind.choices)
    features = serializers.ListField(
        child=serializers.ChoiceField(choices=[each.value for each in Feature]),
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
