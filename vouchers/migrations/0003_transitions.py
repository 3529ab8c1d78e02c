from __future__ import annotations

from django.db import migrations

from vouchers import sql

PARTS = ("common", "issue", "redeem", "void", "approve", "rotate", "expire")
UNDO = "DROP TYPE voucher_cause, voucher_who, voucher_outcome CASCADE;" + " ".join(
    f"DROP FUNCTION {name};"
    for name in (
        "voucher_locked_for",
        "voucher_count_guess",
        "voucher_use_limit",
        "voucher_expire",
    )
)


class Migration(migrations.Migration):
    """Each change of a voucher and its event in one call."""

    dependencies = [("vouchers", "0002_database_guards")]
    operations = [
        migrations.RunSQL("\n".join(sql.schema(part) for part in PARTS), UNDO)
    ]
