"""Images as Label Studio shows them: by address, or within the task as a data URI."""

import base64
import binascii
import io
import math
import warnings
from typing import Any

import numpy as np

ADDRESSES = ("http://", "https://", "s3://", "gs://", "azure-blob://", "data:image/")
KINDS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
WHITES = (1.0, 16.0, 255.0, 65535.0)
"""What usually counts as white: the least that no pixel exceeds is taken."""
SHOWN = 256
"""Pixels that a smaller drawn image is brought up to, as near as whole squares come to it."""


def shown(value: Any) -> str:
    """Give the address of an image, or the image itself as a data URI.

    Parameters
    ----------
    value : str or list
        An address; a PNG, a JPEG or one byte per pixel as base64; or pixels: rows of columns
        (of channels), or all in one row of a square image.

    Raises
    ------
    ValueError
        It is none of these.
    """
    if isinstance(value, str) and value.startswith(ADDRESSES):
        return value
    if isinstance(value, str):
        return _from_bytes(_unpacked(value))
    if isinstance(value, list):
        return _drawn(value)
    raise ValueError("is no address of an image, no image and no pixels")


def _unpacked(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is no address of an image and no image in base64") from None


def _from_bytes(content: bytes) -> str:
    for magic, kind in KINDS.items():
        if content.startswith(magic):
            _refuse_damaged(content)
            return _uri(kind, content)
    return _drawn(list(content))


def _refuse_damaged(content: bytes) -> None:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            Image.open(io.BytesIO(content), formats=("PNG", "JPEG")).load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Warning):
        raise ValueError("is an image that cannot be decoded") from None


def _drawn(value: list[Any]) -> str:
    from PIL import Image

    pixels = _shaped(_numbers(value))
    white = next((w for w in WHITES if pixels.max() <= w), float(pixels.max()))
    grey = np.round(255 * np.clip(pixels / white, 0, 1)).astype(np.uint8)
    times = max(1, SHOWN // max(grey.shape[:2]))
    sink = io.BytesIO()
    Image.fromarray(grey.repeat(times, axis=0).repeat(times, axis=1)).save(sink, "PNG")
    return _uri("image/png", sink.getvalue())


def _numbers(value: list[Any]) -> "np.ndarray[Any, np.dtype[np.float64]]":
    try:
        pixels = np.asarray(value, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        raise ValueError("has pixels that are no numbers, or rows of different length") from None
    if pixels.size == 0 or not np.isfinite(pixels).all():
        raise ValueError("has no pixels, or some that are not finite")
    return pixels


def _shaped(
    pixels: "np.ndarray[Any, np.dtype[np.float64]]",
) -> "np.ndarray[Any, np.dtype[np.float64]]":
    side = math.isqrt(pixels.size)
    if pixels.ndim == 1 and side * side == pixels.size:
        return pixels.reshape(side, side)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        return pixels[:, :, 0]
    if pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3):
        return pixels
    raise ValueError(f"has {pixels.size} pixels in a form that is no image")


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
