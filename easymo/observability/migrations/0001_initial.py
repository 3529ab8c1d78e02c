from __future__ import annotations

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="UpkeepRun",
            fields=[
                (
                    "name",
                    models.CharField(max_length=60, primary_key=True, serialize=False),
                ),
                ("started_at", models.DateTimeField()),
                ("succeeded_at", models.DateTimeField(null=True)),
                ("failed_at", models.DateTimeField(null=True)),
                ("error", models.CharField(blank=True, max_length=80)),
                ("last_count", models.PositiveIntegerField(default=0)),
                ("total", models.PositiveBigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="LeakFinding",
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
                ("kind", models.CharField(max_length=10)),
                ("sink", models.CharField(max_length=10)),
                ("digest", models.BinaryField(max_length=32)),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("candidate", "looks like it"),
                            ("confirmed", "confirmed"),
                        ],
                        max_length=9,
                    ),
                ),
                ("times", models.PositiveIntegerField(default=1)),
                ("correlation_id", models.UUIDField(null=True)),
                (
                    "at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["level", "at"], name="leak_level_idx")
                ],
            },
        ),
        migrations.CreateModel(
            name="LogLine",
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
                ("correlation_id", models.UUIDField()),
                ("at", models.DateTimeField()),
                ("level", models.CharField(max_length=10)),
                ("event", models.CharField(max_length=200)),
                ("fields", models.JSONField(default=dict)),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["correlation_id", "id"], name="logline_cause_idx"
                    ),
                    models.Index(fields=["at"], name="logline_at_idx"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ScannedLines",
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
                ("minute", models.DateTimeField()),
                ("sink", models.CharField(max_length=10)),
                ("lines", models.PositiveBigIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("minute", "sink"), name="scanned_once_per_minute"
                    )
                ],
            },
        ),
    ]
