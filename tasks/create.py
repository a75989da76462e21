"""Make a campaign: everything is thought out first, built beside its place, then renamed."""

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from tasks import campaign as at
from tasks import dvcfile, needs, pool, validate
from tasks.campaign import Campaign
from tasks.domain.errors import CampaignError, ParamsError
from tasks.domain.files import pretty_json
from tasks.ingest import infer, leaks
from tasks.ingest.draw import draw
from tasks.ingest.source import EXAMPLE, MADE_ID, open_source
from tasks.ingest.template import Plan, params_yaml
from tasks.ledger.s3 import S3Ledger
from tasks.params import parse
from tasks.trust import own
from tasks.versions import data, dvc_config, git, remotes

SCP = re.compile(r"[^/]+:")
"""How git also writes an address: host:path."""
IGNORED = """\
# What belongs to this machine, and what DVC keeps.
/.labelloop/
/data/source/
/data/*.parquet
/exports/
/base/
/round/
/snapshot/
/report.html
/mlflow.db
/mlruns/
.*.tmp
"""
KEPT = (
    ".dvc",
    ".dvcignore",
    ".gitignore",
    "data/source.dvc",
    at.PARAMS,
    at.PIPELINE,
    at.ROUND,
    at.HOLDOUT_IDS,
    at.GOLD_IDS,
    "suites",
)


@dataclass(frozen=True)
class Request:
    """What a user asks `labelloop init` for.

    Attributes
    ----------
    directory : Path
        New or empty.
    pool : Path or None
        A file or folder of items; or else `example` names bundled ones.
    item_id, label : str or None
        Columns; None to find them.
    classes : list of str or None
        None to take those that the label column has.
    confirmed : tuple of str
        Columns that may be features although they give the class away.
    holdout, gold : int
        How many items to draw for evaluation and for measuring annotators.
    remote : str or None
        A default DVC remote; with `git_remote` an ``s3://`` prefix, which has the ledger too.
    git_remote : str or None
        An empty repository, where machines meet that all run the campaign.
    endpoint : str or None
        Where S3 is spoken, if not at AWS.
    """

    directory: Path
    pool: Path | None = None
    example: str | None = None
    item_id: str | None = None
    label: str | None = None
    classes: list[str] | None = None
    confirmed: tuple[str, ...] = ()
    holdout: int = 500
    gold: int = 40
    remote: str | None = None
    git_remote: str | None = None
    endpoint: str | None = None

    @property
    def data_remote(self) -> str | None:
        """Where DVC keeps the bytes."""
        shared = self.git_remote is not None
        return f"{self.remote}/dvc" if shared else self.remote


@dataclass(frozen=True)
class Planned:
    """A campaign before anything of it is written.

    Attributes
    ----------
    texts : dict of str to str
        Its files that are text, by name.
    plan : Plan
    remarks : tuple of str
        What had to be guessed of the items, for people to judge.
    """

    texts: dict[str, str]
    plan: Plan
    remarks: tuple[str, ...]


def create(request: Request) -> Campaign:
    """Make the campaign that is asked for; as `think_out` and `make`."""
    return make(request, think_out(request))


def think_out(request: Request) -> Planned:
    """Find out all that a campaign needs, so that every mistake shows before anything is written.

    Raises
    ------
    CampaignError
        The directory is not empty, or a remote cannot be used or has a campaign already.
    DataError, ParamsError
        The pool cannot be a campaign's.
    """
    _refuse_occupied(request.directory)
    if request.data_remote is not None:
        dvc_config.refuse_no_place("url", _address(request.data_remote), "--remote")
    planned = _planned(request)
    if request.remote:
        needs.confirm_typed(request.directory, request.remote, request.endpoint or "")
    _refuse_occupied_remotes(request)
    return planned


def make(request: Request, planned: Planned) -> Campaign:
    """Make a campaign as it was thought out, or nothing of it."""
    request.directory.parent.mkdir(parents=True, exist_ok=True)
    parent = request.directory.resolve().parent
    building = Path(tempfile.mkdtemp(dir=parent, prefix=f".{request.directory.name}."))
    try:
        building.chmod(0o755)
        _build(building, request, planned.texts)
        if request.directory.exists():
            request.directory.rmdir()
        building.rename(request.directory)
    except BaseException:
        shutil.rmtree(building)
        raise
    own.take(request.directory.resolve() / at.PRIVATE)
    return at.find(request.directory)


def _refuse_occupied(directory: Path) -> None:
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        fix = "name a new or empty directory"
        raise CampaignError("is there already and not empty", where=str(directory), fix=fix)


def _refuse_occupied_remotes(request: Request) -> None:
    """Find out before anything is written whether the remotes are there, and empty."""
    if request.git_remote is None:
        return
    if request.remote is None or not request.remote.startswith("s3://"):
        fix = "name one with --remote s3://bucket/prefix"
        raise ParamsError("needs a bucket for ledger and data", where="--git", fix=fix)
    remotes.refuse_occupied(_address(request.git_remote))
    with tempfile.TemporaryDirectory() as folder:
        ledger = S3Ledger(request.remote, Path(folder) / at.LEDGER, request.endpoint)
        ledger.refuse_unfit()
        if ledger.entries():
            fix = "name another prefix, or clone the campaign that is there"
            raise CampaignError("has a campaign's ledger already", where=request.remote, fix=fix)


def _source(request: Request) -> str:
    if (request.pool is None) == (request.example is None):
        raise ParamsError("name either --pool or --example")
    return f"{EXAMPLE}{request.example}" if request.pool is None else str(request.pool)


def _planned(request: Request) -> Planned:
    source = open_source(_source(request), Path.cwd())
    id_column = infer.pick_id(source.columns, request.item_id)
    label = infer.pick_label(source.columns, request.label)
    found = source.read(id=id_column, label=label)
    columns = infer.infer(found.table, id=id_column, label=label, classes=request.classes)
    items = pool.named(found.table, id=id_column or MADE_ID, label=label)
    plan = Plan(
        name=request.example or request.directory.resolve().name,
        columns=leaks.without(columns, items, request.confirmed),
        source=at.SOURCE if request.pool else _source(request),
        largest=infer.largest_share(items["label"]),
        ledger=request.remote if request.git_remote else None,
        endpoint=request.endpoint if request.git_remote else None,
    )
    return Planned(_texts(request, plan, items), plan, found.remarks)


def _texts(request: Request, plan: Plan, items: pa.Table) -> dict[str, str]:
    text = params_yaml(plan)
    params = parse(text)
    ids, known = items["item_id"].to_pylist(), items["label"].to_pylist()
    holdout, gold = draw(ids, known, request.holdout, request.gold, params.campaign.seed)
    return {
        at.PARAMS: text,
        at.PIPELINE: dvcfile.render(params),
        at.ROUND: pretty_json({"round": 0, "base": {}}),
        at.HOLDOUT_IDS: "".join(f"{item}\n" for item in holdout),
        at.GOLD_IDS: "".join(f"{item}\n" for item in gold),
        ".gitignore": IGNORED,
        **validate.default_suites(params, items),
    }


def _build(root: Path, request: Request, texts: dict[str, str]) -> None:
    git.init(root)
    data.init(root)
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    if request.pool is not None:
        _copy(request.pool, root / at.SOURCE)
        data.add(root, at.SOURCE)
    if request.data_remote is not None:
        data.add_remote(root, _address(request.data_remote), request.endpoint)
    made = Campaign(root)
    pool.run(made, made.params())
    git.commit(root, "Make the campaign", KEPT)
    if request.git_remote is not None:
        data.push(root, [])
        remotes.connect(root, _address(request.git_remote))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        target.mkdir()
        shutil.copy2(source, target / source.name)


def _address(remote: str) -> str:
    """Make a folder absolute: a clone of the campaign must find it too."""
    is_folder = "://" not in remote and not SCP.match(remote)
    return str(Path(remote).resolve()) if is_folder else remote
