from __future__ import annotations

from easymo.settings.base import BASE_DIR

INSTALLED_APPS = [
    "agents",
    "vouchers",
    "rollout",
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "easymo.database",
    "easymo.observability",
    "easymo.preflight",
    "waffle",
    "procrastinate.contrib.django",
    "rest_framework",
    "drf_spectacular",
    "axes",
    # Last: it gives the groups the permissions of all the others.
    "easymo.backoffice",
]
MIDDLEWARE = [
    "easymo.observability.correlation.CorrelationMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "easymo.web.middleware.AdminPolicyMiddleware",
    # Before anything asks for the Host.
    "easymo.health.ProbeLane",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Last: it turns a lock-out during sign-in into an answer.
    "axes.middleware.AxesMiddleware",
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
VOUCHER_GUARD = "rollout.flags.fence.guard"
# Called once by each worker before its first job.
WORKER_BEGINS = (
    "rollout.snapshot.flag_snapshot.start",
    "agents.llm.openai_client.load",
)
WAFFLE_ENABLE_ADMIN_PAGES = False
# The tables of waffle would not be used: `migrate` does not create them.
MIGRATION_MODULES = {"waffle": None}
# "threads": refreshers in every process; "inline": tests see their own transaction.
ROLLOUT_REFRESH = "threads"
# Static files are served from where the apps keep them: no build step, no folder.
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 300
