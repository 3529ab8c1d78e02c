from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.http import HttpRequest


class ExposureRights:
    """Who may press the buttons.

    Methods, because unfold looks a permission with a dot up in the database while
    the checks run, and before the first migrate there is no table.
    """

    def has_change_exposure_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        """Turn features on and off, and change who is in a cohort."""
        return request.user.has_perm("rollout.change_exposure")

    def has_rollback_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        """Turn everything off."""
        return request.user.has_perm("rollout.rollback")

    def has_move_stage_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        """Move the stage, hold, release, resume, and ask for waivers."""
        return request.user.has_perm("rollout.move_stage")

    def has_approve_waiver_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        """Agree to what somebody else asked for."""
        return request.user.has_perm("rollout.approve_waiver")

    def has_send_announcement_permission(
        self, request: HttpRequest, object_id: str | None = None
    ) -> bool:
        """Draft, approve and send announcements."""
        return request.user.has_perm("rollout.send_announcement")
