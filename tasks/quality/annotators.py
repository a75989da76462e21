"""Who answered, how fast, and how well."""

import pandas as pd

from tasks.domain import tables
from tasks.quality import gold as known
from tasks.quality.answers import one_each


def table(answers: pd.DataFrame, gold: pd.DataFrame) -> pd.DataFrame:
    """Describe every annotator, as `tasks.domain.tables.ANNOTATORS`.

    Parameters
    ----------
    answers : DataFrame
        The newest revisions (`tasks.domain.tables.ANSWERS`).
    gold : DataFrame
        Columns item_id, label.
    """
    if answers.empty:
        return tables.ANNOTATORS.empty()
    people = answers.groupby("annotator_id")
    described = pd.DataFrame(
        {"n_answers": people.size(), "median_seconds": people["seconds"].median()}
    )
    described = described.join(known.by_annotator(answers, gold)).join(agreement(answers))
    described["n_gold"] = described["n_gold"].fillna(0).astype("int64")
    return described.reset_index()


def agreement(answers: pd.DataFrame) -> "pd.Series[float]":
    """Give the share of each annotator's answers that equal what most of the others said.

    The item's label would not do: the annotator's own answer helped to make it. An answer that is
    one of several that the others gave equally often counts as that part of one: it has that chance
    to be the label that they would choose. Items that nobody else answered say nothing.
    """
    single = one_each(answers)
    same = single.groupby(["item_id", "label"])["annotator_id"].transform("size")
    given = single.assign(own=same - 1)
    rivals = given[["item_id", "label"]].assign(votes=same).drop_duplicates()
    pairs = given.merge(rivals, on="item_id", suffixes=("", "_other"))
    # What the others said: one vote less for what the annotator said too.
    pairs["votes"] -= pairs["label"] == pairs["label_other"]
    of_answer = pairs.groupby(["annotator_id", "item_id"])
    most = of_answer["votes"].transform("max")
    pairs["first"] = (pairs["votes"] == most) & (most > 0)
    found = pairs.groupby(["annotator_id", "item_id"]).agg(
        most=("votes", "max"), own=("own", "first"), tied=("first", "sum")
    )
    found = found[found["most"] > 0]
    equal = (found["own"] == found["most"]) / found["tied"]
    return equal.groupby("annotator_id").mean().rename("agreement")
