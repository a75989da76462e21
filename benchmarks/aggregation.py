"""How right aggregated labels are, and how right they say they are, on real crowds' answers."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from crowdkit.aggregation import DawidSkene as CrowdKit
from crowdkit.aggregation import MajorityVote

from tasks import registry
from tasks.quality.aggregation import _votes

HEADER = "| set | aggregator | accuracy | stated confidence | log-loss |\n|---|---|---|---|---|"
LEAST = 1e-10
"""The least probability that counts, as in crowd-kit."""


@dataclass(frozen=True)
class Drawn:
    """Some answers of a set.

    Attributes
    ----------
    answers : DataFrame
        Columns item_id, annotator_id, label.
    truth : Series
        The class of every item.
    gold : dict
        The classes that aggregators may see; these items do not count.
    """

    answers: pd.DataFrame
    truth: "pd.Series[str]"
    gold: dict[str, str]


def main() -> None:
    """Print a table of all sets in a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="has SET.parquet and SET.annotations.parquet")
    parser.add_argument("sets", nargs="+", help="item_id, label; item_id, annotator_id, label")
    parser.add_argument("--answers", type=int, default=3, help="of an item")
    parser.add_argument("--gold", type=float, default=0.1, help="share of known items")
    parser.add_argument("--rare", type=float, help="items of the first class per other item")
    parser.add_argument("--draws", type=int, default=20, help="of answers and gold")
    given = parser.parse_args()
    print(HEADER)
    for name in given.sets:
        measured = pd.concat(
            score(draw(given.folder, name, seed, given)) for seed in range(given.draws)
        )
        for aggregator, row in measured.groupby(level=0, sort=False).mean().iterrows():
            figures = " | ".join(f"{value:.3f}" for value in row)
            print(f"| {name} | {aggregator} | {figures} |", flush=True)


def draw(folder: Path, name: str, seed: int, given: argparse.Namespace) -> Drawn:
    """Draw some answers of each item, and the items that are gold."""
    rng = np.random.default_rng(seed)
    read = pd.read_parquet(folder / f"{name}.annotations.parquet")
    answers = read[["item_id", "annotator_id", "label"]].astype(str)
    truth = pd.read_parquet(folder / f"{name}.parquet").set_index("item_id")["label"].astype(str)
    if given.rare is not None:
        truth = _with_few(truth, given.rare, rng)
        answers = answers[answers["item_id"].isin(truth.index)]
    answers = answers.iloc[rng.permutation(len(answers))].groupby("item_id").head(given.answers)
    items = rng.permutation(np.array(sorted(set(answers["item_id"])), dtype=object))
    gold = items[: round(given.gold * len(items))]
    return Drawn(answers, truth, truth[gold].to_dict())


def _with_few(truth: "pd.Series[str]", share: float, rng: np.random.Generator) -> "pd.Series[str]":
    first = truth[truth == min(truth)].sort_index()
    others = truth[truth != min(truth)]
    kept = rng.permutation(len(first))[: max(3, round(share * len(others)))]
    return pd.concat([others, first.iloc[kept]])


def score(drawn: Drawn) -> pd.DataFrame:
    """Measure accuracy, mean confidence and log-loss of each aggregator, gold left out."""
    classes = sorted(set(drawn.truth))
    rows = {}
    for name, found in _found(drawn, classes):
        rest = found[~found["item_id"].isin(list(drawn.gold))]
        right = rest["label"].to_numpy() == drawn.truth[rest["item_id"]].to_numpy()
        confidence = rest["confidence"].to_numpy()
        said = np.where(right, confidence, 1 - confidence).clip(LEAST, 1)
        rows[name] = (right.mean(), confidence.mean(), -np.log(said).mean())
    return pd.DataFrame.from_dict(rows, orient="index")


def _found(drawn: Drawn, classes: list[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    votes = _votes.ordered(drawn.answers)
    with _votes.quietly():
        for name, model in (("majority", MajorityVote()), ("crowd-kit", CrowdKit(n_iter=100))):
            probabilities = model.fit_predict_proba(votes)
            yield name, _votes.consensus(probabilities, votes, classes).labels
    ours = registry.build("aggregators", "dawid_skene")
    yield "dawid_skene", ours.aggregate(drawn.answers, classes, drawn.gold).labels
    yield "dawid_skene, no gold", ours.aggregate(drawn.answers, classes, {}).labels


if __name__ == "__main__":
    main()
