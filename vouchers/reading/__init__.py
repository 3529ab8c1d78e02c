"""Read codes and telephone numbers in text, in any spelling. Pure.

Both directions use it: messages that arrive, and texts of the model before they are
sent.
"""
