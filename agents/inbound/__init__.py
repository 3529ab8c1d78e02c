"""WhatsApp webhooks: from the signed delivery to stored messages and queued turns.

Start with `endpoint` (a delivery is stored) and `process_events` (it is processed).
"""
