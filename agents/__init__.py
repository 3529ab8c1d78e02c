"""The agent: WhatsApp, phone, function API. Start with ``inbound``, ``turns`` and ``calls``."""
