"""The environment, read here and nowhere else. Starts nothing."""

from __future__ import annotations

from easymo.settings.api import *  # noqa: F403
from easymo.settings.apps import *  # noqa: F403
from easymo.settings.backoffice import *  # noqa: F403
from easymo.settings.base import *  # noqa: F403
from easymo.settings.database import *  # noqa: F403
from easymo.settings.judgement import *  # noqa: F403
from easymo.settings.logging import *  # noqa: F403
from easymo.settings.mail import *  # noqa: F403
from easymo.settings.preflight import *  # noqa: F403
from easymo.settings.processes import *  # noqa: F403
from easymo.settings.providers import *  # noqa: F403
from easymo.settings.security import *  # noqa: F403
