"""Who answered, how fast, and how well."""

import pandas as pd

from tasks.domain import tables
from tasks.quality import gold as known


def table(answers: pd.DataFrame, labels: pd.DataFrame, gold: pd.DataFrame) -> pd.DataFrame:
    """Describe every annotator, as `tasks.domain.tables.ANNOTATORS`.

    Parameters
    ----------
    answers : DataFrame
        The newest revisions (`tasks.domain.tables.ANSWERS`).
    labels : DataFrame
        What the items' labels became (`tasks.domain.tables.LABELS`).
    gold : DataFrame
        Columns item_id, label.
    """
    if answers.empty:
        return tables.ANNOTATORS.empty()
    people = answers.groupby("annotator_id")
    described = pd.DataFrame(
        {"n_answers": people.size(), "median_seconds": people["seconds"].median()}
    )
    described = described.join(known.by_annotator(answers, gold)).join(_agreement(answers, labels))
    described["n_gold"] = described["n_gold"].fillna(0).astype("int64")
    return described.reset_index()


def _agreement(answers: pd.DataFrame, labels: pd.DataFrame) -> "pd.Series[float]":
    believed = labels.dropna(subset=["label"]).set_index("item_id")["label"]
    judged = answers[answers["item_id"].isin(believed.index)]
    equal = judged["label"].to_numpy() == judged["item_id"].map(believed).to_numpy()
    shares = judged.assign(equal=equal).groupby("annotator_id")["equal"].mean()
    return shares.rename("agreement")
