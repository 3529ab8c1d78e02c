"""The page on which station staff redeem vouchers: start with ``views.py``."""
