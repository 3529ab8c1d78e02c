"""The dashboard of the rollout, the first page of the admin. Start with data.py."""
