from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from easymo.addresses import caller_of, network_of

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2::3", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::3", "2001:db8:1:3::/64"),
        # The same caller over a socket for both families.
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::1", "::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_network_of__address__as_limits_count_it(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("forwarded", "behind", "direct"),
    [
        ("203.0.113.7", "203.0.113.7", "10.0.0.1"),
        ("198.51.100.1, 203.0.113.7", "203.0.113.7", "10.0.0.1"),
        ("203.0.113.7:52011", "203.0.113.7", "10.0.0.1"),
        ("[2001:db8::1]:443", "2001:db8::1", "10.0.0.1"),
        ("nonsense", "10.0.0.1", "10.0.0.1"),
        ("", "10.0.0.1", "10.0.0.1"),
    ],
)
def test_caller_of__forwarded__counts_behind_a_proxy_only(
    settings: SettingsWrapper, forwarded: str, behind: str, direct: str
) -> None:
    environ = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": forwarded}

    settings.BEHIND_PROXY = True
    assert caller_of(environ) == behind
    settings.BEHIND_PROXY = False
    assert caller_of(environ) == direct
