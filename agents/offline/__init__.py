"""The model that needs no network. Start at `model.py`; `grammar.py` understands a text,
`dialogue.py` decides what to answer.
"""
