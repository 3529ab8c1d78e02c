"""WhatsApp in the browser, played by sandbox people: start with views.py."""
