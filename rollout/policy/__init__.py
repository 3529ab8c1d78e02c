"""Pure functions: statistics, detectors, verdicts, decisions and gates.

Start reading at ``decision_matrix.py`` for guardrails and ``gates.py`` for stages.
"""
