"""Messages that a customer did not ask for: voucher notifications and broadcasts.

Start with `voucher_events`, which reads what changed, or with `broadcasts`.
"""
