"""The shell of the admin: read-only pages, actions with a reason, groups. See actions.py."""
