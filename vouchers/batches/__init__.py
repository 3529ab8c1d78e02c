"""Vouchers issued from a spreadsheet: ``reading.py``, then ``checking.py``, ``issuing.py``."""
