from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection

from easymo import release
from easymo.preflight import registry
from easymo.preflight.registry import Line, Section
from rollout.check_runs import preflight
from rollout.flags.selectors import latest_check
from rollout.models import CheckRun
from tests.rollout.guardrail_cases import enter

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

    from easymo.preflight.registry import Circumstances, LineResult

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let these functions be the whole checklist, after the database's own line."""

    def set_lines(**looks: Callable[[Circumstances], LineResult]) -> None:
        known = {one.name: one for one in registry.lines()}
        made = {
            name: Line(name, name, Section.RUNNING, look)
            for name, look in looks.items()
        }
        first = {preflight.FIRST: known[preflight.FIRST]}
        monkeypatch.setattr(registry, "_lines", first | made)

    return set_lines


def of(done: CheckRun, name: str) -> dict[str, str]:
    [found] = [one for one in done.results if one["name"] == name]
    return found


def test_run__fresh__passed_and_kept(settings: SettingsWrapper) -> None:
    settings.ALLOWED_HOSTS = ["agent.example.rw"]

    done = preflight.run_preflight(actor="odette")

    assert done.passed
    kept = CheckRun.objects.get(kind="preflight")
    assert kept == latest_check(CheckRun.Kind.PREFLIGHT)
    assert (kept.actor, kept.is_live, kept.release) == (
        "odette",
        False,
        release.current(),
    )
    assert kept.results == done.results
    assert {one["status"] for one in kept.results} <= set(registry.Status)
    assert all(
        one["remedy"] for one in kept.results if one["status"] in {"failed", "warning"}
    )


def test_run__one_failed__not_passed(lines: Callable[..., None]) -> None:
    lines(
        fine=lambda _: registry.ok("Well."),
        bad=lambda _: registry.failed("Ill.", "Mend.", "SETTING"),
    )

    assert preflight.run_preflight().passed is False


def test_run__warnings_and_skipped__passed(lines: Callable[..., None]) -> None:
    lines(
        a=lambda _: registry.warning("Hm.", "Mend."),
        b=lambda _: registry.skipped("Not now."),
    )

    assert preflight.run_preflight().passed is True


def test_run__a_line_that_breaks__failed_and_the_others_go_on(
    lines: Callable[..., None],
) -> None:
    def broken(_: Circumstances) -> LineResult:
        raise KeyError("a secret")

    lines(broken=broken, fine=lambda _: registry.ok("Well."))

    done = preflight.run_preflight()

    assert of(done, "broken")["status"] == "failed"
    assert "KeyError" in of(done, "broken")["detail"]
    assert "a secret" not in json.dumps(done.results)
    assert of(done, "fine")["status"] == "ok"


def test_run__a_line_says_something_personal__taken_out(
    lines: Callable[..., None], settings: SettingsWrapper
) -> None:
    settings.WA_TOKEN = "a-token-of-this-site"
    lines(leaks=lambda _: registry.failed("+250788999321", "a-token-of-this-site"))

    told = json.dumps(preflight.run_preflight().results)

    assert "788999321" not in told
    assert "a-token-of-this-site" not in told


def test_run__rows_that_cannot_be_read__skipped_and_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given
    def gone(*_: object, **__: object) -> None:
        raise OperationalError("the database is gone")

    monkeypatch.setattr(connection, "cursor", gone)

    # When
    done = preflight.run_preflight()

    # Then
    monkeypatch.undo()
    assert of(done, "database.reachable")["status"] == "failed"
    assert of(done, "database.reachable")["setting"] == "DATABASE_URL"
    assert of(done, "vouchers.codes")["status"] == "skipped"
    assert of(done, "code.secrets")["status"] == "ok"
    assert CheckRun.objects.count() == 0


@pytest.mark.parametrize("stage", ["beta", "production"])
def test_run__people_are_served__what_they_need_is_missing__failed(
    settings: SettingsWrapper, stage: str
) -> None:
    settings.ALLOWED_HOSTS = ["agent.example.rw"]
    assert of(preflight.run_preflight(), "people.contacts")["status"] == "warning"

    enter(stage)

    done = preflight.run_preflight()
    assert of(done, "people.contacts")["status"] == "failed"
    assert done.passed is False


def test_run__demonstration__a_sites_lines_are_skipped(
    settings: SettingsWrapper,
) -> None:
    settings.DEMONSTRATION = True

    assert of(preflight.run_preflight(), "site.https")["status"] == "skipped"


def run(*arguments: str) -> tuple[str, int]:
    out, code = io.StringIO(), 0
    try:
        call_command("preflight", *arguments, stdout=out)
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    return out.getvalue(), code


def test_command__passed__each_line_and_exit_0(settings: SettingsWrapper) -> None:
    settings.ALLOWED_HOSTS = ["agent.example.rw"]

    told, code = run("--by", "Odette")

    assert code == 0
    assert "Losing EASYMO_KEYS loses the codes" in told
    starts = ("ok ", "warning ", "failed ", "skipped ")
    titles = [one.title for one in registry.lines()]
    for title in titles:
        [line] = [one for one in told.splitlines() if f" {title}: " in one]
        assert line.startswith(starts)
    assert "[OPENAI_API_KEY]" in told


def test_command__failed__names_the_setting_and_exit_1(
    settings: SettingsWrapper,
) -> None:
    settings.ALLOWED_HOSTS = ["*"]

    told, code = run()

    assert code == 1
    [line] = [one for one in told.splitlines() if one.startswith("failed")]
    assert line.endswith("[ALLOWED_HOSTS]")
    assert "NOT passed: 1 failed" in told


def test_command__json__is_all_there_is_on_stdout(settings: SettingsWrapper) -> None:
    settings.ALLOWED_HOSTS = ["*"]

    told, code = run("--json")

    found = json.loads(told)
    assert code == 1
    assert (found["kind"], found["passed"], found["live"]) == (
        "preflight",
        False,
        False,
    )
    assert found["counts"]["failed"] == 1
    assert set(found["checks"][0]) == {
        "name",
        "title",
        "section",
        "status",
        "detail",
        "remedy",
        "setting",
        "duration_ms",
    }
