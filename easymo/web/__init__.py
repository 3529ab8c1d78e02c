"""The web server: from the connection to Django's WSGI variables. Start with ``edge.py``."""
