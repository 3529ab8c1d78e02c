"""Settings, read from the environment; reading them starts nothing.

Start with `base` (apps, middleware); `environment` has the functions that read and validate.
"""

from __future__ import annotations

from easymo.settings.audit import *  # noqa: F403
from easymo.settings.backoffice import *  # noqa: F403
from easymo.settings.base import *  # noqa: F403
from easymo.settings.database import *  # noqa: F403
from easymo.settings.limits import *  # noqa: F403
from easymo.settings.logging import *  # noqa: F403
from easymo.settings.mail import *  # noqa: F403
from easymo.settings.oidc import *  # noqa: F403
from easymo.settings.providers import *  # noqa: F403
from easymo.settings.security import *  # noqa: F403
from easymo.settings.voice import *  # noqa: F403
