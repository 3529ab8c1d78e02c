"""A phone call, from its webhook to its end."""
