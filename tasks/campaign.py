"""Where each file of a campaign lies."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks import params
from tasks.domain import round_record
from tasks.domain.digests import Digest
from tasks.domain.errors import CampaignError, DataError
from tasks.trust import links, machine, own, repository

PARAMS = "params.yaml"
PIPELINE = "dvc.yaml"
ROUND = "round.json"
HOLDOUT_IDS = "holdout.txt"
GOLD_IDS = "gold.txt"
SUITES = ("suites/pool.json", "suites/answers.json", "suites/labels.json")
SOURCE = "data/source"
ADDED = "data/added"
"""Items that came after the campaign was made."""
IMPORTED = "data/imported"
"""Labels that were bought or made elsewhere."""

POOL = "data/pool.parquet"
HOLDOUT = "data/holdout.parquet"
GOLD = "data/gold.parquet"
SEED_LABELS = "data/seed_labels.parquet"
TRUTH = "data/truth.parquet"

BASE_LABELS = "base/labels.parquet"
BASE_ANSWERS = "base/answers.parquet"
BASE_SENT = "base/sent.parquet"
BASE_HISTORY = "base/history.json"
BASE_MODEL = "base/model.skops"
BASE_CARD = "base/model.json"
BASE_HOLDOUT_PREDICTIONS = "base/holdout_predictions.parquet"

VALIDATION = "round/validation.json"
QUERY_MODEL = "round/model.skops"
QUERY_CARD = "round/model.json"
DECISIONS = "round/decisions.parquet"
BATCH = "round/batch.parquet"
INBOX = "round/inbox.jsonl"
EGRESS = "round/egress.jsonl"
EXPORT = "round/export.jsonl"
QUARANTINE = "round/quarantine.parquet"
QUALITY = "round/quality.json"
ANNOTATORS = "round/annotators.parquet"
COMPARISON = "round/comparison.json"
STOP = "round/stop.json"

SENT = "snapshot/sent.parquet"
ANSWERS = "snapshot/answers.parquet"
LABELS = "snapshot/labels.parquet"
MODEL = "snapshot/model.skops"
CARD = "snapshot/model.json"
PREDICTIONS = "snapshot/predictions.parquet"
HOLDOUT_PREDICTIONS = "snapshot/holdout_predictions.parquet"
METRICS = "snapshot/metrics.json"
HISTORY = "snapshot/history.json"

KEPT_BY_DVC = ("data/", "base/", "round/", "snapshot/")

DECIDED = (PARAMS, PIPELINE, ROUND, HOLDOUT_IDS, GOLD_IDS, *SUITES)
"""What git keeps and a round was done by; its tag vouches for it as for what stages wrote."""
MADE = frozenset(
    value
    for value in list(globals().values())
    if isinstance(value, str) and value.startswith(KEPT_BY_DVC) and "." in value
)
"""Every file that some stage reads or writes, and DVC keeps."""
BROUGHT = re.compile(rf"({SOURCE}|{ADDED}|{IMPORTED})(/(?!\.{{1,2}}(/|$))[^/\\\x00-\x1f\x7f]+)+")
"""The path of a file that was brought: its name is its owner's own."""

LEDGER = "ledger"
REPORT = "report.html"
EXPORTS = "exports"
PRIVATE = ".labelloop"
"""What belongs to this machine and not to the campaign: locks, kept bytes, the simulated vendor."""
FOLDERS = ("data", "base", "round", "snapshot", "suites", LEDGER)
PLACES = (
    *(".git", ".dvc", ".dvcignore", ".gitignore", "dvc.lock", f"{SOURCE}.dvc", *FOLDERS),
    *(SOURCE, ADDED, IMPORTED, REPORT, EXPORTS, PRIVATE, "mlflow.db", "mlruns"),
    *(*DECIDED, *sorted(MADE)),
)
"""Where labelloop reads and writes: none of it may lead to somewhere else."""


@dataclass(frozen=True)
class Campaign:
    """A campaign's directory.

    Attributes
    ----------
    root : Path
        Absolute.
    """

    root: Path

    def path(self, name: str) -> Path:
        """Find a file by one of this module's names."""
        return self.root / name

    def params(self) -> params.Params:
        """Read params.yaml; raises `tasks.domain.errors.ParamsError`."""
        return params.load(self.path(PARAMS))

    @property
    def record(self) -> dict[str, Any]:
        """What the open round was opened with: round.json.

        Raises
        ------
        CampaignError
            It is none.
        DataError
            It names a file that is none of a campaign's.
        """
        found = round_record.parse(self.path(ROUND).read_bytes(), ROUND)
        for name in RECORDED:
            refuse_foreign(found.get(name, {}))
        return found

    @property
    def round(self) -> int:
        """The number of the round that is open, by round.json."""
        return int(self.record["round"])

    def intake(self, folder: str) -> dict[str, Digest]:
        """List the files of a folder that came in and count in the open round, by round.json.

        A folder of items that is tried out before it is a campaign's has no round.json, and none.
        """
        record = self.record if self.path(ROUND).exists() else {}
        counted = record.get("intake", {}).items()
        return {name: Digest(**of) for name, of in counted if name.startswith(f"{folder}/")}

    @property
    def private(self) -> Path:
        """The folder outside version control; made when first asked for."""
        return machine.private(self.path(PRIVATE))

    @property
    def is_own(self) -> bool:
        """Whether it is this user's own, and no stranger's (`tasks.trust.own`)."""
        return own.is_own(self.path(PRIVATE))


RECORDED = ("base", "intake")
"""What round.json has of files with their digests."""


def is_named(path: str) -> bool:
    """Whether a path is one that stages declare, or of a file that was brought."""
    return path in MADE or path in DECIDED or path == SOURCE or bool(BROUGHT.fullmatch(path))


def refuse_foreign(files: Mapping[str, Any]) -> None:
    """Refuse files, given with their digests, that are none of a campaign's.

    Raises
    ------
    DataError
        Names the first whose path no stage declares, or whose digest is none.
    """
    for path, body in files.items():
        if path == SOURCE or not is_named(path):
            raise DataError("is no path that a stage declares", where=repr(path[:80]))
        Digest.of_body(body, where=path)


def find(directory: Path) -> Campaign:
    """Take a directory as a campaign.

    Raises
    ------
    CampaignError
        It is none, or brings what no campaign may bring (`refusals`).
    """
    campaign = located(directory)
    refused = refusals(campaign)
    if refused:
        first, more = refused[0], len(refused) - 1
        fix = f"{first.fix} (`labelloop audit` lists {more} more)" if more else first.fix
        raise CampaignError(first.what, where=first.where, fix=fix)
    return campaign


def located(directory: Path) -> Campaign:
    """Take a directory as a campaign, whatever it brings: nothing of it may be read yet.

    Raises
    ------
    CampaignError
        It is none.
    """
    root = directory.resolve()
    marks = {PARAMS: "campaign", ".git": "git repository", ".dvc": "DVC repository"}
    for name, kind in marks.items():
        if not (root / name).exists():
            raise CampaignError(
                f"is not a {kind} ({name} is missing)",
                where=str(directory),
                fix="make a campaign with `labelloop init`, or name one with -C",
            )
    return Campaign(root)


def refusals(campaign: Campaign) -> list[CampaignError]:
    """List what a campaign brings that no campaign may bring, before anything of it is read."""
    root, is_own = campaign.root, campaign.is_own
    refused = _refused(lambda: links.refuse_special(root, PLACES, is_own=is_own))
    if not is_own:
        refused += _refused(lambda: links.refuse_leading_away(root, FOLDERS))
        settings = _refused(lambda: repository.refuse_settings(root))
        if settings:
            # git, which knows what is tracked, is not called with such settings.
            return refused + settings
    return refused + _refused(lambda: repository.refuse_tracked(root, PRIVATE))


def _refused(look: Callable[[], None]) -> list[CampaignError]:
    try:
        look()
    except CampaignError as error:
        return [error]
    return []
