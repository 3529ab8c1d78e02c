from __future__ import annotations

from easymo.backoffice.templatetags.backoffice import commands


def test_commands__between_ticks__to_be_typed_and_the_rest_inert() -> None:
    told = commands("Run `manage.py <x>`, then <b>look</b>. A lone ` stays.")

    assert told == (
        "Run <code>manage.py &lt;x&gt;</code>, then &lt;b&gt;look&lt;/b&gt;."
        " A lone ` stays."
    )
