"""A model's file takes no more memory than it is long: it is looked at before it is unpacked."""

import io
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable

import numpy as np
import pytest
import skops.io
from numpy.lib import format as npy
from security import models

from tasks.domain.errors import DataError
from tasks.modeling import archive, bundle
from tasks.modeling.canonical import SCHEMA, zipped

LARGE = 1 << 26
SMALL = 1 << 20


@pytest.fixture(scope="module")
def model() -> bytes:
    return models.of_trees()


def refused(content: bytes, said: str) -> None:
    with pytest.raises(DataError, match="is refused as a model") as error:
        bundle.parse(content)
    assert said in str(error.value)


def peak(of: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        of()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def compressed(files: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as target:
        for name, inside in files.items():
            target.writestr(name, inside)
    return sink.getvalue()


def test_a_compressed_model_is_not_unpacked(model: bytes) -> None:
    bomb = skops.io.dumps(np.zeros(LARGE // 8), compression=zipfile.ZIP_DEFLATED)
    assert len(bomb) < SMALL
    assert peak(lambda: skops.io.loads(bomb)) > LARGE
    assert peak(lambda: refused(bomb, "compressed")) < SMALL


def test_an_array_that_claims_to_be_long_gets_no_memory(model: bytes) -> None:
    for shape in ((1 << 40,), (1 << 20, 1 << 20), (1 << 62, 0), (-1,), ()):
        refused(models.with_files(model, lambda _, shape=shape: header(shape)), "lies about")


def header(shape: tuple[int, ...]) -> bytes:
    sink = io.BytesIO()
    npy.write_array_header_1_0(sink, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return sink.getvalue()


def test_one_array_cannot_be_asked_for_without_end() -> None:
    array = models.spelled(np.zeros(SMALL // 8))
    node = models.schema(array)
    one = {name: node[name] for name in node if name not in ("protocol", "_skops_version")}
    many = {
        "__class__": "list",
        "__module__": "builtins",
        "__loader__": "ListNode",
        "content": [one] * 100,
        "protocol": node["protocol"],
    }
    content = models.with_schema(array, many)
    assert len(content) < 2 * SMALL
    assert peak(lambda: skops.io.loads(content)) > 100 * SMALL
    refused(content, "too often")


def test_objects_are_counted_before_they_are_read(model: bytes) -> None:
    refused(models.with_schema(model, b"[" + b"[]," * 3_000_000 + b"[]]"), "too many objects")


@pytest.mark.parametrize(
    ("spell", "said"),
    [
        (lambda m, f: zipped({**f, "more.npy": b""}, ""), "a file that no model has"),
        (lambda m, f: zipped({**f, "0" * 64 + ".npy": b""}, ""), "not what its name says"),
        (lambda m, f: zipped({n: f[n] for n in f if n != SCHEMA}, ""), "missing"),
        (lambda m, f: b"#!/bin/sh\n" + m, "not spelled as"),
        (lambda m, f: m + b"PK", "not spelled as"),
        (lambda m, f: m[:-100], "is no archive"),
        (lambda m, f: twice(f), "not spelled as"),
        (lambda m, f: longer(m), "longer than it is"),
    ],
    ids=[
        "another name",
        "another digest",
        "no schema",
        "before",
        "after",
        "cut",
        "twice",
        "longer",
    ],
)
def test_another_spelling_is_refused(
    model: bytes, spell: Callable[[bytes, dict[str, bytes]], bytes], said: str
) -> None:
    refused(spell(model, dict(archive.files(model))), said)


def twice(files: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as target, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, inside in [*files.items(), (SCHEMA, files[SCHEMA])]:
            target.writestr(name, inside)
    return sink.getvalue()


def longer(content: bytes) -> bytes:
    """Let the last entry of the archive's list claim four gigabytes."""
    entry = content.rindex(b"PK\x01\x02")
    return content[: entry + 20] + b"\xfe\xff\xff\xff" * 2 + content[entry + 28 :]
