"""Access to PostgreSQL: start with ``units`` (work in threads) and ``statements``."""
