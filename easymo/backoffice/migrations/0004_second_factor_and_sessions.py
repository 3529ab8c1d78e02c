from __future__ import annotations

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# The functions belong to vouchers.
TRIGGERS = """
CREATE UNIQUE INDEX totp_one_per_account ON otp_totp_totpdevice (user_id);
CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON otp_totp_totpdevice
    FOR EACH ROW EXECUTE FUNCTION record_change('user_id', '{user_id,confirmed}', '{key}');
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON otp_totp_totpdevice
    FOR EACH STATEMENT EXECUTE FUNCTION voucher_append_only();

CREATE TRIGGER account_act_append_only BEFORE UPDATE OR DELETE ON backoffice_accountact
    FOR EACH ROW EXECUTE FUNCTION voucher_append_only();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON backoffice_accountact
    FOR EACH STATEMENT EXECUTE FUNCTION voucher_append_only();
CREATE TRIGGER record_change AFTER INSERT ON backoffice_accountact
    FOR EACH ROW EXECUTE FUNCTION record_change('user_id', '{act,reason}', '{}');

-- Django refuses the sessions of an account after a change of its password.
CREATE FUNCTION backoffice_end_sessions() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE backoffice_browsersession SET ended_at = clock_timestamp()
     WHERE user_id = NEW.id AND ended_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER backoffice_end_sessions AFTER UPDATE OF password ON auth_user
    FOR EACH ROW WHEN (OLD.password <> NEW.password)
    EXECUTE FUNCTION backoffice_end_sessions();

ALTER TABLE auth_user ENABLE ALWAYS TRIGGER backoffice_end_sessions;
-- ENABLE ALWAYS: they also fire with session_replication_role = replica.
ALTER TABLE otp_totp_totpdevice ENABLE ALWAYS TRIGGER record_change;
ALTER TABLE otp_totp_totpdevice ENABLE ALWAYS TRIGGER no_truncate;
ALTER TABLE backoffice_accountact ENABLE ALWAYS TRIGGER account_act_append_only;
ALTER TABLE backoffice_accountact ENABLE ALWAYS TRIGGER no_truncate;
ALTER TABLE backoffice_accountact ENABLE ALWAYS TRIGGER record_change;
"""
BACK = """
DROP TRIGGER backoffice_end_sessions ON auth_user;
DROP FUNCTION backoffice_end_sessions();
DROP TRIGGER no_truncate ON otp_totp_totpdevice;
DROP TRIGGER record_change ON otp_totp_totpdevice;
DROP INDEX totp_one_per_account;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("backoffice", "0003_oidc_identity"),
        ("otp_totp", "0003_add_timestamps"),
        # The functions of the triggers.
        ("vouchers", "0006_authority_functions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Totp",
            fields=[],
            options={
                "proxy": True,
                "default_permissions": (),
                "indexes": [],
                "constraints": [],
            },
            bases=("otp_totp.totpdevice",),
        ),
        migrations.CreateModel(
            name="RecoveryCode",
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
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("used_at", models.DateTimeField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="AccountAct",
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
                    "act",
                    models.CharField(
                        choices=[
                            ("set_up", "Second factor set up"),
                            ("codes_made", "New recovery codes made"),
                            ("code_used", "Recovery code used"),
                            ("removed", "Second factor removed"),
                            ("reset", "Second factor reset by another person"),
                            ("sessions_ended", "Sessions ended"),
                            ("link_sent", "Link for a new password requested"),
                            ("password_reset", "Password set by a link"),
                        ],
                        max_length=16,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("act", "reset"), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="account_act_reset_says_why",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="BrowserSession",
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
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
                ),
                ("is_from_provider", models.BooleanField(default=False)),
                ("address", models.GenericIPAddressField(null=True)),
                ("browser", models.CharField(blank=True, max_length=100)),
                ("created_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField()),
                ("authenticated_at", models.DateTimeField(null=True)),
                ("verified_factor", models.BigIntegerField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=["user"],
                        name="browser_session_open_idx",
                    ),
                    models.Index(fields=["created_at"], name="browser_session_age_idx"),
                ],
            },
        ),
        # The tables of this app are dropped with their triggers.
        migrations.RunSQL(TRIGGERS, BACK),
    ]
