"""Where copies of the signed checkpoints over all vouchers go."""

from __future__ import annotations

from easymo.settings.environment import env_str
from easymo.settings.mail import read_addresses

AUDIT_CHECKPOINT_DIR = env_str("AUDIT_CHECKPOINT_DIR")
AUDIT_CHECKPOINT_EMAILS = read_addresses("AUDIT_CHECKPOINT_EMAILS")
