"""How much the calls of one token wait for each other (python -m tests.bench.one_token).

pgbench issues vouchers with the statements that the API sends, taken down as they go by:
with one token for all eight clients, and with a token for each call, in turns. One JSON
line with both.
"""

from __future__ import annotations

import os
import statistics
import sys

from django.conf import settings
from django.core.management import call_command

from agents.api import calls
from tests import databases
from tests.bench import api
from tests.bench.vouchers import say

# Only waiting limits what a token does.
NO_LIMIT = 1_000_000
TARGET = 300


def main() -> None:
    databases.start_server()
    template = databases.template()
    with databases.clone(template, label="token") as name, databases.using(name):
        call_command(
            *("flags", "set", "FEATURE_AGENT_VOUCHERS=on"),
            reason="bench",
            stdout=sys.stderr,
        )
        calls.TOKEN_CALLS_A_MINUTE = NO_LIMIT
        settings.VOUCHER_ISSUER_DAILY = NO_LIMIT
        api.seed()
        os.environ["DATABASE_URL"] = databases.url()
        compare()


def compare() -> None:
    scripts = {
        "one": api.taken_down(api.create_call, {}, token=api.PEOPLE),
        "each": api.taken_down(api.create_call, {}, number=api.PEOPLE - 2),
    }
    found: dict[str, list[float]] = {kind: [] for kind in scripts}
    first = 0
    for _ in range(api.ROUNDS):
        for kind, script in scripts.items():
            found[kind].append(api.through_pgbench(script, first=first, table="issued"))
            first += api.CLIENTS * api.EACH
    one, each = (statistics.median(found[kind]) for kind in ("one", "each"))
    say(
        "vouchers issued per second with one token, 8 clients of pgbench",
        value=round(one),
        baseline="the same with a token for each call",
        baseline_value=round(each),
        ratio=round(one / each, 2),
        target=TARGET,
        reached=one >= TARGET,
    )


if __name__ == "__main__":
    main()
