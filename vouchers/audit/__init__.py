"""Signed checkpoints over all vouchers, their verification, and exports with a proof."""
