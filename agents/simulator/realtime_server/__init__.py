"""A local server that speaks the format of OpenAI Realtime over SIP.

The simulator's phone calls through it, and the tests script it. It refuses what OpenAI
refuses, and keeps what OpenAI would take and the caller would suffer from.
"""
