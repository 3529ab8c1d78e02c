"""Daily and weekly reports, and post-mortems. Start with reports.py."""
