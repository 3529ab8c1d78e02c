"""Import profiles and vouchers of the earlier system."""
