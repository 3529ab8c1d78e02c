from __future__ import annotations

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import rollout.core.clock
import rollout.models.flag


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ServingProcess",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("host", models.CharField(max_length=100)),
                ("pid", models.IntegerField()),
                ("role", models.CharField(max_length=30)),
                ("version_seen", models.BigIntegerField()),
                ("acknowledged_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "verbose_name_plural": "serving processes",
            },
        ),
        migrations.CreateModel(
            name="Cohort",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("name", models.CharField(max_length=50, unique=True)),
                (
                    "description",
                    models.CharField(blank=True, default="", max_length=200),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=rollout.core.clock.now, editable=False
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("name__regex", "^[a-z0-9][a-z0-9_-]{0,49}$")
                        ),
                        name="cohort_name_is_plain",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AgentFlag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="The human/computer readable name.",
                        max_length=100,
                        unique=True,
                        verbose_name="Name",
                    ),
                ),
                (
                    "note",
                    models.TextField(
                        blank=True,
                        help_text="Note where this Flag is used.",
                        verbose_name="Note",
                    ),
                ),
                (
                    "created",
                    models.DateTimeField(
                        db_index=True,
                        default=django.utils.timezone.now,
                        help_text="Date when this Flag was created.",
                        verbose_name="Created",
                    ),
                ),
                (
                    "modified",
                    models.DateTimeField(
                        default=django.utils.timezone.now,
                        help_text="Date when this Flag was last modified.",
                        verbose_name="Modified",
                    ),
                ),
                ("everyone", models.BooleanField(default=False, null=True)),
                (
                    "percent",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=5, null=True
                    ),
                ),
                (
                    "salt",
                    models.CharField(
                        default=rollout.models.flag.new_salt,
                        editable=False,
                        max_length=32,
                    ),
                ),
                ("superusers", models.BooleanField(default=False, editable=False)),
                ("testing", models.BooleanField(default=False, editable=False)),
                ("staff", models.BooleanField(default=False, editable=False)),
                ("authenticated", models.BooleanField(default=False, editable=False)),
                ("languages", models.TextField(blank=True, default="", editable=False)),
                ("rollout", models.BooleanField(default=False, editable=False)),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Activate this flag for these user groups.",
                        to="auth.group",
                        verbose_name="Groups",
                    ),
                ),
                (
                    "users",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Activate this flag for these users.",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="Users",
                    ),
                ),
                (
                    "cohorts",
                    models.ManyToManyField(
                        blank=True, related_name="flags", to="rollout.cohort"
                    ),
                ),
            ],
            options={
                "verbose_name": "feature",
                "verbose_name_plural": "features",
                "ordering": ["name"],
                "permissions": [
                    ("change_exposure", "Can turn features on and off"),
                    ("rollback", "Can roll back (turn everything off)"),
                ],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="CohortMember",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("subject", models.CharField(max_length=100)),
                ("added_by", models.CharField(max_length=150)),
                (
                    "added_at",
                    models.DateTimeField(
                        default=rollout.core.clock.now, editable=False
                    ),
                ),
                (
                    "cohort",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="members",
                        to="rollout.cohort",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Epoch",
            fields=[
                (
                    "id",
                    models.SmallIntegerField(
                        default=1, primary_key=True, serialize=False
                    ),
                ),
                ("version", models.BigIntegerField(default=1)),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1)), name="epoch_is_one_row"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="FlagChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("flag", "feature"),
                            ("member_added", "member added"),
                            ("member_removed", "member removed"),
                        ],
                        default="flag",
                        max_length=20,
                    ),
                ),
                ("subject", models.CharField(blank=True, default="", max_length=100)),
                ("actor", models.CharField(max_length=150)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("cli", "command line"),
                            ("admin", "admin"),
                            ("api", "API"),
                            ("system", "system"),
                            ("rollback", "rollback"),
                            ("demo", "demonstration"),
                        ],
                        max_length=20,
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
                ("override", models.BooleanField(default=False)),
                ("epoch", models.BigIntegerField(db_default=0, editable=False)),
                (
                    "transaction_id",
                    models.BigIntegerField(db_default=0, editable=False),
                ),
                (
                    "at",
                    models.DateTimeField(
                        default=rollout.core.clock.now, editable=False
                    ),
                ),
                (
                    "cohort",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="rollout.cohort",
                    ),
                ),
                (
                    "flag",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to=settings.WAFFLE_FLAG_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "change of exposure",
                "verbose_name_plural": "changes of exposure",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Incident",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("dedupe_key", models.CharField(max_length=100)),
                ("title", models.CharField(max_length=200)),
                (
                    "severity",
                    models.CharField(
                        choices=[
                            ("low", "low"),
                            ("medium", "medium"),
                            ("high", "high"),
                            ("critical", "critical"),
                        ],
                        max_length=10,
                    ),
                ),
                ("opened_by", models.CharField(max_length=150)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("mitigated", "mitigated"),
                            ("resolved", "resolved"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                (
                    "opened_at",
                    models.DateTimeField(
                        default=rollout.core.clock.now, editable=False
                    ),
                ),
                ("mitigated_at", models.DateTimeField(editable=False, null=True)),
                ("resolved_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status", "resolved"), _negated=True),
                        fields=("dedupe_key",),
                        name="incident_one_unresolved",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("resolved_at__isnull", False), ("status", "resolved")
                            ),
                            models.Q(
                                models.Q(("status", "resolved"), _negated=True),
                                ("resolved_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="incident_resolved_at_matches_status",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("text", models.CharField(max_length=2000)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("sent", "sent"),
                            ("failed", "failed"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("attempts", models.IntegerField(default=0)),
                (
                    "last_error",
                    models.CharField(blank=True, default="", max_length=200),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=rollout.core.clock.now, editable=False
                    ),
                ),
                (
                    "next_attempt_at",
                    models.DateTimeField(
                        default=rollout.core.clock.now, editable=False
                    ),
                ),
                ("sent_at", models.DateTimeField(editable=False, null=True)),
                (
                    "incident",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to="rollout.incident",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="RollbackEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("kind", models.CharField(choices=[("quick", "quick")], max_length=10)),
                ("features", models.JSONField(default=list)),
                ("actor", models.CharField(max_length=150)),
                ("source", models.CharField(max_length=20)),
                ("reason", models.CharField(max_length=500)),
                ("fence_proven", models.BooleanField()),
                ("epoch", models.BigIntegerField()),
                (
                    "at",
                    models.DateTimeField(
                        default=rollout.core.clock.now, editable=False
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rollbacks",
                        to="rollout.incident",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="TimelineEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("auto", "automatic"),
                            ("note", "note"),
                            ("status", "status"),
                            ("rollback", "rollback"),
                        ],
                        max_length=10,
                    ),
                ),
                ("author", models.CharField(max_length=150)),
                ("text", models.CharField(max_length=2000)),
                ("data", models.JSONField(default=dict)),
                (
                    "at",
                    models.DateTimeField(
                        default=rollout.core.clock.now, editable=False
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="timeline",
                        to="rollout.incident",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "timeline",
                "ordering": ["id"],
            },
        ),
        migrations.AddConstraint(
            model_name="agentflag",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("percent__isnull", True),
                    ("everyone__isnull", True),
                    _connector="OR",
                ),
                name="flag_percent_only_when_limited",
            ),
        ),
        migrations.AddConstraint(
            model_name="agentflag",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("percent__isnull", True),
                    models.Q(("percent__gt", 0), ("percent__lte", 100)),
                    _connector="OR",
                ),
                name="flag_percent_is_a_share",
            ),
        ),
        migrations.AddConstraint(
            model_name="agentflag",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("authenticated", False),
                    ("languages", ""),
                    ("rollout", False),
                    ("staff", False),
                    ("superusers", False),
                    ("testing", False),
                ),
                name="flag_side_doors_closed",
            ),
        ),
        migrations.AddConstraint(
            model_name="agentflag",
            constraint=models.CheckConstraint(
                condition=models.Q(("salt", ""), _negated=True),
                name="flag_salt_present",
            ),
        ),
        migrations.AddIndex(
            model_name="cohortmember",
            index=models.Index(fields=["subject"], name="cohort_member_subject_idx"),
        ),
        migrations.AddConstraint(
            model_name="cohortmember",
            constraint=models.UniqueConstraint(
                fields=("cohort", "subject"), name="cohort_member_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="cohortmember",
            constraint=models.CheckConstraint(
                condition=models.Q(("subject__regex", "^[!-~]+$")),
                name="cohort_member_subject_is_visible",
            ),
        ),
        migrations.AddIndex(
            model_name="flagchange",
            index=models.Index(fields=["flag", "-id"], name="flag_change_flag_idx"),
        ),
        migrations.AddIndex(
            model_name="flagchange",
            index=models.Index(
                fields=["cohort", "subject", "-id"], name="flag_change_member_idx"
            ),
        ),
        migrations.AddConstraint(
            model_name="flagchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("cohort__isnull", True),
                        ("flag__isnull", False),
                        ("kind", "flag"),
                        ("subject", ""),
                    ),
                    models.Q(
                        ("cohort__isnull", False),
                        ("flag__isnull", True),
                        ("kind__in", ["member_added", "member_removed"]),
                        models.Q(("subject", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="flag_change_has_its_object",
            ),
        ),
        migrations.AddConstraint(
            model_name="flagchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("reason__regex", "^(?=.*\\S)[^\\u0001-\\u001f\\u007f-\\u009f]+$")
                ),
                name="flag_change_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="flagchange",
            constraint=models.CheckConstraint(
                condition=models.Q(("actor__regex", "\\S")), name="flag_change_says_who"
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("status", "pending")),
                fields=["next_attempt_at"],
                name="notice_pending_idx",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("sent_at__isnull", False), ("status", "sent")),
                    models.Q(
                        models.Q(("status", "sent"), _negated=True),
                        ("sent_at__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="notice_sent_at_matches_status",
            ),
        ),
    ]
