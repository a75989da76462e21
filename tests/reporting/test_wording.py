from dataclasses import replace

import pytest

from tasks.reporting import formats, wording


def test_says_what_the_labels_brought(data):
    assert wording.learning(data.rounds) == (
        "Accuracy went from 0.712 with 1,200 labels to 0.812 with 1,220 labels. The last 10 labels "
        "cost 1.00 and moved it by +0.050."
    )


def test_says_when_there_is_little_to_say(data):
    assert wording.learning(()).startswith("No model has been measured yet")
    assert "Measured once so far: accuracy 0.712" in wording.learning(data.rounds[:1])


@pytest.mark.parametrize(("low", "said"), [(0.01, "is more than chance"), (-0.01, "may be chance")])
def test_a_step_is_judged_by_pairs_of_the_same_items(data, low, said):
    gained = {"accuracy": {"value": 0.05, "low": low, "high": 0.09}}
    before = replace(data.rounds[1], summary=replace(data.rounds[1].summary, gained=gained))
    words = wording.learning((data.rounds[0], before, data.rounds[2]))
    assert f"moved it by +0.050 [{formats.MINUS if low < 0 else '+'}0.010, +0.090]" in words
    assert words.endswith(f"over the same items, which {said}.")


def test_says_what_accuracy_is_to_be_compared_with(data):
    assert wording.beside(None) == wording.beside(data.last) == ""
    more = {
        "baseline/accuracy": {"value": 0.98},
        "baseline/macro_f1": {"value": 0.495},
        "label_error": {"value": 0.1404, "low": 0.1, "high": 0.2},
        "ceiling/accuracy": {"value": 0.86},
    }
    said = wording.beside(replace(data.last, metrics={**data.last.metrics, **more}))
    assert said == (
        "Always answering the largest class would have accuracy 0.980 and macro-F1 0.495. "
        "About 14% of the holdout\u2019s own labels are wrong (between 10% and 20%), so that a "
        "model without a mistake would show accuracy 0.860."
    )


def test_says_which_past_figures_changed_and_why(data):
    assert wording.revised(data.rounds) == ""
    first = data.rounds[0].summary
    then = {"accuracy": {"value": 0.7, "low": 0.6, "high": 0.8}}
    one = replace(first, measured=then, labels_changed=1, labels_added=30)
    assert wording.revised([replace(data.rounds[0], summary=one), *data.rounds[1:]]) == (
        "Accuracy of past rounds was measured anew by the labels that the holdout has now: "
        "round 0 from 0.700 to 0.712 (1 label changed and 30 labels came in)."
    )


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
