"""PNG and JPEG of a stranger: their sizes are looked at before anything of them is unfolded."""

import io
import struct
import warnings
import zlib
from typing import Any

MOST_MEGAPIXELS = 100
"""Of one image: it takes three times so many bytes as MB while it is looked at."""
BROKEN = (OSError, SyntaxError, ValueError, EOFError, OverflowError, IndexError, struct.error)


class ImageError(ValueError):
    """Says what is wrong with an image, to be put behind the name of its item."""


def opened(content: bytes) -> Any:
    """Open an image without decoding it.

    Raises
    ------
    ImageError
        It is no PNG or JPEG, or has more than `MOST_MEGAPIXELS`.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            # Our own bound is looked at below.
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(content), formats=("PNG", "JPEG"))
    except Image.DecompressionBombError:
        raise ImageError(f"is an image of more than {MOST_MEGAPIXELS} megapixels") from None
    except (*BROKEN, zlib.error):
        raise ImageError("is an image that cannot be decoded") from None
    width, height = image.size
    if width * height > MOST_MEGAPIXELS * 1_000_000:
        megapixels = width * height / 1_000_000
        what = f"is an image of {megapixels:,.0f} megapixels; {MOST_MEGAPIXELS} are the most"
        raise ImageError(what)
    return image


def decoded(content: bytes) -> Any:
    """Open an image and decode it; raises as `opened`, and where it is damaged."""
    image = opened(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image.load()
    except (*BROKEN, zlib.error):
        raise ImageError("is an image that cannot be decoded") from None
    return image
