"""``labelloop import labels``: labels that were made elsewhere become a campaign's."""

import difflib
import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from tasks import campaign as at
from tasks import pipeline
from tasks.audit.rounds import Rounds
from tasks.campaign import Campaign
from tasks.domain import crash, digests, intake, state, tables
from tasks.domain.errors import DataError, ParamsError
from tasks.ingest.label_file import known_spelling, place, read_labels
from tasks.params import Params
from tasks.selection.candidates import QUERIES, SETTLED
from tasks.take_in import Facts, again, take_in
from tasks.trial import laid_out
from tasks.versions.store import Store
from tasks.work import Work, opened, refuse_uncommitted

LONGEST = 100


def import_labels(directory: Path, path: Path, source: str) -> Facts:
    """Import labels, which the next round to be opened trains on; an open round stays as it is.

    Doing it again with the same file and source changes nothing.

    Raises
    ------
    DataError
        The file cannot be read, or a label in it cannot be taken; nothing is written then.
    ParamsError
        The source's name is no name.
    CampaignError
        Files that people keep in git have changes that are not committed.
    """
    _refuse_name(source)
    with opened(directory) as work, crash.scope("import"):
        refuse_uncommitted(work.campaign)
        frame = _read(work.params, path, source)
        original = digests.of_file(path.resolve()) if path.is_file() else None
        name = f"{at.IMPORTED}/{_name(frame, source)}"
        if done := again(work, name):
            return done
        frame = _refuse_unfit(work, frame, path)
        body = {
            "source": source,
            "file": path.resolve().name,
            "original": original.to_body() if original else None,
            "labels": len(frame),
        }
        return take_in(
            work,
            name,
            lambda target: tables.write(target, frame, tables.IMPORTED),
            intake.IMPORTED,
            body,
        )


def _refuse_name(source: str) -> None:
    if not source.strip() or not source.isprintable() or len(source) > LONGEST:
        fix = f"give one line of at most {LONGEST} characters that says whose labels these are"
        raise ParamsError(f"{source!r} is no name", where="--source", fix=fix)


def _read(params: Params, path: Path, source: str) -> pd.DataFrame:
    if not path.exists():
        raise DataError("is missing", where=str(path), fix="name a file of labels")
    ids = ["item_id", *filter(None, [params.pool.id])]
    labels = ["label", *filter(None, [params.pool.label])]
    frame = read_labels(path, ids, labels)
    return frame.assign(source=source, file=path.resolve().name)


def _name(frame: pd.DataFrame, source: str) -> str:
    """Name the file after what is in it, so that it always goes to the same place."""
    rows = frame[list(tables.IMPORTED.columns)].astype(object)
    digest = digests.of_value(rows.where(frame.notna(), None).values.tolist())
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', source)}-{digest[:8]}.parquet"


def _refuse_unfit(work: Work, frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Refuse labels that cannot be taken; give all with items and classes as they are spelled."""
    work.keeping.need((at.SOURCE, *intake.files(work.ledger.entries())))
    with laid_out(work) as trial:
        pipeline.compute("pool", trial, work.params, own=work.campaign.is_own)
        items, holdout, gold, seeds = (
            tables.read(trial.path(name))["item_id"].tolist()
            for name in (at.POOL, at.HOLDOUT, at.GOLD, at.SEED_LABELS)
        )
    known, classes = set(items), work.params.campaign.classes
    frame = frame.assign(
        item_id=frame["item_id"].map(lambda one: known_spelling(one, known)),
        label=frame["label"].map(lambda one: known_spelling(one, classes)),
    )
    taken = {
        **dict.fromkeys(seeds, "has a class that was known from the start"),
        **_taken(work),
        **dict.fromkeys(gold, "is a gold item: it measures annotators by the class it came with"),
        **dict.fromkeys(holdout, "is in the holdout, which measures and is never trained on"),
    }
    _refuse_rows(frame, path, known, taken, classes)
    return frame


def _refuse_rows(
    frame: pd.DataFrame, path: Path, known: set[str], taken: Mapping[str, str], classes: list[str]
) -> None:
    """Name the first row that cannot be taken, and how many more there are."""
    problems = []
    for row, item_id, label in zip(frame["row"], frame["item_id"], frame["label"], strict=True):
        if item_id in taken:
            problems.append((row, item_id, taken[item_id], "take the row out"))
        elif item_id not in known:
            near = difflib.get_close_matches(item_id, known, n=1) if not problems else []
            fix = f"did you mean {near[0]!r}?" if near else "take the row out, or add the item"
            problems.append((row, item_id, "is no item of the campaign", fix))
        elif label is None:
            problems.append((row, item_id, "has no label", "give it one, or take the row out"))
        elif label not in classes:
            fix = f"it lists {', '.join(classes)}"
            what = f"has the label {label!r}, which campaign.classes does not list"
            problems.append((row, item_id, what, fix))
    if problems:
        row, item_id, what, fix = problems[0]
        more = f" (and {len(problems) - 1} rows more cannot be taken)" if problems[1:] else ""
        raise DataError(f"{what}{more}", where=place(path, row, item_id), fix=fix)


def _taken(work: Work) -> dict[str, str]:
    """Say of each item that has a label, or whose label is being bought, why it takes no other."""
    entries = work.ledger.entries()
    rounds = Rounds(work.campaign, entries, Store(work.campaign.root))
    found: dict[str, str] = {}
    for entry in intake.arrivals(entries):
        if entry.kind == intake.IMPORTED:
            label = f"has a label already, imported from {entry.body['source']}"
            found |= dict.fromkeys(_imported_items(work.campaign, entry.body["path"]), label)
    if rounds.closed:
        columns = ["item_id", "status", "role", "round"]
        labels = rounds.table(rounds.closed[-1], at.LABELS, columns, status=SETTLED)
        bought = labels[labels["role"].isin(QUERIES)]
        for item_id, number in zip(bought["item_id"], bought["round"], strict=True):
            found[item_id] = f"has a label already, bought in round {number}"
    number = state.current_round(entries)
    if rounds.stage(number, "push"):
        what = f"is in the batch of round {number}: its label is being bought"
        batch = rounds.table(number, at.BATCH, ["item_id"])
        found = {**dict.fromkeys(batch["item_id"], what), **found}
    return found


def _imported_items(campaign: Campaign, name: str) -> list[str]:
    items: list[str] = tables.read(campaign.path(name))["item_id"].tolist()
    return items
