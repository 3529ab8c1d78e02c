"""Notices to the team over Slack and e-mail. Start with notices.py."""
