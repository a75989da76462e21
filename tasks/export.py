"""``labelloop export``: what a closed round left, as a file for other programs."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from tasks import campaign as at
from tasks.audit.rounds import Rounds
from tasks.domain.errors import CampaignError, DataError, ParamsError
from tasks.exporting import contents
from tasks.exporting.destination import refuse, replacing
from tasks.exporting.writers import TABLES, writing
from tasks.modeling import bundle
from tasks.versions.store import Store
from tasks.work import Work, look_at

Facts = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """What a user asks `labelloop export` for.

    Attributes
    ----------
    what : str
        labels, answers, decisions or model.
    to : Path
        The file; its ending says the format. A model's card goes beside it, as ``.json``.
    round : int or None
        A closed round; None for the newest.
    with_items : bool
        Put their items' columns beside labels.
    force : bool
        Replace a file that is there.
    """

    what: Literal["labels", "answers", "decisions", "model"]
    to: Path
    round: int | None = None
    with_items: bool = False
    force: bool = False

    @property
    def card(self) -> Path:
        """Where a model's card goes."""
        return self.to.with_suffix(".json")


def export(directory: Path, request: Request) -> Facts:
    """Write a file; nothing of the campaign is changed.

    Returns
    -------
    dict
        ``what``, ``round``, ``to``, and ``rows`` or, of a model, ``card``.

    Raises
    ------
    ParamsError
        The options contradict each other, or the file's ending is of no format.
    CampaignError
        The round is not closed; the file is there already; bytes of the round are nowhere.
    DataError
        The round has no model, or a file is not what the ledger knows.
    """
    work = look_at(directory)
    _refuse_unfit(request, work.campaign.root)
    rounds, number = closed_round(work, request.round)
    facts: Facts = {"what": request.what, "round": number, "to": str(request.to)}
    if request.what == "model":
        _write_model(rounds, number, request)
        return {**facts, "card": str(request.card)}
    table = TABLES_OF[request.what](rounds, number, request.with_items)
    with replacing(request.to) as file, writing(file, request.to, table.schema) as write:
        write(table)
    return {**facts, "rows": table.num_rows}


def closed_round(work: Work, number: int | None) -> tuple[Rounds, int]:
    """Find a closed round, the newest if none is named; raises `CampaignError`."""
    rounds = Rounds(work.campaign, work.ledger.entries(), Store(work.campaign.root))
    if not rounds.closed:
        fix = "go on with `labelloop run` until one is"
        raise CampaignError("no round is closed yet", where=work.params.campaign.name, fix=fix)
    if number is None:
        return rounds, rounds.closed[-1]
    if number not in rounds.closed:
        fix = f"name one of {', '.join(map(str, rounds.closed))}"
        raise CampaignError(f"round {number} is not closed", where="--round", fix=fix)
    return rounds, number


def model_of(rounds: Rounds, number: int) -> bytes:
    """Read a round's model; raises `DataError` if it has none."""
    content = rounds.content(number, at.MODEL)
    if content == bundle.NO_MODEL:
        reason = rounds.json(number, at.CARD)["reason"]
        raise DataError(f"has no model: {reason}", where=f"round {number}", fix="name another")
    return content


def _refuse_unfit(request: Request, root: Path) -> None:
    if request.with_items and request.what != "labels":
        raise ParamsError("is for labels only", where="--with-items", fix="leave it out")
    if request.what == "model":
        refuse(request.to, (".skops",), root, force=request.force)
        refuse(request.card, (".json",), root, force=request.force)
    else:
        refuse(request.to, TABLES, root, force=request.force)


def _write_model(rounds: Rounds, number: int, request: Request) -> None:
    model = model_of(rounds, number)
    # The card first: whoever finds a model finds its card too.
    for path, content in ((request.card, rounds.content(number, at.CARD)), (request.to, model)):
        with replacing(path) as file:
            file.write(content)


TABLES_OF: dict[str, Callable[[Rounds, int, bool], pa.Table]] = {
    "labels": contents.labels,
    "answers": lambda rounds, number, _: contents.table(rounds, number, at.ANSWERS),
    "decisions": lambda rounds, number, _: contents.table(rounds, number, at.DECISIONS),
}
