"""One round, as a Prefect flow over scripts and command lines: ``python flow.py ROUND``."""

import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import names
import pandas as pd
from prefect import flow, task

SECONDS: dict[str, float] = defaultdict(float)
"""By component; what remains of the process is Prefect's."""


@contextmanager
def spent_on(component: str) -> Iterator[None]:
    """Measure a step."""
    began = time.perf_counter()
    yield
    SECONDS[component] += time.perf_counter() - began


def command(component: str, *words: str) -> None:
    """Run a command line."""
    with spent_on(component):
        subprocess.run(words, check=True, capture_output=True, text=True)


@task
def validate() -> None:
    """Check the tables."""
    command("Great Expectations", sys.executable, "validate.py")


@task
def learn(number: int) -> None:
    """Train, score, and have the batch answered."""
    command("training and scoring", sys.executable, "learn.py", str(number))


@task
def review() -> None:
    """Keep the answers and aggregate them."""
    with spent_on("own"):
        from crowdkit.aggregation import DawidSkene

        answers = pd.concat([pd.read_parquet(path) for path in (names.ANSWERS, names.ARRIVED)])
        answers.to_parquet(names.ANSWERS)
        votes = answers.rename(columns={"item_id": "task", "annotator_id": "worker"})
        votes = votes.sort_values(["task", "worker"]).drop_duplicates(["task", "worker"])
        chances = DawidSkene(n_iter=100).fit_predict_proba(votes)
        labels = pd.DataFrame({"label": chances.idxmax(axis=1), "confidence": chances.max(axis=1)})
        labels = labels.assign(status="labelled").reset_index(names="item_id")
        labels.to_parquet(names.LABELS)


@task
def version(number: int) -> None:
    """Put the data into DVC, and all the rest into git under a tag."""
    command("DVC", sys.executable, "-m", "dvc", "add", "--quiet", *names.VERSIONED)
    command("DVC", sys.executable, "-m", "dvc", "push", "--quiet")
    command("git", "git", "add", "--all")
    command("git", "git", "commit", "--quiet", "--message", f"Round {number}")
    command("git", "git", "tag", "--annotate", "--message", f"Round {number}", f"round-{number}")


@task
def track(number: int) -> None:
    """Tell MLflow."""
    command("MLflow", sys.executable, "track.py", str(number))


@flow(name="plain")
def label_round(number: int) -> None:
    """Go through one round."""
    validate()
    learn(number)
    review()
    version(number)
    track(number)


if __name__ == "__main__":
    label_round(int(sys.argv[1]))
    Path("seconds.json").write_text(json.dumps(SECONDS))
