"""The stages in order, and what it means that one of them is done."""

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.domain import arithmetic, crash, digests, environment, state
from tasks.domain.digests import Digest
from tasks.domain.entries import Entry
from tasks.domain.errors import CampaignError, LedgerError
from tasks.domain.ports import Ledger
from tasks.domain.stage import Stage
from tasks.params import Params
from tasks.trust import confined
from tasks.versions.keeping import Keeping

BEFORE_SENDING = ("pool", "open", "validate", "train", "score", "push")
AFTER_ANSWERS = ("collect", "review", "evaluate", "stop")
NAMES = BEFORE_SENDING + AFTER_ANSWERS


def module(name: str) -> ModuleType:
    """Import a stage's module."""
    return importlib.import_module(f"tasks.{name}")


def stage(name: str, params: Params) -> Stage:
    """Give a stage's declaration for this campaign."""
    declared: Stage = module(name).STAGE
    if name == "pool" and params.pool.source == at.SOURCE:
        return replace(declared, inputs=(*declared.inputs, at.SOURCE))
    return declared


def outputs(params: Params) -> list[str]:
    """List all files that the stages write."""
    return [name for one in NAMES for name in stage(one, params).outputs]


@dataclass(frozen=True)
class Result:
    """What a stage did.

    Attributes
    ----------
    summary : mapping
        What its `run` returned, now or when it was first done.
    skipped : bool
        It was done already.
    """

    summary: Mapping[str, Any]
    skipped: bool


def advance(
    campaign: Campaign, params: Params, ledger: Ledger, keeping: Keeping, name: str
) -> Result:
    """Do a stage of the open round, unless the ledger has it done with the same inputs.

    Raises
    ------
    CampaignError
        Its inputs changed after the batch that they led to was sent, or are not what the stages
        before it left.
    LedgerError
        The same inputs gave other outputs than before.
    """
    declared = stage(name, params)
    before = latest(ledger, campaign.round, name)
    if before and _has_params(before, declared, params) and keeping.is_elsewhere(before):
        return Result(before.body["summary"], skipped=True)
    read = (*declared.inputs, *(campaign.intake(declared.intake) if declared.intake else ()))
    keeping.need(read)
    inputs = input_digests(campaign, read)
    key = _key(declared, inputs, params)
    done = _done(ledger, campaign.round, name, key)
    if done and _outputs(campaign, declared) == done.body["outputs"]:
        return Result(done.body["summary"], skipped=True)
    if not done and name in BEFORE_SENDING:
        _refuse_if_sent(ledger, campaign.round, declared, inputs, params)
    _refuse_strange(ledger, campaign.round, inputs)
    with crash.scope(name):
        summary = compute(name, campaign, params, **expected(declared, inputs))
        outputs = _outputs(campaign, declared)
        if done and outputs != done.body["outputs"]:
            raise _not_reproducible(name, campaign.round, done.body["outputs"], outputs)
        if not done:
            keeping.leave(outputs)
            body = _body(name, key, inputs, params.sections(*declared.params), outputs, summary)
            ledger.record(campaign.round, "stage", body)
    return Result(summary, skipped=False)


def compute(
    name: str, campaign: Campaign, params: Params, *, own: bool | None = None, **options: Any
) -> dict[str, Any]:
    """Do a stage's offline half; gives its summary.

    Parameters
    ----------
    own : bool or None
        Whether the data is this user's own; None if it is what the campaign is. With a stranger's
        it is done in a process that may die of it.
    **options
        Of the stage's `run`; plain JSON.
    """
    if campaign.is_own if own is None else own:
        return compute_here(name, campaign, params, **options)
    asked = (name, str(campaign.root), options)
    function = f"{__name__}:{compute_confined.__name__}"
    summary: dict[str, Any] = confined.call(function, *asked, where=f"stage {name}")
    return summary


def compute_here(name: str, campaign: Campaign, params: Params, **options: Any) -> dict[str, Any]:
    """Do it in this process."""
    with arithmetic.one_thread():
        summary: dict[str, Any] = module(name).run(campaign, params, **options)
    return summary


def compute_confined(name: str, root: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Do it in this process, as it is asked for from outside it."""
    campaign = Campaign(Path(root))
    return compute_here(name, campaign, campaign.params(), **options)


def expected(declared: Stage, inputs: Mapping[str, Digest]) -> dict[str, Any]:
    """Give what a stage's `run` is told of the model that it reads."""
    return {"model": inputs[declared.model].sha256} if declared.model in inputs else {}


def latest(ledger: Ledger, round_number: int, name: str) -> Entry | None:
    """Find the newest entry that says a stage of a round is done."""
    return next(_stages(ledger, round_number, name), None)


def _stages(ledger: Ledger, round_number: int, name: str) -> Iterator[Entry]:
    for entry in state.of_kind(ledger.entries()[::-1], "stage", round_number):
        if entry.body["stage"] == name:
            yield entry


def _has_params(entry: Entry, declared: Stage, params: Params) -> bool:
    now = params.sections(*declared.params)
    return bool(
        entry.body["params"] == {section: digests.of_value(value) for section, value in now.items()}
    )


def _done(ledger: Ledger, round_number: int, name: str, key: str) -> Entry | None:
    return next((e for e in _stages(ledger, round_number, name) if e.body["key"] == key), None)


def _key(declared: Stage, inputs: Mapping[str, Digest], params: Params) -> str:
    return digests.of_value(
        [declared.name, digests.of_many(inputs), params.sections(*declared.params)]
    )


def _body(
    name: str,
    key: str,
    inputs: Mapping[str, Digest],
    sections: Mapping[str, Any],
    outputs: Mapping[str, Any],
    summary: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "stage": name,
        "key": key,
        "inputs": {path: digest.to_body() for path, digest in inputs.items()},
        "params": {section: digests.of_value(value) for section, value in sections.items()},
        "outputs": outputs,
        "summary": summary,
        **environment.facts(),
    }


def input_digests(campaign: Campaign, names: tuple[str, ...]) -> dict[str, Digest]:
    """Digest files, and all files of folders; raises `CampaignError` for one that is missing."""
    found: dict[str, Digest] = {}
    for name in names:
        for path in _files(campaign.path(name)):
            found[str(path.relative_to(campaign.root))] = digests.of_file(path)
    return found


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    if not path.exists():
        fix = "restore it with `dvc checkout`, or with `git checkout` if git has it"
        raise CampaignError("is missing", where=str(path), fix=fix)
    return [path]


def _outputs(campaign: Campaign, declared: Stage) -> dict[str, Any]:
    names = [name for name in declared.outputs if name not in declared.persists]
    there = tuple(name for name in names if campaign.path(name).exists())
    return {name: digest.to_body() for name, digest in input_digests(campaign, there).items()}


def _refuse_if_sent(
    ledger: Ledger,
    round_number: int,
    declared: Stage,
    inputs: Mapping[str, Digest],
    params: Params,
) -> None:
    sent = state.last(ledger.entries(), "batch_intended", round_number)
    before = latest(ledger, round_number, declared.name)
    if sent is None or before is None:
        return
    changed = [path for path in inputs if inputs[path].to_body() != before.body["inputs"].get(path)]
    sections = params.sections(*declared.params)
    changed += [
        f"{at.PARAMS} {section}"
        for section, value in sections.items()
        if digests.of_value(value) != before.body["params"].get(section)
    ]
    raise CampaignError(
        f"changed after the batch of round {round_number} was sent",
        where=", ".join(changed),
        fix="put it back until the round is closed, then change it",
    )


def _refuse_strange(ledger: Ledger, round_number: int, inputs: Mapping[str, Digest]) -> None:
    """Refuse to read what a stage of the round wrote and somebody changed afterwards."""
    stages = state.of_kind(ledger.entries(), "stage", round_number)
    written = [entry.body["outputs"] for entry in stages]
    for path, digest in inputs.items():
        known = [outputs[path] for outputs in written if path in outputs]
        if known and digest.to_body() not in known:
            fix = "restore it with `dvc checkout --force`, or run `labelloop audit`"
            raise CampaignError("is not what the ledger knows", where=path, fix=fix)


def _not_reproducible(
    name: str, round_number: int, before: Mapping[str, Any], now: Mapping[str, Any]
) -> LedgerError:
    differ = [path for path in now if now[path] != before.get(path)]
    return LedgerError(
        f"the same inputs gave other bytes than before in round {round_number}",
        where=f"stage {name}, {', '.join(differ)}",
        fix="restore the file with `dvc checkout --force`; `labelloop replay` says what changed",
    )
