"""Rollout control: flags, cohorts, stages, guardrails, rollbacks and incidents.

Start reading at ``stages/rollback.py`` and ``guardrails/evaluate.py``.
"""
