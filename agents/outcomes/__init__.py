"""Finished conversations as evidence: result, latency, cost and satisfaction.

Start with `recording`; `outcome` holds the rules.
"""
