"""The base of the product: settings, database access, observability, web server, back office."""
