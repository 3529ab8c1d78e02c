"""The rollout commands and what they share."""
