import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.domain.outlook import RoundSummary
from tasks.domain.tables import QUARANTINE
from tasks.reporting import tallies
from tasks.reporting.data import ReportData, RoundReport

COUNTS = st.dictionaries(st.text(max_size=3), st.integers(0, 50), max_size=30)


def report(*rounds, classes=()):
    summary = RoundSummary(0, {}, 0, 0, 0.0)
    closed = (RoundReport(n, summary, classes=one) for n, one in enumerate(rounds))
    return ReportData("trees", tuple(classes), rounds=tuple(closed))


@settings(max_examples=50, deadline=None)
@given(st.lists(COUNTS, min_size=1, max_size=3), st.lists(st.text(max_size=3), unique=True))
def test_bars_hold_every_label_once(rounds, classes):
    for bar, one in zip(tallies.balance(report(*rounds, classes=classes)), rounds, strict=True):
        assert bar.labels == sum(one.values())
        assert sum(segment.labels for segment in bar.segments) == bar.labels
        assert len(bar.segments) <= tallies.SHOWN + 1
        whole = sum(segment.share for segment in bar.segments)
        assert whole == pytest.approx(1.0 if bar.labels else 0.0)


def test_a_class_keeps_its_colour_and_order_though_it_has_no_label_yet():
    first, last = tallies.balance(report({"b": 2}, {"a": 1, "b": 3}, classes=("a", "b")))
    assert [(one.name, one.place, one.labels) for one in first.segments] == [
        ("a", 0, 0),
        ("b", 1, 2),
    ]
    assert [(one.name, one.start, one.share) for one in last.segments] == [
        ("a", 0.0, 0.25),
        ("b", 0.25, 0.75),
    ]


def test_of_many_classes_the_largest_are_shown():
    counts = {f"c{n:02d}": n for n in range(20)}
    (bar,) = tallies.balance(report(counts, classes=sorted(counts)))
    *shown, rest = bar.segments
    assert [one.name for one in shown] == [f"c{n:02d}" for n in range(9, 20)]
    assert (rest.name, rest.labels) == ("9 other classes", sum(range(9)))


def test_reasons_are_counted_the_most_frequent_first():
    frame = pd.DataFrame(
        {
            "round": [2, 0, 0, 1],
            "page": [0, 1, 0, 0],
            "position": [0, 0, 5, 0],
            "reason": ["b", "a", "b", "c"],
            "record": ["r2", "r01", "r00", "r1"],
        }
    )
    found = tallies.quarantine(frame)
    assert found.records == 4
    assert [(one.words, one.records, one.rounds) for one in found.reasons] == [
        ("b", 2, (0, 2)),
        ("a", 1, (0,)),
        ("c", 1, (1,)),
    ]
    assert [row["record"] for row in found.first] == ["r2", "r1", "r00", "r01"]


def test_many_reasons_are_one_in_the_end():
    n = tallies.RECORDS + 20
    frame = pd.DataFrame({"round": 0, "page": 0, "position": range(n), "record": "{}"})
    found = tallies.quarantine(frame.assign(reason=[f"reason {i}" for i in range(n)]))
    assert len(found.reasons) == tallies.REASONS
    assert found.more == n - tallies.REASONS
    assert len(found.first) == tallies.RECORDS


def test_an_empty_quarantine_is_empty():
    assert tallies.quarantine(QUARANTINE.empty()) == tallies.Quarantine(0, (), 0, ())
