"""One file for each operation: start with ``redeem.py``, which ``transition.py`` performs."""
