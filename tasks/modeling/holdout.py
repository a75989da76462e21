"""What every round's model says of the holdout, and what that is worth by today's labels.

Labels of the holdout change as answers come in, and there may be more of them from round to round.
Figures of different rounds can be compared only on the same labels: so the predictions of every
round are kept for all items of the holdout, and past rounds are measured anew.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from tasks.domain import tables
from tasks.domain.choosing import Floats, Strings
from tasks.modeling import intervals
from tasks.modeling.intervals import Resampling

PROBABILITY = "probability/"
"""Before a class's name: the column of its probability."""


def table(
    item_ids: Sequence[str], label: "pd.Series[str]", probabilities: Floats, classes: Sequence[str]
) -> pd.DataFrame:
    """Make the rows of one round; `label` is what was believed then, by ``item_id``."""
    columns = {PROBABILITY + name: probabilities[:, k] for k, name in enumerate(classes)}
    labels = pd.Series(item_ids).map(label).astype(object)
    return pd.DataFrame(
        {"item_id": list(item_ids), "label": labels.where(labels.notna(), None)} | columns
    )


def joined(past: pd.DataFrame, newest: pd.DataFrame, round_number: int) -> pd.DataFrame:
    """Add a round's rows to those of the rounds before; a class that is new had no chance then."""
    parts = [part for part in (newest.assign(round=round_number), past) if len(part)]
    if not parts:
        return past
    together = pd.concat(parts, ignore_index=True)
    chances = [name for name in together.columns if name.startswith(PROBABILITY)]
    together[chances] = together[chances].fillna(0.0)
    return together.sort_values(["round", "item_id"], kind="stable", ignore_index=True)


def columns(rows: pd.DataFrame) -> tables.Table:
    """Say how rows of `joined` lie on disk."""
    chances = {name: tables.REAL for name in rows.columns if name.startswith(PROBABILITY)}
    known = tables.HOLDOUT_PREDICTIONS
    return tables.Table(known.columns | chances, known.sort)


def compare(
    past: pd.DataFrame,
    labels: "pd.Series[str]",
    newest: pd.DataFrame,
    classes: Sequence[str],
    resampling: Resampling,
) -> list[dict[str, Any]]:
    """Measure past rounds by today's labels.

    Parameters
    ----------
    past, newest : DataFrame
        Rows of `joined`: of the rounds before, and of this one.
    labels : Series
        The label that every item of the holdout has now, by ``item_id``.
    classes : sequence of str

    Returns
    -------
    list of dict
        For each round with a model, oldest first: ``round``; ``holdout``, the number of items that
        it is measured on; ``labels_changed`` and ``labels_added`` since; ``metrics`` as
        `intervals.measure`; and ``gained``, how much more the newest round has, as
        `intervals.gain`.
    """
    return [
        _compared(int(str(number)), rows, labels, newest, classes, resampling)
        for number, rows in past.groupby("round", sort=True)
        if rows["item_id"].isin(labels.index).any()
    ]


def _compared(
    number: int,
    rows: pd.DataFrame,
    labels: "pd.Series[str]",
    newest: pd.DataFrame,
    classes: Sequence[str],
    resampling: Resampling,
) -> dict[str, Any]:
    known = rows[rows["item_id"].isin(labels.index)]
    truth = _strings(known["item_id"].map(labels))
    then = known["label"]
    both = known[known["item_id"].isin(newest["item_id"])]
    shared = newest.set_index("item_id").loc[both["item_id"]]
    gained = (
        intervals.gain(
            _strings(both["item_id"].map(labels)),
            probabilities(shared, classes),
            probabilities(both, classes),
            classes,
            resampling,
        )
        if len(both)
        else {}
    )
    return {
        "round": number,
        "holdout": len(known),
        "labels_changed": int((then.notna() & (then.to_numpy() != truth)).sum()),
        "labels_added": int(then.isna().sum()),
        "metrics": intervals.measure(truth, probabilities(known, classes), classes, resampling),
        "gained": gained,
    }


def probabilities(rows: pd.DataFrame, classes: Sequence[str]) -> Floats:
    """Give the probabilities in rows of `joined`, shape (n, c); 0 of a class that came later."""
    names = [PROBABILITY + name for name in classes]
    found: Floats = rows.reindex(columns=names, fill_value=0.0).to_numpy(dtype="float64")
    return found


def _strings(values: "pd.Series[Any]") -> Strings:
    found: Strings = values.to_numpy(dtype=object)
    return found
