import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tasks.domain.errors import DataError
from tasks.modeling.images import SIDE, Pixels


def frame(*images):
    return pd.DataFrame({"x": pd.Series(images, dtype=object)}).rename(index="i{}".format)


def encoded(pixels, kind="PNG"):
    sink = io.BytesIO()
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(sink, kind)
    return sink.getvalue()


def fitted(*images):
    column = frame(*images)
    return Pixels().fit(column).transform(column)


def test_lists_are_divided_by_the_brightest():
    np.testing.assert_array_equal(fitted([0, 8], [[16], [4]]), [[0, 0.5], [1, 0.25]])


def test_what_is_brighter_than_all_learned_from_is_white():
    pixels = Pixels().fit(frame([0, 8]))
    np.testing.assert_array_equal(pixels.transform(frame([4, 16])), [[0.5, 1]])


def test_raw_bytes_are_pixels_of_255():
    np.testing.assert_array_equal(fitted(bytes([0, 51])), [[0, 0.2]])


def test_small_images_of_one_size_keep_every_pixel():
    pixels = [[0, 51, 255], [102, 153, 204]]
    np.testing.assert_allclose(fitted(encoded(pixels)), [np.ravel(pixels) / 255])


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_images_of_several_sizes_become_one(kind):
    grey = [np.full(size, 102) for size in ((10, 20), (100, 80))]
    given = fitted(*(encoded(image, kind) for image in grey))
    assert given.shape == (2, SIDE * SIDE)
    np.testing.assert_allclose(given, 0.4, atol=0.01)


def test_one_colour_image_makes_all_of_them_colour():
    given = fitted(encoded(np.zeros((4, 4))), encoded(np.full((4, 4, 3), 255)))
    np.testing.assert_array_equal(given, [np.zeros(48), np.ones(48)])


def test_later_images_take_the_size_learned():
    pixels = Pixels().fit(frame(encoded(np.zeros((4, 4)))))
    assert pixels.transform(frame(encoded(np.full((8, 9, 3), 255)))).tolist() == [[1.0] * 16]


def test_a_missing_image_is_a_hole():
    assert np.isnan(fitted([1, 2], None)[1]).all()


@pytest.mark.parametrize(
    "damaged", [encoded(np.zeros((9, 9)))[:-30], b"\x89PNG\r\n\x1a\nno", b"\xff\xd8\xffno"]
)
def test_names_the_item_that_cannot_be_decoded(damaged):
    with pytest.raises(DataError, match="column 'x', item 'i1': is an image that cannot be"):
        fitted(encoded(np.zeros((9, 9))), damaged)


def test_names_the_item_of_another_length():
    with pytest.raises(DataError, match="column 'x', item 'i1': has length 3, others have 2"):
        fitted([1, 2], [1, 2, 3])


@pytest.mark.parametrize("wrong", ["path.png", ["a"], {"bytes": b""}])
def test_names_the_item_that_is_no_image(wrong):
    with pytest.raises(DataError, match="column 'x', item 'i1': is no image"):
        fitted([1, 2], wrong)
