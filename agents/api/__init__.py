"""The function API for other programs. Start reading at `views.py`: it runs the checks
in their fixed order, then `calls.py` runs one of `functions.py`.
"""
