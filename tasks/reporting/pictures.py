"""Images of items as data URIs: bare pixel values are drawn, encoded images are made small."""

import io
import math
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.domain import images
from tasks.domain.choosing import Floats
from tasks.reporting.data import Picture

MAGIC = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
INLINE = 4096
INLINE_SIDE = 1024
"""Bytes and pixels of a side up to which an encoded image goes into the page as it is."""
SIDE = 96
"""Pixels that a larger one is brought down to, on its longer side."""
SQUARED = 64
"""Pixels that a smaller drawn one is brought up to, as near as whole squares come to it."""


@dataclass(frozen=True)
class Scale:
    """What pixel values mean.

    Attributes
    ----------
    low, high : float
        The values that are shown as the two ends of grey.
    ink : bool
        High values are strokes on an empty ground, and are shown dark.
    """

    low: float
    high: float
    ink: bool


def pixels(value: Any) -> Floats | None:
    """Read pixel values: rows of columns (of channels), or all in one row of a square image.

    A byte is a pixel too.

    Returns
    -------
    ndarray of float64, shape (h, w) or (h, w, 3), or None if they make no image.
    """
    if isinstance(value, bytes):
        value = np.frombuffer(value, np.uint8)
    try:
        flat = np.asarray(_nested(value), dtype=np.float64)
    except (ValueError, TypeError):
        return None
    if flat.size == 0 or not np.isfinite(flat).all():
        return None
    image = _shaped(flat)
    return None if image is None else image[:: _stride(image, 0), :: _stride(image, 1)]


def scale(images: Iterable[Floats]) -> Scale:
    """Find one scale for images that are to be compared."""
    images = list(images)
    low, high = min(float(i.min()) for i in images), max(float(i.max()) for i in images)
    edges = np.concatenate([_edge(image) for image in images])
    grey = all(image.ndim == 2 for image in images)
    return Scale(low, high, grey and float(np.median(edges)) <= low)


def draw(image: Floats, by: Scale) -> Picture:
    """Draw pixel values, one pixel each."""
    from PIL import Image

    share = (image - by.low) / ((by.high - by.low) or 1.0)
    bytes_ = np.round(255 * (1 - share if by.ink else share)).astype(np.uint8)
    # Printers and PDF viewers smooth small images whatever the page says, so pixels become squares.
    times = max(1, SQUARED // max(image.shape[:2]))
    bytes_ = bytes_.repeat(times, axis=0).repeat(times, axis=1)
    sink = io.BytesIO()
    Image.fromarray(bytes_).save(sink, "PNG", optimize=True)
    return Picture(_uri("image/png", sink.getvalue()), drawn=True, ink=by.ink)


def is_encoded(value: Any) -> bool:
    """Whether a value begins as a PNG or JPEG does."""
    return isinstance(value, bytes) and value.startswith(tuple(MAGIC))


def encoded(content: bytes) -> Picture | None:
    """Take a PNG or JPEG into the page; None if it is damaged or too large to be looked at."""
    kind = next(kind for magic, kind in MAGIC.items() if content.startswith(magic))
    try:
        width, height = images.opened(content).size
        if len(content) <= INLINE and max(width, height) <= INLINE_SIDE:
            return Picture(_uri(kind, content))
        return _thumbnail(images.decoded(content))
    except images.ImageError:
        return None


def _thumbnail(image: Any) -> Picture:
    sink = io.BytesIO()
    image.thumbnail((SIDE, SIDE))
    image.convert("RGB").save(sink, "JPEG", quality=80)
    return Picture(_uri("image/jpeg", sink.getvalue()))


def _nested(value: Any) -> Any:
    return [_nested(one) for one in value] if isinstance(value, list | np.ndarray) else value


def _shaped(image: Floats) -> Floats | None:
    if image.ndim == 1:
        return _square(image)
    if image.ndim == 3 and image.shape[2] == 1:
        return image[:, :, 0]
    return image if image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3) else None


def _square(flat: Floats) -> Floats | None:
    side = math.isqrt(flat.size)
    if side * side == flat.size:
        return flat.reshape(side, side)
    side = math.isqrt(flat.size // 3)
    return flat.reshape(side, side, 3) if 3 * side * side == flat.size else None


def _stride(image: Floats, axis: int) -> int:
    return int(-(-image.shape[axis] // SIDE))


def _edge(image: Floats) -> Floats:
    flat = image.mean(axis=2) if image.ndim == 3 else image
    return np.concatenate([flat[0], flat[-1], flat[:, 0], flat[:, -1]])


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{b64encode(content).decode()}"
