"""How often a campaign is stopped by `plateau` while its model still gets better.

Campaigns on real, labelled items: every round trains a logistic regression, and asks for 40 items
by margin and 4 at random. They run on through all rounds; then the rule is asked after each of
them, as it would have been. What a model is really worth is measured on items that were neither in
pool nor holdout. A stop is early by as much as the models of the last three rounds are better.

Beside it stands the rule that compares values: it stops when the best of the last rounds beats the
best before by less than 0.002.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tasks.domain.choosing import Floats, Strings
from tasks.domain.outlook import Outlook, RoundSummary
from tasks.modeling import intervals
from tasks.modeling.intervals import Resampling
from tasks.stopping.plateau import Plateau

HOLDOUT, BATCH, RANDOM, BACK, END = 500, 40, 4, 4, 3
EARLY = (0.002, 0.005, 0.01)
Rule = Callable[["Campaign", int, int], bool]


@dataclass(frozen=True)
class Campaign:
    """One campaign that was run to its end.

    Attributes
    ----------
    labels : ndarray of str, shape (n,)
        Of the holdout.
    said : list of ndarray of float64, shape (n, c)
        What the model of each round says of it.
    worth : list of float
        The accuracy of each round's model on other items.
    """

    classes: tuple[str, ...]
    labels: Strings
    said: list[Floats]
    worth: list[float]


def run(items: Floats, labels: Strings, rounds: int, seed: int) -> Campaign:
    """Run a campaign on items in an order of its own."""
    rng = np.random.default_rng(seed)
    held, rest = np.split(rng.permutation(len(items)), [HOLDOUT])
    judge, pool = np.split(rest, [len(rest) * 2 // 5])
    classes = tuple(sorted(set(labels)))
    taken = list(pool[: BATCH + RANDOM])
    said, worth = [], []
    for _ in range(rounds):
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
        model.fit(items[taken], labels[taken])
        said.append(model.predict_proba(items[held]))
        worth.append(float((model.predict(items[judge]) == labels[judge]).mean()))
        left = np.setdiff1d(pool, taken)
        best = np.sort(model.predict_proba(items[left]), axis=1)
        doubtful = left[np.argsort(best[:, -1] - best[:, -2], kind="stable")]
        taken += [*doubtful[:BATCH], *rng.choice(doubtful[BATCH:], RANDOM, replace=False)]
    return Campaign(classes, labels[held], said, worth)


def values(gain: float) -> Rule:
    """Compare the best value of the newest rounds with the best before."""

    def fires(campaign: Campaign, n: int, newest: int) -> bool:
        right = [
            float(
                (np.array(campaign.classes)[one[:n].argmax(axis=1)] == campaign.labels[:n]).mean()
            )
            for one in campaign.said[: newest + 1]
        ]
        return max(right[-BACK:]) - max(right[:-BACK]) < gain

    return fires


def paired(gain: float) -> Rule:
    """Ask the rule `plateau`."""
    rule = Plateau("accuracy", BACK, gain)

    def fires(campaign: Campaign, n: int, newest: int) -> bool:
        now, before = (campaign.said[number][:n] for number in (newest, newest - BACK))
        gained = intervals.gain(
            campaign.labels[:n], now, before, campaign.classes, Resampling(500, 0.95, newest)
        )
        there = {"accuracy": {"value": 0.5}}
        rounds = tuple(
            RoundSummary(number, there, 1, 1, 0.0, gained=gained) for number in range(BACK + 1)
        )
        return rule.verdict(Outlook(rounds, None, 1.0, 1)).fires

    return fires


RULES = {
    "values, gain 0.002": values(0.002),
    "paired, gain 0.002": paired(0.002),
    "paired, gain 0.01": paired(0.01),
}


def asked(rule: Rule, campaigns: Sequence[Campaign], n: int) -> dict[str, float]:
    """Count the campaigns that a rule stops, and those that it stops early."""
    lost, stops = [], []
    for campaign in campaigns:
        end = float(np.mean(campaign.worth[-END:]))
        stop = next(
            (r for r in range(BACK, len(campaign.said) - END) if rule(campaign, n, r)), None
        )
        if stop is not None:
            stops.append(stop)
            lost.append(end - campaign.worth[stop])
    return {
        "stopped": len(stops) / len(campaigns),
        **{f"early by {by}": sum(one >= by for one in lost) / len(campaigns) for by in EARLY},
        "round": float(np.median(stops)) if stops else float("nan"),
        "lost": float(np.mean(lost)) if lost else 0.0,
    }


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("items", type=Path, help="parquet: numbers, and a column of classes")
    parser.add_argument("--label", default="label")
    parser.add_argument("--campaigns", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    frame = pd.read_parquet(given.items)
    labels = frame[given.label].astype(str).to_numpy(dtype=object)
    items = frame.drop(columns=given.label).select_dtypes("number").to_numpy(dtype=float)
    campaigns = [run(items, labels, given.rounds, seed) for seed in range(given.campaigns)]
    found = [
        {"rule": name, "holdout": n, **asked(rule, campaigns, n)}
        for name, rule in RULES.items()
        for n in (100, 200, 500)
    ]
    if given.json:
        print(json.dumps(found))
        return
    early = [f"early by {by}" for by in EARLY]
    print(
        f"| rule | holdout | stopped | {' | '.join(early)} | at round (median) | forgone (mean) |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for one in found:
        shares = " | ".join(f"{one[name]:.0%}" for name in ("stopped", *early))
        where = f"{one['round']:.0f} | {one['lost']:.4f}"
        print(f"| {one['rule']} | {one['holdout']} | {shares} | {where} |")


if __name__ == "__main__":
    main()
