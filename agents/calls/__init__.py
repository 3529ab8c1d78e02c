"""A phone call from the webhook to its end.

Start with `job`: it decides, accepts, runs the session and finishes. `CallRef` is what
the parts of a running call pass to each other.
"""
