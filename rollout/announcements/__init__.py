"""Announcements to groups of people. Start with announcements.py."""
