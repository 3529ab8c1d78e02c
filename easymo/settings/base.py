from __future__ import annotations

from easymo import paths
from easymo.settings.demonstration import demonstration_secrets
from easymo.settings.environment import (
    SettingError,
    env_bool,
    env_list,
    env_secret,
    parse_keys,
)

BASE_DIR = paths.BASE_DIR
VAR = paths.VAR

# Demonstration mode: without DATABASE_URL the product uses a development database, demo
# people and secrets that it generates itself.
DEMONSTRATION = not env_secret("DATABASE_URL")
DEMONSTRATION_SECRETS = demonstration_secrets(VAR) if DEMONSTRATION else {}

SECRET_KEY = env_secret("SECRET_KEY") or DEMONSTRATION_SECRETS.get("SECRET_KEY", "")
if not SECRET_KEY:
    raise SettingError(
        "SECRET_KEY is not set. With DATABASE_URL it is required: "
        "`openssl rand -base64 48` makes one."
    )
EASYMO_KEYS = parse_keys(
    env_secret("EASYMO_KEYS") or DEMONSTRATION_SECRETS.get("EASYMO_KEYS", "")
)
if not EASYMO_KEYS:
    raise SettingError(
        "EASYMO_KEYS is not set. With DATABASE_URL it is required: "
        "`echo k1:$(openssl rand -base64 32)` makes one. Keep a copy: without it the "
        "voucher codes are lost."
    )
DEBUG = env_bool("DEBUG")
# A user who signs in without a `next` address goes to the back office.
LOGIN_REDIRECT_URL = "admin:index"
ROOT_URLCONF = "easymo.urls"
WSGI_APPLICATION = "easymo.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = "Africa/Kigali"
USE_TZ = True
USE_I18N = True
# British spelling; a 24-hour clock, as in Rwanda.
LANGUAGE_CODE = "en-gb"
# Of the back office; texts to customers have four (agents/language/texts.py).
LANGUAGES = (("en-gb", "English"), ("fr", "Français"))
LOCALE_PATHS = (BASE_DIR / "locale",)
FORMAT_MODULE_PATH = "easymo.formats"
STATIC_URL = "static/"
# No collectstatic: whitenoise serves files from the apps.
STATIC_ROOT = None

ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", ("localhost", "127.0.0.1", "[::1]"))
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")
if any("://" not in origin for origin in CSRF_TRUSTED_ORIGINS):
    raise SettingError("CSRF_TRUSTED_ORIGINS must hold addresses like https://host.")


INSTALLED_APPS = [
    "agents",
    "vouchers",
    "rollout",
    # Without its own site: ours is easymo.backoffice.site.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "easymo.backoffice.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "easymo.database",
    "easymo.observability",
    "easymo.preflight",
    "rollout.apps.WaffleConfig",
    "procrastinate.contrib.django",
    "rest_framework",
    "drf_spectacular",
    "axes",
    "django_otp.plugins.otp_totp",
    # Last: it gives the groups the permissions of all other apps.
    "easymo.backoffice",
]
MIDDLEWARE = [
    "easymo.observability.correlation.CorrelationMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "easymo.web.middleware.NoStoreMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "easymo.web.middleware.AdminPolicyMiddleware",
    # Before any middleware that checks the Host header.
    "easymo.health.ProbeLane",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # Before any middleware that reads the user.
    "easymo.backoffice.guard.SignedInMiddleware",
    "easymo.backoffice.languages.LanguageMiddleware",
    "easymo.backoffice.authorship.AuthorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "vouchers.admin.code_search.CodeSearch",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Last: it turns a refused sign-in into a response.
    "easymo.backoffice.sign_in.SignInMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
WAFFLE_FLAG_MODEL = "rollout.AgentFlag"
# Replaces voucher codes in reasons and notes.
CODE_BLANKING = "vouchers.codes.blank_code_digits"
VOUCHER_GUARD = "rollout.flags.fence.guard"
# Find what caused events of vouchers, and the words of a request, by their keys.
VOUCHER_CAUSES = "agents.admin.voucher_causes.causes"
VOUCHER_INCIDENT = "agents.admin.voucher_causes.open_incident"
VOUCHER_CARD_WORDS = "agents.notifications.card_words.of_voucher"
VOUCHER_REQUEST_WORDS = "agents.turns.request_words.of_key"
# Called once by each worker before its first job.
WORKER_BEGINS = (
    "easymo.start.end_with_supervisor",
    "rollout.snapshot.flag_snapshot.start",
    "agents.llm.openai_client.load",
)
# Coroutine functions that each worker runs beside its jobs.
WORKER_LOOPS = ("agents.calls.watch.watch_forever",)
# Called in the event loop when a worker is told to stop.
WORKER_ENDS = ("agents.calls.draining.begin",)
# Imported when they are first needed, so that a command starts without them.
METRIC_MODULES = (
    "easymo.observability.leak_metrics",
    "easymo.observability.upkeep",
    "agents.operations.call_metrics",
    "agents.operations.metrics",
    "rollout.operations.metrics",
    "rollout.operations.conversation_metrics",
)
# In the order of the guide.
PREFLIGHT_MODULES = (
    "easymo.preflight.code",
    "easymo.preflight.database",
    "easymo.preflight.logging",
    "easymo.preflight.site",
    "easymo.preflight.supabase",
    "agents.operations.preflight.openai",
    "agents.operations.preflight.whatsapp",
    "agents.operations.preflight.voice",
    "agents.operations.preflight.workflow",
    "rollout.operations.preflight",
    "vouchers.preflight",
)
# The names of the periodic jobs that must succeed every day.
UPKEEP_JOBS = (
    "agents.operations.retention.JOBS",
    "agents.operations.audit_runs.JOBS",
    "agents.operations.mention_search.JOBS",
    "vouchers.tasks.UPKEEP_JOBS",
)
WAFFLE_ENABLE_ADMIN_PAGES = False
# The tables of waffle would not be used: `migrate` does not create them.
MIGRATION_MODULES = {"waffle": None}
# "threads": refreshers in every process; "inline": tests see their own transaction.
ROLLOUT_REFRESH = "threads"
# Static files are served from the apps: no build step and no extra folder.
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 300
