from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.language.normalise import plain, readings, visible

ANY_TEXT = st.text(max_size=200)
WORD = st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=4, max_size=12)
# Shows nothing: zero-width marks, joiners, direction marks, soft hyphen, BOM, tags.
INVISIBLE = st.sampled_from(
    ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u202e", "\U000e0041"]
)


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("１０，０００", "10,000"),
        ("٥٠٠٠", "5000"),
        ("१२३", "123"),
        ("𝟏𝟐𝟑", "123"),
        ("a\u00a0b\u202fc", "a b c"),
        ("a\u2014b\u2212c", "a-b-c"),
        ("a\x00b\ud800c", "abc"),
        ("one\r\ntwo\u2029three", "one \ntwo\nthree"),
    ],
)
def test_visible__disguise__is_taken_off(written: str, seen: str) -> None:
    assert visible(written) == seen


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("ÉMIS", "emis"),
        ("İSSUED", "issued"),
        ("іѕѕuеd", "issued"),
        ("Ｄｏｎｅ", "done"),
        ("𝐝𝐨𝐧𝐞", "done"),
        ("d̶o̶n̶e̶", "done"),
        ("✅", "tickmark"),
    ],
)
def test_plain__disguise__reads_as_the_word(written: str, word: str) -> None:
    assert plain(written).strip() == word


@given(ANY_TEXT)
def test_visible__anything__may_be_stored_and_looks_the_same_again(text: str) -> None:
    once = visible(text)
    once.encode("utf-8")
    assert "\x00" not in once
    assert visible(once) == once


@given(ANY_TEXT)
def test_plain__anything__is_stable(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@given(ANY_TEXT)
def test_readings__anything__hold_words_and_single_spaces_only(text: str) -> None:
    for reading in readings(text):
        assert set(reading) <= set("abcdefghijklmnopqrstuvwxyz0123456789 ")
        assert "  " not in reading


@given(WORD, st.data())
def test_readings__hidden_marks_inside__find_the_word(
    word: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(1, len(word) - 1))
    assert word in readings(word[:place] + data.draw(INVISIBLE) + word[place:])


@given(WORD, st.sampled_from([" ", ".", "-", "_", "*", " · "]))
def test_readings__letters_apart__find_the_word(word: str, mark: str) -> None:
    assert word in readings(mark.join(word))


@given(WORD)
def test_readings__any_case__finds_the_word(word: str) -> None:
    assert word in readings(word.upper())
