"""No tables: Django sends post_migrate to apps with models only."""

from __future__ import annotations
