"""Settings of the test suite: the same product, with values that are nobody's."""

from __future__ import annotations

from easymo.settings import *  # noqa: F403
from easymo.settings.base import env
from easymo.settings.database import DATABASES
from easymo.settings.places import VAR, socket_folder

# The suite has a server of its own, so that it can run while `make run` is up.
TEST_CLUSTER_HOME = None if env.str("DATABASE_URL", "") else VAR / "postgres-test"
if TEST_CLUSTER_HOME is not None:
    DATABASES["default"] |= {
        "NAME": "postgres",
        "USER": "easymo",
        "PASSWORD": "",
        "HOST": str(socket_folder(TEST_CLUSTER_HOME)),
        "PORT": "",
    }
# Tests move between databases; a pool would keep connections to the last one.
DATABASES["default"].setdefault("OPTIONS", {}).pop("pool", None)
DATABASES["default"]["CONN_MAX_AGE"] = 0
DATABASES["default"]["CONN_HEALTH_CHECKS"] = False

# Features are asked inside the test's own transaction.
ROLLOUT_REFRESH = "inline"
