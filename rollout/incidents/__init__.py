"""Incidents: opening, status, severity, lessons and action items."""
