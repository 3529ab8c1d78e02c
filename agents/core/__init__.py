"""Errors, row locks, job enqueueing, tasks for colleagues and code redaction."""
