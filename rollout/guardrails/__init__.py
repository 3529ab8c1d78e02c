"""The evaluator of the guardrails, which runs each minute.

Start reading at ``evaluate.py``.
"""
