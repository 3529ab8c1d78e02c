"""What `make run` and the tests start: embedded PostgreSQL, the processes. See supervisor.py."""
