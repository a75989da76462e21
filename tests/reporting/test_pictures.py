import base64
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tasks.reporting import pictures


def decoded(picture):
    kind, content = picture.uri.removeprefix("data:").split(";base64,")
    return kind, Image.open(io.BytesIO(base64.b64decode(content)))


def file(form, size, colour=200):
    sink = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 255, (*size, 3), dtype=np.uint8)
    Image.fromarray(noise if colour is None else np.full_like(noise, colour)).save(sink, form)
    return sink.getvalue()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 16), min_size=64, max_size=64))
def test_each_pixel_becomes_a_square_of_its_grey(values):
    image = pictures.pixels(values)
    kind, drawn = decoded(pictures.draw(image, pictures.Scale(0, 16, ink=False)))
    assert (kind, drawn.size) == ("image/png", (64, 64))
    grey = np.round(np.array(values).reshape(8, 8) * 255 / 16)
    assert (np.asarray(drawn) == np.kron(grey, np.ones((8, 8)))).all()


def test_strokes_on_an_empty_ground_are_dark_on_light():
    image = np.zeros((8, 8))
    image[3:5, 3:5] = 16.0
    scale = pictures.scale([image])
    picture = pictures.draw(image, scale)
    assert scale == pictures.Scale(0, 16, ink=True)
    assert picture.ink
    assert picture.drawn
    assert np.asarray(decoded(picture)[1])[0, 0] == 255
    assert not pictures.scale([16 - image]).ink


def test_one_scale_is_for_all():
    faint, strong = np.full((2, 2), 1.0), np.full((2, 2), 9.0)
    assert pictures.scale([faint, strong]) == pictures.Scale(1, 9, ink=False)


def test_an_image_of_one_grey_is_drawn():
    image = np.full((3, 3), 5.0)
    assert pictures.draw(image, pictures.scale([image])).uri.startswith("data:image/png")


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ([0.0] * 64, (8, 8)),
        ([0] * 12, (2, 2, 3)),
        ([[1, 2, 3], [4, 5, 6]], (2, 3)),
        (np.array([np.array([1, 2]), np.array([3, 4])], dtype=object), (2, 2)),
        ([[[1, 2, 3]] * 4] * 5, (5, 4, 3)),
        ([[[1]] * 4] * 5, (5, 4)),
        (bytes(range(9)), (3, 3)),
        ([0] * 400 * 400, (80, 80)),
    ],
)
def test_pixels_come_in_several_forms(value, shape):
    assert pictures.pixels(value).shape == shape


@pytest.mark.parametrize(
    "value", [[], [1.0, 2.0], ["a"] * 4, [[1], [2, 3]], [float("nan")] * 4, "text", None, {"a": 1}]
)
def test_what_is_no_image_is_none(value):
    assert pictures.pixels(value) is None


@pytest.mark.parametrize(("form", "kind"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
def test_a_small_file_goes_in_as_it_is(form, kind):
    content = file(form, (16, 16))
    assert pictures.is_encoded(content)
    picture = pictures.encoded(content)
    assert picture.uri == f"data:{kind};base64,{base64.b64encode(content).decode()}"
    assert not picture.ink


def test_a_large_file_is_made_small():
    kind, image = decoded(pictures.encoded(file("PNG", (300, 600), None)))
    assert (kind, image.size) == ("image/jpeg", (96, 48))


@pytest.mark.parametrize("content", [b"GIF89a", b"<svg onload=alert(1)>", b"", "text", None])
def test_other_files_are_not_taken(content):
    assert not pictures.is_encoded(content)


def test_a_damaged_file_is_none():
    assert pictures.encoded(file("PNG", (300, 300), None)[:9000]) is None


def test_a_file_that_would_fill_the_memory_is_none(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert pictures.encoded(file("PNG", (300, 300), None)) is None
