"""A round's batch as the page shows it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from tasks.reporting.data import Content, Given, Query, RoundReport, Share

SHOWN = 60
"""Items of a round that the page shows."""

Labels = Mapping[str, Given]


def given(labels: pd.DataFrame | None) -> dict[str, Given]:
    """Take the labels out of a table like `tables.LABELS`."""
    if labels is None:
        return {}
    return {
        row["item_id"]: Given(
            row["label"] if isinstance(row["label"], str) else "", row["confidence"], row["status"]
        )
        for row in labels.to_dict("records")
    }


def batch(one: RoundReport, decisions: pd.DataFrame | None, labels: Labels) -> RoundReport:
    """Put a round's query decisions into its report, without what the items hold.

    Parameters
    ----------
    decisions : DataFrame or None
        As `tables.DECISIONS`; None if the round has made none yet.
    """
    if decisions is None:
        return one
    chosen = decisions[decisions["selected"]].sort_values(["rank", "item_id"])
    guesses = dict(zip(chosen["item_id"], chosen["class_1"], strict=True))
    answered = {item_id: labels[item_id].label for item_id in guesses if _is_final(labels, item_id)}
    return replace(
        one,
        shares=_shares(chosen),
        queried=len(chosen),
        labelled=len(answered),
        foreseen=sum(guesses[item_id] == label for item_id, label in answered.items()),
        queries=tuple(_query(row, labels) for row in chosen.head(SHOWN).to_dict("records")),
    )


def fill(one: RoundReport, contents: Mapping[str, Content]) -> RoundReport:
    """Put what the items hold into a round's report."""
    queries = (replace(query, content=contents.get(query.item_id)) for query in one.queries)
    return replace(one, queries=tuple(queries))


def _shares(chosen: pd.DataFrame) -> tuple[Share, ...]:
    counts = Counter(chosen["strategy"])
    cutoffs = chosen.groupby("strategy")["cutoff"].first()
    return tuple(
        Share(name, counts[name], float(cutoffs.get(name, float("nan"))))
        for name in sorted(counts, key=lambda name: (-counts[name], name))
    )


def _query(row: Mapping[Any, Any], labels: Labels) -> Query:
    return Query(
        row["item_id"],
        int(row["rank"]),
        row["strategy"],
        float(row["score"]),
        float(row["inclusion_probability"]),
        row["reason"],
        guesses=tuple(
            (row[f"class_{place}"], float(row[f"probability_{place}"]))
            for place in (1, 2)
            if isinstance(row[f"class_{place}"], str)
        ),
        given=labels.get(row["item_id"]),
    )


def _is_final(labels: Labels, item_id: str) -> bool:
    return item_id in labels and labels[item_id].status == "labelled"
