"""The function API for other programs. Start reading at `views.py`: it runs the checks
in the contract's order, then `calls.py` runs one of `functions.py`.
"""
