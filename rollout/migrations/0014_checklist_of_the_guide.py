from __future__ import annotations

from django.db import migrations

# Every line of the guide that somebody, or a check, has to tick: key, section, text,
# and what differs from "once, required, by a person".
ENVIRONMENT = "Pre-deployment: environment preparation"
CODE = "Pre-deployment: code validation"
PHASE_1 = "Phase 1: infrastructure"
PHASE_2 = "Phase 2: smoke testing"
PHASE_3 = "Phase 3: limited rollout"
PHASE_4 = "Phase 4: production rollout"
WEEK_1 = "Post-deployment: day 1-7"
WEEK_2 = "Post-deployment: week 2-4"
MONTH_2 = "Post-deployment: month 2+"
INSIDE = "Communication: internal team"
OUTSIDE = "Communication: external users"
FREE = {"is_required": False}
IN_WEEK_1 = {"to_day": 7}
IN_WEEKS_2_TO_4 = {"from_day": 7, "to_day": 28}
FROM_MONTH_2 = {"from_day": 28}


def check(name):
    return {"check_name": name}


LINES = {
    "infrastructure": (
        (
            "env-openai",
            ENVIRONMENT,
            "OpenAI API key configured and tested",
            check("openai.key"),
        ),
        (
            "env-supabase",
            ENVIRONMENT,
            "Supabase project accessible with service role key",
            check("supabase.service_role"),
        ),
        (
            "env-flags-off",
            ENVIRONMENT,
            "Feature flags set to false for initial deployment",
            check("flags.off"),
        ),
        (
            "env-monitoring",
            ENVIRONMENT,
            "Monitoring/observability endpoints configured (if enabled)",
            check("monitoring.endpoints"),
        ),
        (
            "env-tables",
            ENVIRONMENT,
            "Database schema includes profiles and vouchers tables",
            check("database.tables"),
        ),
        (
            "env-whatsapp",
            ENVIRONMENT,
            "WhatsApp Business API credentials configured (if using chat)",
            check("whatsapp.credentials"),
        ),
        (
            "env-sip",
            ENVIRONMENT,
            "SIP trunk credentials configured (if using voice)",
            check("voice.sip"),
        ),
        ("code-tests", CODE, "All unit tests passing", check("code.tests")),
        ("code-build", CODE, "Build succeeds", check("code.build")),
        ("code-types", CODE, "Types clean", check("code.types")),
        ("code-lint", CODE, "Linting passes", check("code.lint")),
        ("code-secrets", CODE, "No secrets in client-side code", check("code.secrets")),
        ("phase-1-deployed", PHASE_1, "Functions deployed successfully", {}),
        ("phase-1-health", PHASE_1, "Health checks pass (HTTP 200 responses)", {}),
        ("phase-1-disabled", PHASE_1, 'Logs show "feature disabled" messages', {}),
        (
            "tell-engineering",
            INSIDE,
            "Pre-deployment: e-mail to the engineering team",
            check("announcement.engineering"),
        ),
        (
            "tell-slack",
            INSIDE,
            "During deployment: Slack channel for real-time updates",
            FREE,
        ),
        (
            "emergency-contacts",
            "Emergency contacts",
            "On-call engineer and platform lead named, and called within 30 days",
            check("people.contacts"),
        ),
    ),
    "smoke": (
        (
            "smoke-hello",
            PHASE_2,
            '1. WhatsApp: "hello" gets a greeting',
            check("smoke"),
        ),
        (
            "smoke-lookup",
            PHASE_2,
            '2. WhatsApp: "lookup" and a number finds the customer',
            check("smoke"),
        ),
        (
            "smoke-create",
            PHASE_2,
            '3. WhatsApp: "create voucher 10000 for" and a number issues one',
            check("smoke"),
        ),
        (
            "smoke-api-lookup",
            PHASE_2,
            "4. Direct API: ai-lookup-customer answers",
            check("smoke"),
        ),
        (
            "smoke-api-create",
            PHASE_2,
            "5. Direct API: ai-create-voucher leaves a voucher in the database",
            check("smoke"),
        ),
        ("phase-2-all-pass", PHASE_2, "All test cases pass", check("smoke")),
        (
            "phase-2-correlation",
            PHASE_2,
            "Structured logs show correlation IDs",
            check("smoke"),
        ),
        (
            "phase-2-masked",
            PHASE_2,
            "PII masked correctly in logs",
            check("logs.masked"),
        ),
        ("phase-2-no-errors", PHASE_2, "No errors in the function logs", {}),
        (
            "phase-3-select",
            PHASE_3,
            "Select 5-10 internal staff for beta testing",
            {**check("gate.members"), **FREE},
        ),
        (
            "tell-beta",
            OUTSIDE,
            "Beta users: direct message with instructions",
            check("announcement.beta"),
        ),
    ),
    "beta": (
        (
            "beta-close-watch",
            PHASE_3,
            "Monitor closely for 48 hours: success, latency, errors, cost",
            {"cadence": "hourly", "times": 48, **FREE},
        ),
        (
            "phase-3-success",
            PHASE_3,
            "Tool call success rate > 95%",
            {**check("gate.success"), **FREE},
        ),
        (
            "phase-3-latency",
            PHASE_3,
            "P95 latency < 3 seconds",
            {**check("gate.latency"), **FREE},
        ),
        (
            "phase-3-cost",
            PHASE_3,
            "Cost per conversation < $0.10",
            {**check("gate.cost"), **FREE},
        ),
        (
            "phase-3-pii",
            PHASE_3,
            "Zero PII leaks in logs",
            {**check("gate.pii"), **FREE},
        ),
        ("beta-report", PHASE_3, "Read the daily report", {"cadence": "daily", **FREE}),
        (
            "tell-everyone",
            OUTSIDE,
            "All users: announcement via appropriate channel",
            check("announcement.all"),
        ),
        (
            "tell-documentation",
            OUTSIDE,
            "Documentation: help docs updated with the AI features",
            {},
        ),
    ),
    "production": (
        (
            "phase-4-announced",
            PHASE_4,
            "Announce to users via appropriate channels",
            check("announcement.all"),
        ),
        (
            "phase-4-enabled",
            PHASE_4,
            "Enable for all customers (feature flags remain on)",
            {"to_day": 1},
        ),
        (
            "week-1-metrics",
            WEEK_1,
            "Monitor metrics hourly",
            {"cadence": "hourly", **IN_WEEK_1},
        ),
        (
            "week-1-logs",
            WEEK_1,
            "Review logs daily for errors",
            {"cadence": "daily", **IN_WEEK_1},
        ),
        (
            "week-1-cost",
            WEEK_1,
            "Check cost reports daily",
            {"cadence": "daily", **IN_WEEK_1},
        ),
        ("week-1-feedback", WEEK_1, "Collect user feedback", IN_WEEK_1),
        ("week-1-issues", WEEK_1, "Document any issues", IN_WEEK_1),
        (
            "tell-summary",
            INSIDE,
            "Post-deployment: summary report with metrics",
            {"to_day": 8},
        ),
        (
            "week-2-metrics",
            WEEK_2,
            "Monitor metrics daily",
            {"cadence": "daily", **IN_WEEKS_2_TO_4},
        ),
        (
            "week-2-logs",
            WEEK_2,
            "Review logs weekly",
            {"cadence": "weekly", **IN_WEEKS_2_TO_4},
        ),
        (
            "week-2-optimise",
            WEEK_2,
            "Optimize based on usage patterns",
            IN_WEEKS_2_TO_4,
        ),
        ("week-2-prompts", WEEK_2, "Refine prompts if needed", IN_WEEKS_2_TO_4),
        ("week-2-documentation", WEEK_2, "Update documentation", IN_WEEKS_2_TO_4),
        (
            "month-2-monitoring",
            MONTH_2,
            "Standard monitoring",
            {"cadence": "monthly", **FROM_MONTH_2},
        ),
        (
            "month-2-cost",
            MONTH_2,
            "Quarterly cost reviews",
            {"cadence": "quarterly", **FROM_MONTH_2},
        ),
        (
            "month-2-openai",
            MONTH_2,
            "Evaluate new OpenAI features",
            {"cadence": "quarterly", **FROM_MONTH_2},
        ),
        (
            "month-2-plan",
            MONTH_2,
            "Plan enhancements",
            {"cadence": "quarterly", **FROM_MONTH_2},
        ),
        (
            "lessons-learned",
            "Lessons learned",
            "Document issues encountered and resolutions",
            {"cadence": "monthly", **FREE},
        ),
    ),
}


def seed(apps, schema_editor):
    ChecklistItem = apps.get_model("rollout", "ChecklistItem")
    order = 0
    for stage, lines in LINES.items():
        for key, section, text, more in lines:
            order += 1
            ChecklistItem.objects.update_or_create(
                key=key,
                defaults={
                    "stage": stage,
                    "section": section,
                    "text": text,
                    "order": order,
                    **more,
                },
            )


class Migration(migrations.Migration):
    dependencies = [("rollout", "0013_plan_guards")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
