"""The plan of the rollout: its changes, and the requirements to resume.

Start reading at ``plan.py``.
"""
