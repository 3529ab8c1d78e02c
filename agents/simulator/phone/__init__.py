"""A telephone in the browser, played by sandbox people.

`exchange.py` holds the calls in a server of this web process, which the worker reaches as
it reaches OpenAI. `client.py` is how the page acts on a call, from any web process.
"""
