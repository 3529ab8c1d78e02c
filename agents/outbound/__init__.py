"""Messages to customers: stored by `outbox`, taken by `next_to_send`, sent by `sending`."""
