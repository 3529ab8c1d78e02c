"""Runs of pre-flight, smoke tests and probes."""
