"""Metrics, pre-flight lines, system checks, and the report of a silent evaluator."""
