from __future__ import annotations

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0021_reminder_runs"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApprovedTemplate",
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
                        max_length=120,
                        validators=[
                            django.core.validators.RegexValidator("^[a-z0-9_]+\\Z")
                        ],
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        choices=[
                            ("en", "English"),
                            ("fr", "French"),
                            ("rw", "Kinyarwanda"),
                            ("sw", "Swahili"),
                        ],
                        max_length=2,
                    ),
                ),
                ("text", models.TextField(max_length=1024)),
                ("changed_at", models.DateTimeField(auto_now=True)),
                ("changed_by", models.CharField(max_length=150)),
            ],
            options={
                "permissions": [
                    ("edit_templates", "Can edit the list of message templates")
                ],
            },
        ),
        migrations.CreateModel(
            name="CannedReply",
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
                    "key",
                    models.CharField(
                        max_length=40,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator("^[a-z][a-z0-9_]*\\Z")
                        ],
                    ),
                ),
                ("title", models.CharField(max_length=60)),
                ("text_en", models.TextField(max_length=1000)),
                ("text_fr", models.TextField(max_length=1000)),
                ("text_rw", models.TextField(max_length=1000)),
                ("text_sw", models.TextField(max_length=1000)),
                ("changed_at", models.DateTimeField(auto_now=True)),
                ("changed_by", models.CharField(max_length=150)),
            ],
            options={
                "verbose_name_plural": "canned replies",
                "permissions": [("edit_replies", "Can edit canned replies")],
            },
        ),
        migrations.AddField(
            model_name="handoff",
            name="claimed_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="handoff",
            name="first_answer_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name="handoff",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", True)),
                fields=["kind", "conversation"],
                name="hand_off_open_kind_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="handoff",
            index=models.Index(
                condition=models.Q(("first_answer_at__isnull", False)),
                fields=["first_answer_at"],
                name="hand_off_answered_idx",
            ),
        ),
        migrations.AddConstraint(
            model_name="handoff",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("first_answer_at__isnull", True),
                    models.Q(
                        ("claimed_at__isnull", False),
                        ("first_answer_at__gte", models.F("claimed_at")),
                    ),
                    _connector="OR",
                ),
                name="hand_off_answered_after_claim",
            ),
        ),
        migrations.AddConstraint(
            model_name="approvedtemplate",
            constraint=models.UniqueConstraint(
                fields=("name", "language"), name="approved_template_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="approvedtemplate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("name", ""), _negated=True),
                    models.Q(("text", ""), _negated=True),
                ),
                name="approved_template_has_text",
            ),
        ),
        migrations.AddConstraint(
            model_name="cannedreply",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("title", ""), _negated=True),
                    models.Q(("text_en", ""), _negated=True),
                    models.Q(("text_fr", ""), _negated=True),
                    models.Q(("text_rw", ""), _negated=True),
                    models.Q(("text_sw", ""), _negated=True),
                ),
                name="canned_reply_in_every_language",
            ),
        ),
    ]
