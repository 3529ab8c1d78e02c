"""Stages and their gates, waivers, and rollbacks.

Start reading at ``stages.py`` and ``rollback.py``.
"""
