"""``labelloop add``: more items for a campaign's pool."""

import re
import shutil
from pathlib import Path

import pyarrow as pa

from tasks import campaign as at
from tasks import checks, pool
from tasks.domain import crash, digests, intake
from tasks.domain.errors import DataError
from tasks.ingest.added import joined, units
from tasks.ingest.readers import PACKED
from tasks.ingest.room import most
from tasks.ingest.source import MADE_ID, Source, open_source
from tasks.params import Params
from tasks.take_in import Facts, again, take_in
from tasks.trial import laid_out
from tasks.work import Work, opened, refuse_uncommitted


def add(directory: Path, path: Path) -> Facts:
    """Add items, of which the next round to be opened knows; an open round stays as it is.

    The file, or the folder of files, is copied into the campaign. Doing it again with the same
    file changes nothing.

    Raises
    ------
    DataError
        It cannot be read, its columns are not those of the campaign, an id is there already, a
        class is none of the campaign's, or a suite refuses an item; nothing is written then.
    CampaignError
        Files that people keep in git have changes that are not committed.
    """
    with opened(directory) as work, crash.scope("add"):
        refuse_uncommitted(work.campaign)
        name = f"{at.ADDED}/{_name(path)}"
        if done := again(work, name):
            return done
        items = _refuse_unfit(work, path)
        with laid_out(work, {name: path}) as trial:
            said = checks.try_items(work, trial)
        body = {"file": path.resolve().name, "items": items}
        facts = take_in(work, name, lambda target: _copy(path, target), intake.ADDED, body)
        return {**facts, "checked": said}


def _name(path: Path) -> str:
    """Name what is added after its content, so that it always goes to the same place."""
    if not path.exists():
        raise DataError("is missing", where=str(path), fix="name a file or a folder of items")
    whole = path.resolve()
    contents = digests.of_tree(whole.parent, whole.name)
    suffix = "" if path.is_dir() else path.suffix
    if suffix in PACKED:
        suffix = Path(path.stem).suffix + suffix
    stem = re.sub(r"[^A-Za-z0-9._-]", "_", whole.name.removesuffix(suffix)).lstrip("._")
    return f"{stem or 'items'}-{digests.of_many(contents)[:8]}{suffix}"


def _copy(path: Path, target: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, target)
    else:
        shutil.copyfile(path, target)


def _refuse_unfit(work: Work, path: Path) -> int:
    """Compare new items with those that are there; give how many are new."""
    counted = intake.files(work.ledger.entries())
    work.keeping.need((at.SOURCE, *counted))
    root, params = work.campaign.root, work.params
    added = units([name for name in counted if name.startswith(f"{at.ADDED}/")], at.ADDED)
    there = joined(
        open_source(params.pool.source, root, most(work.campaign, params)),
        [open_source(name, root) for name in added],
    )
    more = open_source(str(path.resolve()), root)
    after = _table(joined(there, [more]), params)
    _refuse_other_types(_table(there, params).schema, after.schema, str(path))
    new = pool.named(_table(more, params), id=params.pool.id or MADE_ID, label=params.pool.label)
    pool.require_classes(new, params.campaign.classes, str(path))
    return int(new.num_rows)


def _table(source: Source, params: Params) -> pa.Table:
    return source.table(id=params.pool.id, label=params.pool.label)


def _refuse_other_types(before: pa.Schema, after: pa.Schema, where: str) -> None:
    for field in before:
        now = after.field(field.name).type
        same = now == field.type or pa.types.is_null(field.type)
        if not same and not (_is_number(now) and _is_number(field.type)):
            what = f"column {field.name!r} would turn from {field.type} into {now}"
            raise DataError(what, where=where, fix="mend the values that are of another kind")


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))
