from dataclasses import replace

import pytest

from tasks.reporting import formats, wording


def test_says_what_the_labels_brought(data):
    assert wording.learning(data.rounds) == (
        "Accuracy went from 0.712 with 1,200 labels to 0.812 with 1,220 labels. The last 10 labels "
        "cost 1.00 and moved it by +0.050, which lies beyond its interval."
    )


def test_says_when_there_is_little_to_say(data):
    assert wording.learning(()).startswith("No model has been measured yet")
    assert "Measured once so far: accuracy 0.712" in wording.learning(data.rounds[:1])


def test_a_step_that_the_interval_covers_is_told_as_such(data):
    last = data.rounds[2]
    wide = {"accuracy": {"value": 0.8123, "low": 0.7, "high": 0.9}}
    summary = replace(last.summary, metrics=wide)
    words = wording.learning((*data.rounds[:2], replace(last, summary=summary)))
    assert words.endswith("moved it by +0.050, which lies within its interval.")


def test_a_loss_is_a_loss(data):
    assert f"moved it by {formats.MINUS}0.050" in wording.learning(data.rounds[::-1])


def test_first_guesses_are_only_spoken_of_when_there_were_some(data):
    one = data.rounds[0]
    assert wording.foreseen(one) == "first guess right for 1 of 2"
    assert wording.foreseen(replace(one, labelled=0)) == ""
    silent = tuple(replace(query, guesses=()) for query in one.queries)
    assert wording.foreseen(replace(one, queries=silent)) == ""


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (formats.count(1234567), "1,234,567"),
        (formats.count(None), formats.NOTHING),
        (formats.money(1234.5), "1,234.50"),
        (formats.rate(float("nan")), formats.NOTHING),
        (formats.rate(-0.5), f"{formats.MINUS}0.500"),
        (formats.score(0.000012345), f"1.234e{formats.MINUS}05"),
        (formats.percent(0.95), "95%"),
        (formats.percent(0.999), "99.9%"),
        (formats.interval({"value": 0.5}), ""),
        (formats.interval(None), ""),
        (formats.size(0), "0 B"),
        (formats.size(999), "999 B"),
        (formats.size(123456), "123 kB"),
        (formats.size(10**18), "1e+06 TB"),
        (formats.moment("2026-03-04T10:11:12.131415+00:00"), "2026-03-04 10:11"),
        (formats.shortened("four", 4), "four"),
        (formats.shortened("fifth", 4), "fif…"),
        (formats.plural(1, "item"), "1 item"),
        (formats.plural(0, "item"), "0 items"),
    ],
)
def test_values_are_written(written, expected):
    assert written == expected


@pytest.mark.parametrize("bad", ["\x00", "\x1b", "\u202e", "\u2066", "\ud800", "\x7f"])
def test_what_cannot_be_shown_is_replaced(bad):
    assert formats.clean(f"a{bad}b\n") == "a\ufffdb\n"
