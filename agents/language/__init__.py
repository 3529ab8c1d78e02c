"""Fixed texts, language detection, lexicons and text normalisation. Start at
`choice.py` for the language of a text to a person, at `texts` for what it says.
"""
