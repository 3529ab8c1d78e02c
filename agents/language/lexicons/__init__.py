"""The words of each language, as data; `vocabulary.py` combines them."""
