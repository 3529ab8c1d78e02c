"""Metrics, retention, erasure, pre-flight lines and other work for operators."""
