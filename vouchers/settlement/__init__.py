"""Settlement with stations: start with ``figures.py``; files of it in ``files.py``."""
