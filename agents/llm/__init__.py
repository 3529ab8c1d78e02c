"""The language model: interface (`model.py`), agent loop (`loop.py`), OpenAI client and
output checks. Start at `loop.py`.
"""
