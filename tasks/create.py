"""Make a campaign: everything is thought out first, built beside its place, then renamed."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tasks import campaign as at
from tasks import dvcfile, pool, validate
from tasks.campaign import Campaign
from tasks.domain.errors import CampaignError, ParamsError
from tasks.domain.files import pretty_json
from tasks.ingest import infer
from tasks.ingest.draw import draw
from tasks.ingest.source import EXAMPLE, open_source
from tasks.ingest.template import Plan, params_yaml
from tasks.params import parse
from tasks.versions import data, git

IGNORED = """\
# What belongs to this machine, and what DVC keeps.
/.labelloop/
/data/source/
/data/*.parquet
/base/
/round/
/snapshot/
/report.html
/data_docs/
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
    holdout, gold : int
        How many items to draw for evaluation and for measuring annotators.
    remote : str or None
        A default DVC remote.
    """

    directory: Path
    pool: Path | None = None
    example: str | None = None
    item_id: str | None = None
    label: str | None = None
    classes: list[str] | None = None
    holdout: int = 500
    gold: int = 40
    remote: str | None = None


def create(request: Request) -> Campaign:
    """Make the campaign that is asked for.

    Raises
    ------
    CampaignError
        The directory is not empty.
    DataError, ParamsError
        The pool cannot be a campaign's; nothing is written then.
    """
    _refuse_occupied(request.directory)
    texts = _texts(request)
    request.directory.parent.mkdir(parents=True, exist_ok=True)
    parent = request.directory.resolve().parent
    building = Path(tempfile.mkdtemp(dir=parent, prefix=f".{request.directory.name}."))
    try:
        building.chmod(0o755)
        _build(building, request, texts)
        if request.directory.exists():
            request.directory.rmdir()
        building.rename(request.directory)
    except BaseException:
        shutil.rmtree(building)
        raise
    return at.find(request.directory)


def _refuse_occupied(directory: Path) -> None:
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        fix = "name a new or empty directory"
        raise CampaignError("is there already and not empty", where=str(directory), fix=fix)


def _source(request: Request) -> str:
    if (request.pool is None) == (request.example is None):
        raise ParamsError("name either --pool or --example")
    return f"{EXAMPLE}{request.example}" if request.pool is None else str(request.pool)


def _texts(request: Request) -> dict[str, str]:
    """Write all files that are text, so that every mistake shows before anything is on disk."""
    source = open_source(_source(request), Path.cwd())
    id_column = infer.pick_id(source.columns, request.item_id)
    label = infer.pick_label(source.columns, request.label)
    table = source.table(id=id_column, label=label)
    columns = infer.infer(table, id=id_column, label=label, classes=request.classes)
    text = params_yaml(
        Plan(
            name=request.example or request.directory.resolve().name,
            columns=columns,
            source=at.SOURCE if request.pool else _source(request),
        )
    )
    params = parse(text)
    items = pool.named(table, id=id_column, label=label)
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
    if request.remote is not None:
        data.add_remote(root, _address(request.remote))
    made = Campaign(root)
    pool.run(made, made.params())
    git.commit(root, "Make the campaign", KEPT)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        target.mkdir()
        shutil.copy2(source, target / source.name)


def _address(remote: str) -> str:
    """Make a folder absolute: a clone of the campaign must find it too."""
    return remote if "://" in remote else str(Path(remote).resolve())
