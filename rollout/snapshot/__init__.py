"""The in-process copy of all flags, and the threads that refresh it.

Start reading at ``flag_snapshot.py``.
"""
