"""Meta's wire formats: `payload` reads webhooks, `graph_client` sends messages."""
