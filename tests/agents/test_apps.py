from __future__ import annotations

import dataclasses

from django.utils.module_loading import import_string

from agents.apps import PORTS
from rollout.core.ports import Ports


def test_ports__every_port_of_the_rollout__names_a_callable() -> None:
    assert set(PORTS) == {field.name for field in dataclasses.fields(Ports)}
    assert all(callable(import_string(path)) for path in PORTS.values())
