"""Whether the data are what they are expected to be; if not, no round starts."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.domain import digests
from tasks.domain.errors import DataError
from tasks.domain.files import pretty_json, write_atomic
from tasks.domain.stage import Stage
from tasks.ingest.readers import read_parquet
from tasks.params import Params
from tasks.validation import content, findings, slices, suites
from tasks.validation.defaults import default_suites
from tasks.validation.findings import Finding

__all__ = ["STAGE", "check", "default_suites", "run"]

POOL_SUITE, ANSWERS_SUITE, LABELS_SUITE = at.SUITES
FRAMES = {
    "pool": (at.POOL, POOL_SUITE, "item_id"),
    "holdout": (at.HOLDOUT, POOL_SUITE, "item_id"),
    "answers": (at.BASE_ANSWERS, ANSWERS_SUITE, "answer_id"),
    "labels": (at.BASE_LABELS, LABELS_SUITE, "item_id"),
}
"""What is looked at: its file, its suite, and the column that names its rows."""

STAGE = Stage(
    "validate",
    inputs=(*(file for file, _, _ in FRAMES.values()), *at.SUITES),
    outputs=(at.VALIDATION,),
    params=("features",),
)


def check(
    frames: Mapping[str, pa.Table], texts: Mapping[str, str], features: Sequence[str]
) -> list[Finding]:
    """Look at all data.

    Parameters
    ----------
    frames : mapping of str to pyarrow.Table
        pool, holdout, answers and labels.
    texts : mapping of str to str
        The suites' JSON by their file names, as `default_suites` gives them.
    features : sequence of str
        The columns that make two items the same.

    Returns
    -------
    list of Finding
        What holds and what does not, in a fixed order.

    Raises
    ------
    DataError
        A suite cannot be read.
    """
    results = {
        name: _result(name, frames[name], texts[suite]) for name, (_, suite, _) in FRAMES.items()
    }
    return _findings(results, frames, features)


def run(campaign: Campaign, params: Params) -> dict[str, Any]:
    """Write ``round/validation.json``, then refuse to go on where an expectation says so.

    Raises
    ------
    DataError
        A suite cannot be read, or an expectation that is critical does not hold: its name, how
        many rows, the first ids.
    """
    found = _validated(campaign, params.features.columns)
    failed = [one for one in found if not one.success]
    report = {"expectations": [one.to_json() for one in found]}
    write_atomic(campaign.path(at.VALIDATION), pretty_json(report))
    _refuse([one for one in failed if one.severity == "stop"])
    return {
        "expectations": len(found),
        "warnings": len(failed),
        "lines": [str(one) for one in failed],
    }


def _validated(campaign: Campaign, features: Sequence[str]) -> list[Finding]:
    missing = [name for name in STAGE.inputs if not campaign.path(name).exists()]
    if missing:
        raise DataError("is missing", where=missing[0], fix="restore it with `dvc checkout`")
    digest = {name: digests.of_file(campaign.path(name)).sha256 for name in STAGE.inputs}
    results = {
        name: _result_of_file(campaign.root, name, digest[file], digest[suite])
        for name, (file, suite, _) in FRAMES.items()
    }
    tables = ("pool", "holdout", "labels")
    frames = {name: read_parquet(campaign.path(FRAMES[name][0])) for name in tables}
    return _findings(results, frames, features)


@lru_cache(maxsize=len(FRAMES))
def _result_of_file(root: Path, name: str, file_digest: str, suite_digest: str) -> Any:
    """Validate a file once: from round to round, pool and holdout stay as they are."""
    file, suite, _ = FRAMES[name]
    return _result(name, read_parquet(root / file), (root / suite).read_bytes())


def _result(name: str, table: pa.Table, text: str | bytes) -> Any:
    _, suite, id_column = FRAMES[name]
    return slices.run(name, table, _asked(suites.parse(text, suite), name), id_column)


def _asked(suite: suites.Suite, frame: str) -> suites.Suite:
    """Warn of new ranges and categories in the pool alone: the holdout never changes."""
    return suite.critical if frame == "holdout" else suite


def _findings(
    results: Mapping[str, Any], frames: Mapping[str, pa.Table], features: Sequence[str]
) -> list[Finding]:
    found = [
        one
        for name, (_, _, id_column) in FRAMES.items()
        for one in findings.of_result(name, results[name], id_column)
    ]
    return [*found, *content.check(frames["pool"], frames["holdout"], frames["labels"], features)]


def _refuse(stopping: Sequence[Finding]) -> None:
    if stopping:
        others = len(stopping) - 1
        more = f" (and {others} more, in {at.VALIDATION})" if others else ""
        fix = "mend the data, or what the suite expects of them"
        raise DataError(f"{stopping[0]}{more}", where="validation", fix=fix)
