"""A model as canonical bytes, and back: skops, never pickle.

The same model gives the same bytes in any process. Loading builds objects of the types listed here
and of scikit-learn's own estimators, and of no other, and only from bytes that were looked through
before (`tasks.modeling.archive`, `tasks.modeling.nodes`).
"""

import importlib.metadata
import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tasks.domain import digests
from tasks.domain.arithmetic import one_thread
from tasks.domain.choosing import Floats
from tasks.domain.errors import DataError
from tasks.modeling import archive, nodes
from tasks.modeling.broken import BrokenModelError
from tasks.modeling.canonical import canonical
from tasks.modeling.features import select

NO_MODEL = b"there is no model yet\n"
"""The file of a model that could not be fitted; of some length, since DVC warns of empty files."""
TRUSTED = (
    "collections.OrderedDict",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._TemperatureScaling",
    "sklearn.model_selection._split.StratifiedKFold",
    "tasks.modeling.columns.Vectors",
    "tasks.modeling.columns.categories",
    "tasks.modeling.columns.numbers",
    "tasks.modeling.columns.texts",
    "tasks.modeling.images.Pixels",
    "tasks.modeling.words.Words",
)
"""What may be in a model's file beside skops' own list of scikit-learn, numpy and scipy types."""

WRITERS = ("lightgbm", "scikit-learn", "skops")
ROWS = 20_000
"""Items that are turned into numbers at once, so that memory stays bounded."""


def dump(model: Any) -> bytes:
    """Give a model's canonical bytes.

    Raises
    ------
    DataError
        It holds something that `parse` would refuse.
    """
    import skops.io

    content = skops.io.dumps(model)
    if foreign := set(skops.io.get_untrusted_types(data=content)) - set(TRUSTED):
        raise DataError(f"a model of type {', '.join(sorted(foreign))} cannot be stored")
    spelled = canonical(content, _writers())
    try:
        nodes.check(archive.files(spelled))
    except BrokenModelError as error:
        raise DataError(f"a model cannot be stored: {error}") from None
    return spelled


def load(path: Path) -> Any | None:
    """Read a model's file.

    Returns
    -------
    sklearn.pipeline.Pipeline or None
        None if the file says that there was no model yet.

    Raises
    ------
    DataError
        The file is missing, damaged, of another version of its libraries, or holds an object of
        a type that no model of ours has.
    """
    return parse(read(path), where=str(path))


def read(path: Path, sha256: str | None = None) -> bytes:
    """Read a model's bytes, and refuse others than those of a digest before anything parses them.

    Raises
    ------
    DataError
        The file is missing, or is another one.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        fix = "restore it with `dvc checkout`"
        raise DataError("is missing", where=str(path), fix=fix) from None
    if sha256 not in (None, digests.of_bytes(content).sha256):
        fix = "restore it with `dvc checkout --force`"
        raise DataError("is not the model that the ledger knows", where=str(path), fix=fix)
    return content


def parse(content: bytes, *, where: str = "model") -> Any | None:
    """Build a model from its bytes; as `load`."""
    if content == NO_MODEL:
        return None
    import skops.io
    from sklearn.exceptions import InconsistentVersionWarning
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        nodes.check(archive.files(content))
        with warnings.catch_warnings():
            warnings.simplefilter("error", InconsistentVersionWarning)
            return skops.io.loads(content, trusted=TRUSTED)
    except (UntrustedTypesFoundException, BrokenModelError) as error:
        fix = "do not use this file; restore it with `dvc checkout --force`"
        raise DataError(f"is refused as a model ({error})", where=where, fix=fix) from None
    except InconsistentVersionWarning:
        fix = f"this is {_writers()}; install what it was written by"
        raise DataError(
            f"was written by {archive.comment(content)}", where=where, fix=fix
        ) from None
    except Exception as error:
        # Damaged bytes can break any of the libraries in any way; none of them got anywhere.
        fix = "restore it with `dvc checkout --force`"
        what = f"cannot be read as a model ({type(error).__name__})"
        raise DataError(what, where=where, fix=fix) from error


def is_current(content: bytes) -> bool:
    """Whether a model's bytes were written by the versions of the libraries that are here."""
    return archive.comment(content) == _writers()


def predict_proba(model: Any, frame: pd.DataFrame, classes: Sequence[str]) -> Floats:
    """Say how probable each class is for each item.

    Parameters
    ----------
    model : sklearn.pipeline.Pipeline
    frame : DataFrame
        ``item_id`` and the feature columns.
    classes : sequence of str, length c
        All classes of the campaign.

    Returns
    -------
    ndarray of float64, shape (n, c)
        Rows sum to 1; a class that the model was not trained on has exactly 0.

    Raises
    ------
    DataError
        A column is missing or holds what it must not, or the model knows a class that is none of
        `classes`.
    """
    items = select(frame, list(model.feature_names_in_))
    if unknown := sorted(set(model.classes_) - set(classes)):
        fix = "put it back; a class can be added to a campaign, never taken away"
        where = "params.yaml campaign.classes"
        raise DataError(f"the model knows a class {unknown[0]!r}", where=where, fix=fix)
    given = np.zeros((len(items), len(classes)))
    known = [list(classes).index(name) for name in model.classes_]
    with one_thread():
        for start in range(0, len(items), ROWS):
            part = slice(start, start + ROWS)
            given[part, known] = model.predict_proba(items.iloc[part])
    return given


@cache
def _writers() -> str:
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in WRITERS)
