"""What all of rollout uses: clock, errors, features, formatting, jobs and ports."""
