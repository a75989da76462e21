"""Images to pixels."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from tasks.domain import images
from tasks.domain.choosing import Floats
from tasks.modeling.columns import first, flat, is_missing, problem, stack

SIDE = 32
"""Encoded images that are larger, or not all of one size, become this wide and high."""
ENCODED = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


class Pixels(TransformerMixin, BaseEstimator):  # type: ignore[misc] # sklearn has no types
    """Flatten a frame of one image column into brightness between 0 and 1.

    An image is a PNG or JPEG, or its pixels: a list, a list of rows, or one byte per pixel.
    Bytes are divided by 255, lists by the brightest pixel of the items to learn from.

    Attributes
    ----------
    size_ : tuple of int, or None
        Width and height that encoded images are given; None if none is encoded.
    mode_ : str
        ``L`` if all encoded images are grey, else ``RGB``.
    width_ : int
        Numbers per image.
    scale_ : float
        What counts as white.
    """

    def fit(self, X: pd.DataFrame, y: object = None) -> "Pixels":
        """Learn the size, and what counts as white."""
        column = X.iloc[:, 0]
        _, example = first(column)
        self.size_, self.mode_ = _format(column)
        vectors = (vector for vector in self._vectors(column) if vector is not None)
        longest, brightest = zip(*((len(v), v.max(initial=0)) for v in vectors), strict=True)
        self.width_ = longest[0]
        self.scale_ = 255.0 if isinstance(example, bytes) else float(max(brightest)) or 1.0
        return self

    def transform(self, X: pd.DataFrame) -> Floats:
        """Give shape (n, pixels), NaN where there is no image."""
        column = X.iloc[:, 0]
        vectors = pd.Series(
            list(self._vectors(column)), index=column.index, name=column.name, dtype=object
        )
        return np.clip(stack(vectors, self.width_) / self.scale_, 0.0, 1.0)

    def _vectors(self, column: pd.Series) -> Iterator[Floats | None]:
        for item_id, value in column.items():
            yield None if is_missing(value) else self._vector(value, column, item_id)

    def _vector(self, value: Any, column: pd.Series, item_id: Any) -> Floats:
        if _is_encoded(value):
            return _resized(_decode(value, column, item_id), self.size_, self.mode_)
        if isinstance(value, bytes):
            return np.frombuffer(value, dtype=np.uint8).astype(np.float64)
        try:
            return flat(value)
        except (TypeError, ValueError):
            raise problem("is no image and no list of pixels", column, item_id) from None


def _is_encoded(value: Any) -> bool:
    return isinstance(value, bytes) and value.startswith(ENCODED)


def _format(column: pd.Series) -> tuple[tuple[int, int] | None, str]:
    found = {
        (image.size, image.mode)
        for image in (_decode(v, column, i) for i, v in column.items() if _is_encoded(v))
    }
    sizes = {size for size, _ in found}
    mode = "L" if all(mode in ("1", "L") for _, mode in found) else "RGB"
    if not sizes:
        return None, mode
    size = sizes.pop()
    return (size if not sizes and max(size) <= SIDE else (SIDE, SIDE)), mode


def _decode(content: bytes, column: pd.Series, item_id: Any) -> Any:
    try:
        return images.decoded(content)
    except images.ImageError as error:
        raise problem(str(error), column, item_id) from None


def _resized(image: Any, size: tuple[int, int] | None, mode: str) -> Floats:
    from PIL import Image

    image = image.convert(mode)
    if size not in (None, image.size):
        image = image.resize(size, Image.Resampling.BOX)
    return np.asarray(image, dtype=np.float64).ravel()
