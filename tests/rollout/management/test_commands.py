from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from rollout.core.features import Feature
from rollout.flags import cohorts
from rollout.flags.exposure import functions_are_removed
from rollout.models import AgentFlag, FlagChange, Incident, RollbackEvent

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_flags__fresh__four_lines_all_off() -> None:
    # When
    lines = run("flags").splitlines()

    # Then
    assert [line.split()[:2] for line in lines] == [
        [feature.value, "off"]
        for feature in (
            Feature.CHAT,
            Feature.VOICE,
            Feature.VOUCHERS,
            Feature.CUSTOMER_LOOKUP,
        )
    ]


def test_flags__full_rollback__said_after_the_four_lines() -> None:
    # Given
    run("rollback", "full", "--reason", "wrong amounts", "--by", "Odette")

    # When
    lines = run("flags").splitlines()

    # Then
    assert [line.split()[0] for line in lines[:4]] == [f.value for f in Feature]
    assert len(lines) == 5
    since = timezone.localtime(RollbackEvent.objects.get().at)
    assert lines[4] == (
        f"Full rollback in force since {since:%Y-%m-%d %H:%M}, by Odette: wrong amounts"
        ' (end it with: rollback restore --reason "…")'
    )

    # When
    run("rollback", "restore", "--reason", "mended")

    # Then
    assert len(run("flags").splitlines()) == 4


def test_flags_set__limited__told_in_full(settings: object) -> None:
    # Given
    cohorts.make_cohort(name="beta")
    settings.FEATURES_FORCED_OFF = frozenset({"FEATURE_AGENT_CHAT"})  # type: ignore[attr-defined]

    # When
    run(
        *("flags", "set", "FEATURE_AGENT_CHAT=on", "--percent", "12.5"),
        *("--cohort", "beta", "--reason", "slowly", "--by", "Odette"),
    )
    line = run("flags").splitlines()[0]

    # Then
    assert line.split()[:2] == ["FEATURE_AGENT_CHAT", "on"]
    for part in (
        "12.5 %",
        "cohorts beta",
        "forced off by the environment",
        "by Odette at",
        "slowly",
    ):
        assert part in line


def test_flags_set__feature_after_the_cohort__set_for_it() -> None:
    # Given
    cohorts.make_cohort(name="beta")

    # When
    run("flags", "set", "--cohort", "beta", "FEATURE_AGENT_CHAT=on", "--reason", "x")

    # Then
    assert "cohorts beta" in run("flags").splitlines()[0]


@pytest.mark.parametrize("word", ["on", "true", "1", "ON"])
def test_flags_set__each_word__on_and_off(word: str) -> None:
    # When
    run("flags", "set", f"FEATURE_AGENT_CHAT={word}", "--reason", "go")

    # Then
    assert AgentFlag.objects.get(name=Feature.CHAT).everyone is True


@pytest.mark.parametrize(
    "arguments",
    [
        ["FEATURE_AGENT_CHAT=on"],
        ["FEATURE_AGENT_CHAT=on", "--reason", ""],
        ["FEATURE_AGENT_CHAT=on", "--reason", "a\x00b"],
        ["FEATURE_AGENT_CHAT=maybe", "--reason", "x"],
        ["FEATURE_AGENT_CHAT", "--reason", "x"],
        ["=on", "--reason", "x"],
        ["FEATURE_AGENT_OTHER=on", "--reason", "x"],
        ["FEATURE_AGENT_CHAT=on", "FEATURE_AGENT_CHAT=off", "--reason", "x"],
        ["FEATURE_AGENT_CHAT=on", "--percent", "0", "--reason", "x"],
        ["FEATURE_AGENT_CHAT=on", "--percent", "1e1", "--reason", "x"],
        ["FEATURE_AGENT_CHAT=on", "--percent", "٥", "--reason", "x"],
        ["FEATURE_AGENT_CHAT=on", "--percent", "nan", "--reason", "x"],
        ["FEATURE_AGENT_CHAT=on", "--cohort", "nobody", "--reason", "x"],
        ["FEATURE_AGENT_CHAT=on", "--cohort", "'; DROP TABLE x --", "--reason", "x"],
        ["FEATURE_AGENT_CHAT=off", "--percent", "5", "--reason", "x"],
        ["FEATURE_AGENT_CHAT=on", "--reason", "x", "--by", "\ud800"],
        ["FEATURE_AGENT_CHAT=on", "--reason", "x", "--by", " "],
        ["--reason", "x"],
        ["--cohort", "a", "FEATURE_AGENT_CHAT=maybe", "--reason", "x"],
    ],
)
def test_flags_set__nonsense__one_clear_sentence(arguments: list[str]) -> None:
    # Given
    before = FlagChange.objects.count()

    # When
    with pytest.raises(CommandError) as caught:
        run("flags", "set", *arguments)

    # Then
    assert str(caught.value)
    assert FlagChange.objects.count() == before


def test_rollback_quick__reason__off_and_told() -> None:
    # Given
    run("flags", "set", "FEATURE_AGENT_VOUCHERS=on", "--reason", "go")

    # When
    told = run("rollback", "quick", "--reason", "outage", "--by", "Odette")

    # Then
    assert "All features are off (FEATURE_AGENT_VOUCHERS)." in told
    assert "Fence proven" in told
    assert Incident.objects.get().opened_by == "Odette"


def test_rollback_partial__one_feature__the_others_stay() -> None:
    # Given
    both = ["FEATURE_AGENT_VOUCHERS=on", "FEATURE_AGENT_CHAT=on"]
    run("flags", "set", *both, "--reason", "go")

    # When
    told = run("rollback", "partial", "FEATURE_AGENT_VOUCHERS", "--reason", "wrong")

    # Then
    assert "Turned off (FEATURE_AGENT_VOUCHERS)." in told
    assert "FEATURE_AGENT_CHAT on" in " ".join(run("flags").split())


def test_rollback_full__then_restore__functions_answer_again_and_all_is_off() -> None:
    # Given
    run("flags", "set", "FEATURE_AGENT_VOUCHERS=on", "--reason", "go")

    # When
    told = run("rollback", "full", "--reason", "start over")

    # Then
    assert "the functions are disabled" in told
    assert functions_are_removed() is True
    assert "every feature stays as it is" in run(
        "rollback", "restore", "--reason", "mended"
    )
    assert functions_are_removed() is False
    assert AgentFlag.objects.exclude(everyone=False).exists() is False
    assert len(run("flags").splitlines()) == len(Feature)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["quick"],
        ["quick", "--reason", " "],
        ["partial", "--reason", "x"],
        ["partial", "FEATURE_AGENT_NONE", "--reason", "x"],
        ["restore", "--reason", "nothing was taken away"],
    ],
)
def test_rollback__nonsense__one_clear_sentence(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        run("rollback", *arguments)
    assert Incident.objects.exists() is False
