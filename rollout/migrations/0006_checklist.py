from __future__ import annotations

from django.db import migrations

# The checklist of the deployment guide: by stage and section the key, the check that
# answers the line ("" when a person ticks it) and the text.
LINES = {
    ("infrastructure", "Pre-deployment: environment preparation"): [
        ("env-openai", "openai.key", "OpenAI API key configured and tested"),
        (
            "env-supabase",
            "supabase.service_role",
            "Supabase project accessible with service role key",
        ),
        (
            "env-flags-off",
            "flags.off",
            "Feature flags set to false for initial deployment",
        ),
        (
            "env-monitoring",
            "monitoring.endpoints",
            "Monitoring/observability endpoints configured (if enabled)",
        ),
        (
            "env-tables",
            "database.tables",
            "Database schema includes profiles and vouchers tables",
        ),
        (
            "env-whatsapp",
            "whatsapp.credentials",
            "WhatsApp Business API credentials configured (if using chat)",
        ),
        ("env-sip", "voice.sip", "SIP trunk credentials configured (if using voice)"),
    ],
    ("infrastructure", "Pre-deployment: code validation"): [
        ("code-tests", "code.tests", "All unit tests passing"),
        ("code-build", "code.build", "Build succeeds"),
        ("code-types", "code.types", "Types clean"),
        ("code-lint", "code.lint", "Linting passes"),
        ("code-secrets", "code.secrets", "No secrets in client-side code"),
    ],
    ("infrastructure", "Phase 1: infrastructure"): [
        ("phase-1-deployed", "", "Functions deployed successfully"),
        ("phase-1-health", "", "Health checks pass (HTTP 200 responses)"),
        ("phase-1-disabled", "", 'Logs show "feature disabled" messages'),
    ],
    ("infrastructure", "Communication: internal team"): [
        (
            "tell-engineering",
            "announcement.engineering",
            "Pre-deployment: e-mail to the engineering team",
        ),
        ("tell-slack", "", "During deployment: Slack channel for real-time updates"),
    ],
    ("infrastructure", "Emergency contacts"): [
        (
            "emergency-contacts",
            "people.contacts",
            "On-call engineer and platform lead named, and called within 30 days",
        ),
    ],
    ("smoke", "Phase 2: smoke testing"): [
        ("smoke-hello", "whatsapp.hello", '1. WhatsApp: "hello" gets a greeting'),
        (
            "smoke-lookup",
            "whatsapp.lookup",
            '2. WhatsApp: "lookup" and a number finds the customer',
        ),
        (
            "smoke-create",
            "whatsapp.create",
            '3. WhatsApp: "create voucher 10000 for" and a number issues one',
        ),
        ("smoke-api-lookup", "api.lookup", "4. Direct API: ai-lookup-customer answers"),
        (
            "smoke-api-create",
            "api.create",
            "5. Direct API: ai-create-voucher leaves a voucher in the database",
        ),
        ("phase-2-all-pass", "smoke", "All test cases pass"),
        ("phase-2-correlation", "smoke", "Structured logs show correlation IDs"),
        ("phase-2-masked", "logs.masked", "PII masked correctly in logs"),
        ("phase-2-no-errors", "", "No errors in the function logs"),
    ],
    ("smoke", "Phase 3: limited rollout"): [
        (
            "phase-3-select",
            "gate.members",
            "Select 5-10 internal staff for beta testing",
        ),
    ],
    ("smoke", "Communication: external users"): [
        (
            "tell-beta",
            "announcement.beta",
            "Beta users: direct message with instructions",
        ),
    ],
    ("beta", "Phase 3: limited rollout"): [
        (
            "beta-close-watch",
            "",
            "Monitor closely for 48 hours: success, latency, errors, cost",
        ),
        ("phase-3-success", "gate.success", "Tool call success rate > 95%"),
        ("phase-3-latency", "gate.latency", "P95 latency < 3 seconds"),
        ("phase-3-cost", "gate.cost", "Cost per conversation < $0.10"),
        ("phase-3-pii", "gate.pii", "Zero PII leaks in logs"),
        ("beta-report", "", "Read the daily report"),
    ],
    ("beta", "Communication: external users"): [
        (
            "tell-everyone",
            "announcement.all",
            "All users: announcement via appropriate channel",
        ),
        (
            "tell-documentation",
            "",
            "Documentation: help docs updated with the AI features",
        ),
    ],
    ("production", "Phase 4: production rollout"): [
        (
            "phase-4-announced",
            "announcement.all",
            "Announce to users via appropriate channels",
        ),
        ("phase-4-enabled", "", "Enable for all customers (feature flags remain on)"),
    ],
    ("production", "Post-deployment: day 1-7"): [
        ("week-1-metrics", "", "Monitor metrics hourly"),
        ("week-1-logs", "", "Review logs daily for errors"),
        ("week-1-cost", "", "Check cost reports daily"),
        ("week-1-feedback", "", "Collect user feedback"),
        ("week-1-issues", "", "Document any issues"),
    ],
    ("production", "Communication: internal team"): [
        ("tell-summary", "", "Post-deployment: summary report with metrics"),
    ],
    ("production", "Post-deployment: week 2-4"): [
        ("week-2-metrics", "", "Monitor metrics daily"),
        ("week-2-logs", "", "Review logs weekly"),
        ("week-2-optimise", "", "Optimize based on usage patterns"),
        ("week-2-prompts", "", "Refine prompts if needed"),
        ("week-2-documentation", "", "Update documentation"),
    ],
    ("production", "Post-deployment: month 2+"): [
        ("month-2-monitoring", "", "Standard monitoring"),
        ("month-2-cost", "", "Quarterly cost reviews"),
        ("month-2-openai", "", "Evaluate new OpenAI features"),
        ("month-2-plan", "", "Plan enhancements"),
    ],
    ("production", "Lessons learned"): [
        ("lessons-learned", "", "Document issues encountered and resolutions"),
    ],
}
# Not required before the stage is left.
OPTIONAL = {
    "tell-slack",
    "phase-3-select",
    "beta-close-watch",
    "phase-3-success",
    "phase-3-latency",
    "phase-3-cost",
    "phase-3-pii",
    "beta-report",
    "lessons-learned",
}
# Lines that are due on certain days, or again and again.
PERIODS = {
    "beta-close-watch": {"cadence": "hourly", "times": 48},
    "beta-report": {"cadence": "daily"},
    "phase-4-enabled": {"to_day": 1},
    "week-1-metrics": {"cadence": "hourly", "to_day": 7},
    "week-1-logs": {"cadence": "daily", "to_day": 7},
    "week-1-cost": {"cadence": "daily", "to_day": 7},
    "week-1-feedback": {"to_day": 7},
    "week-1-issues": {"to_day": 7},
    "tell-summary": {"to_day": 8},
    "week-2-metrics": {"cadence": "daily", "from_day": 7, "to_day": 28},
    "week-2-logs": {"cadence": "weekly", "from_day": 7, "to_day": 28},
    "week-2-optimise": {"from_day": 7, "to_day": 28},
    "week-2-prompts": {"from_day": 7, "to_day": 28},
    "week-2-documentation": {"from_day": 7, "to_day": 28},
    "month-2-monitoring": {"cadence": "monthly", "from_day": 28},
    "month-2-cost": {"cadence": "quarterly", "from_day": 28},
    "month-2-openai": {"cadence": "quarterly", "from_day": 28},
    "month-2-plan": {"cadence": "quarterly", "from_day": 28},
    "lessons-learned": {"cadence": "monthly"},
}


def create_items(apps, schema_editor):
    ChecklistItem = apps.get_model("rollout", "ChecklistItem")
    rows = [
        (stage, section, *line)
        for (stage, section), lines in LINES.items()
        for line in lines
    ]
    for order, (stage, section, key, check_name, text) in enumerate(rows, start=1):
        ChecklistItem.objects.create(
            key=key,
            stage=stage,
            section=section,
            text=text,
            order=order,
            check_name=check_name,
            is_required=key not in OPTIONAL,
            **PERIODS.get(key, {}),
        )


class Migration(migrations.Migration):
    dependencies = [("rollout", "0005_initial_rows")]

    operations = [migrations.RunPython(create_items, migrations.RunPython.noop)]
