"""Recorded conversations, their figures, leaks and the newest verdicts.

Start reading at ``observations.py``.
"""
