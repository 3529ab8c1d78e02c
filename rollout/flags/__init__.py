"""Flags, cohorts and who is served: changes, checks and acknowledgements.

Start reading at ``flags.py`` for a change and ``exposure.py`` for a check.
"""
