"""``labelloop predict``: what a closed round's model says of other items."""

import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tasks import campaign as at
from tasks.audit import tracked
from tasks.audit.rounds import Rounds
from tasks.domain.errors import CampaignError, DataError, ParamsError
from tasks.export import closed_round, model_of
from tasks.exporting.destination import refuse, replacing
from tasks.exporting.writers import TABLES, writing
from tasks.ingest import contents
from tasks.ingest.matching import matched
from tasks.ingest.pieces import Piece, pieces
from tasks.ingest.shards import Shard
from tasks.ingest.source import MADE_ID
from tasks.modeling import bundle, metrics
from tasks.params import Params, parse
from tasks.trust import confined
from tasks.work import Work, look_at

Facts = dict[str, Any]
ROWS = 5_000
"""Items in memory at once."""
FILES = ("params", "model", "pool")
"""What another process is given."""


@dataclass(frozen=True)
class Request:
    """What a user asks `labelloop predict` for.

    Attributes
    ----------
    items : Path
        A file or folder of items, as a pool may be.
    to : Path
        The file; its ending says the format.
    round : int or None
        The closed round whose model it is; None for the newest, unless `champion`.
    champion : bool
        Take the round with the highest lower end of accuracy.
    force : bool
        Replace a file that is there.
    """

    items: Path
    to: Path
    round: int | None = None
    champion: bool = False
    force: bool = False


@dataclass(frozen=True)
class Predictor:
    """A round's model, and what it was made for.

    Attributes
    ----------
    model : sklearn.pipeline.Pipeline
    params : Params
        As the round was done with.
    schema : pyarrow.Schema
        The columns that the model reads, as the round's pool had them.
    """

    model: Any
    params: Params
    schema: pa.Schema

    @property
    def output(self) -> pa.Schema:
        """The columns of predictions."""
        classes = self.params.campaign.classes
        chances = [(f"probability_{name}", pa.float64()) for name in classes]
        return pa.schema([("item_id", pa.string()), ("predicted", pa.string()), *chances])

    def __call__(self, piece: Piece) -> pa.Table:
        """Predict some items; raises `DataError` where one is not as the pool's are."""
        id_names = ["item_id", *filter(None, [self.params.pool.id])]
        items = matched(self._named(piece.shard), id_names, self.schema)
        try:
            return self._predicted(items)
        except DataError as error:
            where = f"{piece.shard.name} {error.where}"
            raise DataError(error.what, where=where, fix=error.fix) from None

    def _named(self, shard: Shard) -> Shard:
        """Give items ids as the pool's have them, where those are digests of the contents."""
        pool = self.params.pool
        if pool.id is not None or MADE_ID in shard.table.column_names:
            return shard
        ids = contents.digests(shard.table, [pool.label])
        return replace(shard, table=shard.table.append_column(MADE_ID, ids))

    def _predicted(self, items: pa.Table) -> pa.Table:
        classes = self.params.campaign.classes
        frame: pd.DataFrame = items.to_pandas()
        chances = bundle.predict_proba(self.model, frame, classes)
        best = metrics.predicted(chances, classes)
        columns = [items["item_id"], pa.array(best, pa.string()), *map(pa.array, chances.T)]
        return pa.table(columns, schema=self.output)


def predict(directory: Path, request: Request) -> Facts:
    """Write a file of predictions, in the order of the items; the campaign is not changed.

    Items need not be new or different: each row of the input has one in the output.

    Returns
    -------
    dict
        ``round``, ``items``, ``to``.

    Raises
    ------
    ParamsError
        The options contradict each other, or the file's ending is of no format.
    CampaignError
        The round is not closed; the file is there already; bytes of the round are nowhere.
    DataError
        The round has no model; the items cannot be read or have other columns than the pool.
    """
    work = look_at(directory)
    refuse(request.to, TABLES, work.campaign.root, force=request.force)
    rounds, number = _round(work, request)
    if not request.items.exists():
        fix = "name a file or a folder of items"
        raise DataError("is missing", where=str(request.items), fix=fix)
    left = Left.of(rounds, number)
    if work.campaign.is_own:
        items = write(left.load(), request.items, request.to)
    else:
        items = _write_confined(left, request)
    return {"round": number, "items": items, "to": str(request.to)}


@dataclass(frozen=True)
class Left:
    """What a closed round left that predictions are made of: bytes that the ledger vouches for."""

    round: int
    params: bytes
    model: bytes
    pool: bytes

    @classmethod
    def of(cls, rounds: Rounds, number: int) -> "Left":
        """Bring them from wherever they are."""
        params, pool = (rounds.content(number, name) for name in (at.PARAMS, at.POOL))
        return cls(number, params, model_of(rounds, number), pool)

    def load(self) -> Predictor:
        """Make a predictor of them."""
        named = f"of round {self.round}"
        params = parse(self.params.decode(), where=f"{at.PARAMS} {named}")
        model: Any = bundle.parse(self.model, where=f"{at.MODEL} {named}")
        pool = pq.read_schema(pa.BufferReader(self.pool))
        read = list(model.feature_names_in_)
        return Predictor(model, params, pa.schema([pool.field(name) for name in read]))


def write(predictor: Predictor, items: Path, to: Path) -> int:
    """Write the file; gives the number of items."""
    done = 0
    with replacing(to) as file, writing(file, to, predictor.output) as write_table:
        for piece in pieces(items, ROWS):
            write_table(predictor(piece))
            done += piece.shard.table.num_rows
    return done


def write_confined(folder: str, number: int, items: str, to: str) -> int:
    """Write the file, as it is asked for from outside this process."""
    params, model, pool = (Path(folder, name).read_bytes() for name in FILES)
    return write(Left(number, params, model, pool).load(), Path(items), Path(to))


def _write_confined(left: Left, request: Request) -> int:
    with tempfile.TemporaryDirectory(prefix="labelloop-predict-") as folder:
        for name, content in zip(FILES, (left.params, left.model, left.pool), strict=True):
            Path(folder, name).write_bytes(content)
        function = f"{__name__}:{write_confined.__name__}"
        to = Path(folder, f"predictions{request.to.suffix}")
        asked = (folder, left.round, str(request.items.absolute()), str(to))
        where = f"the model of round {left.round}"
        items: int = confined.call(function, *asked, where=where)
        # A process that is ended in the middle of it leaves nothing beside the user's files.
        with to.open("rb") as made, replacing(request.to) as file:
            shutil.copyfileobj(made, file)
    return items


def _round(work: Work, request: Request) -> tuple[Rounds, int]:
    if request.champion and request.round is not None:
        raise ParamsError("name either --round or --champion")
    rounds, number = closed_round(work, request.round)
    if not request.champion:
        return rounds, number
    best = tracked.champion(rounds, number)
    if best is None:
        fix = "name a round with --round"
        raise CampaignError("no round has measured its model", where="--champion", fix=fix)
    return rounds, best
