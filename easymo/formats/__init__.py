"""Formats of dates and times on English pages."""
