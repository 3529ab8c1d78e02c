"""The guide's smoke tests against a running deployment: start with cases.py."""
