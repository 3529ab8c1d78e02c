from __future__ import annotations

from tests.agents.tools.conftest import cast

__all__ = ["cast"]
