"""What only the pre-flight and the smoke tests ask for."""

from __future__ import annotations

from easymo.settings.base import VAR
from easymo.settings.environment import SettingError, env_secret, env_str, env_url

# What this build is called; unset: its version and a fingerprint of its files.
RELEASE = env_str("RELEASE")
if RELEASE and not (RELEASE.isascii() and RELEASE.isprintable() and len(RELEASE) <= 80):
    raise SettingError("RELEASE must be at most 80 visible ASCII characters.")
# What `make check` wrote at its end.
CHECK_RECORD = env_str("CHECK_RECORD", str(VAR / "checked.json"))
# Where the minute's probe goes; unset: through the worker's own copy of the site.
PROBE_URL = env_url("PROBE_URL")

# Asked by `preflight --live` only.
SUPABASE_URL = env_url("SUPABASE_URL")
SUPABASE_ANON_KEY = env_secret("SUPABASE_ANON_KEY")
SUPABASE_SERVICE_ROLE_KEY = env_secret("SUPABASE_SERVICE_ROLE_KEY")

OPENAI_REALTIME_MODEL = env_str("OPENAI_REALTIME_MODEL", "gpt-realtime-2.1")
SIP_TRUNK_URI = env_str("SIP_TRUNK_URI")
SIP_TRUNK_USERNAME = env_str("SIP_TRUNK_USERNAME")
SIP_TRUNK_PASSWORD = env_secret("SIP_TRUNK_PASSWORD")
VOICE_FALLBACK_URI = env_str("VOICE_FALLBACK_URI")
if VOICE_FALLBACK_URI and not VOICE_FALLBACK_URI.startswith(("tel:", "sip:", "sips:")):
    raise SettingError("VOICE_FALLBACK_URI must begin with tel: or sip:.")
