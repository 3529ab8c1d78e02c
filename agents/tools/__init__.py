"""The tools that the model may call. Start at `registry.py`, which runs every call
under the rules of `authority.py`.
"""
