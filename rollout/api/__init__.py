"""The HTTP API of the rollout: status and rollback. Start with views.py."""
