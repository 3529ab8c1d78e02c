"""Fixed texts, language detection, lexicons and text normalisation. Start at
`detection.py` for the language of a reply, at `texts` for what it says.
"""
