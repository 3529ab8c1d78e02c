"""The steps back into service after a rollback: start with steps.py."""
