"""The declared feature columns as one matrix of numbers."""

from typing import Any

import numpy as np
import pandas as pd

from tasks.domain import randomness
from tasks.domain.arithmetic import one_thread
from tasks.domain.choosing import Floats
from tasks.domain.errors import DataError
from tasks.params import FeaturesParams

TERMS = 50_000
"""Most words and pairs of words that a model reads of one text column: the most frequent."""
WORDS = 20_000
"""Most words of one text column that distances are taken of."""
TOPICS = 64
"""Numbers that the words of one text column are reduced to, for distances."""
TEXT_WEIGHT = 4.0
"""A text's weights have length 1 however many words it has, while the length of standardised
numbers grows with their count: unweighted, a penalty would silence the words."""


def select(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Take feature columns, with ``item_id`` as the index.

    Raises
    ------
    DataError
        A column is missing.
    """
    for name in ("item_id", *columns):
        if name not in frame.columns:
            raise DataError(
                "is missing", where=f"column {name!r}", fix="mend the pool, or params.yaml features"
            )
    return frame.set_index("item_id")[columns]


def transformer(features: FeaturesParams) -> Any:
    """Make the unfitted scikit-learn transformer of the declared columns.

    Missing numbers are imputed by the median, with a column that says so, and all numbers are
    standardised; categories are one-hot, unknown ones all zero; texts are tf-idf of words and
    pairs of words; embeddings are standardised; images are brightness between 0 and 1.
    """
    from sklearn.compose import ColumnTransformer

    texts = _of_texts(features)
    return ColumnTransformer(
        [*_of_tables(features), *texts, *_of_vectors(features)],
        transformer_weights={name: TEXT_WEIGHT for name, _, _ in texts},
    )


def matrix(frame: pd.DataFrame, features: FeaturesParams, seed: int) -> Floats:
    """Give the items as dense numbers that distances can be taken of, without any label.

    As `transformer`, but the words of a text are reduced to `TOPICS` numbers by a truncated
    singular value decomposition (Deerwester et al. 1990, latent semantic analysis).

    Parameters
    ----------
    frame : DataFrame
        ``item_id`` and the feature columns.
    features : FeaturesParams
    seed : int
        The campaign's.

    Returns
    -------
    ndarray of float64, shape (n, d)
        Rows as in `frame`; their values do not depend on the order of rows.

    Raises
    ------
    DataError
        A column is missing, or a value is not of its column's kind.
    """
    if frame.empty:
        return np.empty((0, 0))
    order = np.argsort(frame["item_id"].to_numpy(dtype=object), kind="stable")
    items = select(frame, features.columns).iloc[order]
    with one_thread():
        blocks = [_dense(items, features)]
        blocks += [_topics(items[[name]], seed) for name in features.text]
    given = np.empty((len(frame), sum(block.shape[1] for block in blocks)))
    given[order] = np.hstack(blocks)
    return given


def _of_tables(features: FeaturesParams) -> list[tuple[str, Any, list[str]]]:
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

    from tasks.modeling.columns import categories, numbers

    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    numeric = make_pipeline(FunctionTransformer(numbers), imputer, StandardScaler())
    one_hot = OneHotEncoder(handle_unknown="ignore")
    categorical = make_pipeline(FunctionTransformer(categories), one_hot)
    steps = [
        ("numeric", numeric, features.numeric),
        ("categorical", categorical, features.categorical),
    ]
    return [step for step in steps if step[2]]


def _of_texts(features: FeaturesParams) -> list[tuple[str, Any, list[str]]]:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    from tasks.modeling.columns import texts
    from tasks.modeling.words import words

    return [
        (f"text_{n}", make_pipeline(FunctionTransformer(texts), words(2, TERMS)), [name])
        for n, name in enumerate(features.text)
    ]


def _of_vectors(features: FeaturesParams) -> list[tuple[str, Any, list[str]]]:
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from tasks.modeling.columns import Vectors
    from tasks.modeling.images import Pixels

    mean = SimpleImputer(keep_empty_features=True)
    black = SimpleImputer(strategy="constant", fill_value=0.0)
    embeddings = [
        (f"embedding_{n}", make_pipeline(Vectors(), mean, StandardScaler()), [name])
        for n, name in enumerate(features.embedding)
    ]
    images = [
        (f"image_{n}", make_pipeline(Pixels(), black), [name])
        for n, name in enumerate(features.image)
    ]
    return embeddings + images


def _dense(items: pd.DataFrame, features: FeaturesParams) -> Floats:
    from sklearn.compose import ColumnTransformer

    steps = [*_of_tables(features), *_of_vectors(features)]
    if not steps:
        return np.empty((len(items), 0))
    dense: Floats = ColumnTransformer(steps, sparse_threshold=0.0).fit_transform(items)
    return dense


def _topics(items: pd.DataFrame, seed: int) -> Floats:
    from sklearn.utils.extmath import randomized_svd

    from tasks.modeling.columns import texts
    from tasks.modeling.words import words

    weights = words(1, WORDS).fit_transform(texts(items))
    size = min(TOPICS, *weights.shape)
    if size == weights.shape[1]:
        few: Floats = weights.toarray()
        return few
    draw = randomness.integer_seed(seed, 0, "features/topics")
    documents, weight_of_topic, _ = randomized_svd(weights, size, random_state=draw)
    topics: Floats = documents * weight_of_topic
    return topics
