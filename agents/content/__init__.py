"""The operator's content: instructions, opening hours and answers, in versions.

Start reading at ``document.py``.
"""
