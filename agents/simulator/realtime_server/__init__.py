"""A local server that speaks the format of OpenAI Realtime over SIP.

The simulator's phone calls through it, and the tests script it. It refuses what OpenAI
refuses. What OpenAI accepts although it harms the call is recorded.
"""
