"""What MLflow is told of a round: gathered from ledger, git and DVC alone, so it can be late."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from tasks import campaign as at
from tasks.audit.rounds import Rounds
from tasks.domain import state
from tasks.domain.digests import Digest
from tasks.domain.entries import Entry

DATASETS = {
    at.POOL: "pool",
    at.HOLDOUT: "evaluation",
    at.LABELS: "training",
    at.ANSWERS: "answers",
}
"""The files that a round's model and metrics were made of, and MLflow's word for their use."""
UNDONE = "labelloop.undone"
"""The tag that says why a round was undone; it comes later than the others."""
EXAMPLE = 5
"""Items in the model's input example."""
LONGEST = 6000
"""Characters that MLflow takes of a parameter."""


@dataclass(frozen=True)
class Model:
    """The model of a round's snapshot.

    Attributes
    ----------
    content : bytes
        As in DVC; a skops file.
    example : DataFrame
        Some items as the model takes them.
    classes : tuple of str
    packages : mapping of str to str
        Versions that it was made with.
    """

    content: bytes
    digest: Digest
    example: pd.DataFrame
    classes: tuple[str, ...]
    packages: Mapping[str, str]


@dataclass(frozen=True)
class Tracked:
    """One closed round.

    Attributes
    ----------
    start, end : int
        When it was opened and closed, in milliseconds since 1970.
    tags : mapping of str to str
        What it is found by and what vouches for it.
    datasets : mapping of str to Digest
    undone : str
        Why the round was thrown away; empty if it stands.
    """

    campaign: str
    number: int
    start: int
    end: int
    tags: Mapping[str, str]
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    datasets: Mapping[str, Digest]
    undone: str = ""

    @property
    def name(self) -> str:
        """The run's name and the model's alias."""
        return name_of(self.number)


def name_of(number: int) -> str:
    """Give the name of a round's run, which is also the alias of its model."""
    return f"round-{number:04d}"


def key(campaign: str, number: int) -> str:
    """Give what a round's run is found by."""
    return f"{campaign}/{number:04d}"


def gather(rounds: Rounds, campaign: str, number: int) -> Tracked:
    """Gather what is told of a closed round.

    Raises
    ------
    CampaignError, DataError
        A file of the round is nowhere, or is not what the ledger knows.
    """
    opened = _entry(rounds, "round_opened", number)
    closed = _entry(rounds, "round_closed", number)
    files = rounds.files(number)
    return Tracked(
        campaign,
        number,
        _milliseconds(opened),
        _milliseconds(closed),
        tags(rounds, campaign, number),
        dict(_flat("", yaml.safe_load(rounds.content(number, at.PARAMS)))),
        metrics(rounds, number),
        {path: files[path] for path in DATASETS},
        str(rounds.undone.get(number, {}).get("reason", "")),
    )


def tags(rounds: Rounds, campaign: str, number: int) -> dict[str, str]:
    """Give a run's tags; the two hashes hold all digests of the round, and its history."""
    opened, closed = _entry(rounds, "round_opened", number), _entry(rounds, "round_closed", number)
    return {
        **_reopening(rounds, opened),
        "labelloop.campaign": campaign,
        "labelloop.round": str(number),
        "labelloop.key": key(campaign, number),
        "labelloop.tag": closed.body["tag"],
        "labelloop.ledger": rounds.entries[0].digest,
        "labelloop.closed": closed.digest,
    }


def _reopening(rounds: Rounds, opened: Entry) -> dict[str, str]:
    """Say, for the first round after the campaign had stopped, by which changes it goes on."""
    before = state.reopened(rounds.entries[: opened.seq])
    if before is None or any(
        entry.seq > before.seq
        for entry in state.of_kind(rounds.entries[: opened.seq], "round_closed")
    ):
        return {}
    told = json.dumps(before.body["changes"], ensure_ascii=False, sort_keys=True)
    return {"labelloop.reopened": told[:LONGEST]}


def metrics(rounds: Rounds, number: int) -> dict[str, float]:
    """Give a round's metrics with the ends of their intervals, its labels and its costs so far."""
    found: dict[str, float] = {}
    for name, interval in rounds.json(number, at.METRICS).items():
        ends = {"": "value", "_low": "low", "_high": "high"}
        found |= {_spelled(name) + end: float(interval[of]) for end, of in ends.items()}
    summary = rounds.json(number, at.HISTORY)[-1]
    counts = ("labels", "answers", "spent", "alpha", "gold_accuracy", "quarantined", "batch")
    return found | {name: float(summary[name]) for name in counts if summary[name] is not None}


def model(rounds: Rounds, number: int) -> Model | None:
    """Read the model of a round's snapshot; None if there were too few labels for one."""
    card = rounds.json(number, at.CARD)
    if not card["fitted"]:
        return None
    columns = [name for names in card["features"].values() for name in names]
    return Model(
        rounds.content(number, at.MODEL),
        rounds.files(number)[at.MODEL],
        _example(rounds.content(number, at.HOLDOUT), columns),
        tuple(card["trained_classes"]),
        _entry(rounds, "round_opened", number).body["packages"],
    )


def _example(holdout: bytes, columns: list[str]) -> pd.DataFrame:
    file = pq.ParquetFile(pa.BufferReader(holdout))
    empty = file.schema_arrow.empty_table().select(columns)
    first = next(file.iter_batches(batch_size=EXAMPLE, columns=columns), None)
    table = pa.Table.from_batches([first]).select(columns) if first else empty
    # An example is written as JSON, which has no decimals.
    plain = [
        pa.field(field.name, pa.float64() if pa.types.is_decimal(field.type) else field.type)
        for field in table.schema
    ]
    return pd.DataFrame(table.cast(pa.schema(plain)).to_pandas())


def champion(rounds: Rounds, number: int) -> int | None:
    """Find the round so far that has the highest lower end of accuracy; the newest of equals."""
    history = rounds.json(number, at.HISTORY)
    ends = [
        (one["metrics"]["accuracy"]["low"], one["round"])
        for one in history
        if "accuracy" in one["metrics"]
    ]
    return max(ends)[1] if ends else None


def unmarked(rounds: Rounds) -> list[int]:
    """List the rounds that were undone without MLflow knowing it yet."""
    marked = {entry.round for entry in state.of_kind(rounds.entries, "marked")}
    return sorted(rounds.undone.keys() - marked)


def _entry(rounds: Rounds, kind: str, number: int) -> Entry:
    entry = state.last(rounds.entries, kind, number)
    if entry is None:
        raise ValueError(f"round {number} has no {kind}")
    return entry


def _milliseconds(entry: Entry) -> int:
    return int(datetime.fromisoformat(entry.at).timestamp() * 1000)


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _flat(f"{prefix}.{name}" if prefix else str(name), inner)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield _spelled(prefix), text[:LONGEST]


def _spelled(name: str) -> str:
    """Spell a name so that MLflow takes it; what it does not take becomes its code point."""
    parts = [re.sub(r"[^A-Za-z0-9_. :-]", _code_point, part) for part in name.split("/", 1)]
    # MLflow reads names as paths, where a part of dots alone leads elsewhere.
    return "/".join(part if part.strip(".") else part.replace(".", "_2e") for part in parts)[:250]


def _code_point(found: re.Match[str]) -> str:
    return f"_{ord(found[0]):x}"
