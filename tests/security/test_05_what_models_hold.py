"""What a model's file may hold is what our models hold, made as skops makes it of our models."""

import functools
import json
import operator
import os
import random
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from scipy.sparse import csr_matrix
from security import models
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from tasks.domain.errors import DataError
from tasks.modeling import bundle


class Calls:
    """Calls whatever it is given when it is unpickled."""

    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call


def system() -> FunctionTransformer:
    return FunctionTransformer(os.system)


FOREIGN: dict[str, Any] = {
    "os.system": system(),
    "os.system in a list": [1, {"a": (system(),)}],
    "a ufunc": FunctionTransformer(np.exp),
    "a partial": FunctionTransformer(functools.partial(os.system, "true")),
    "a method's name": FunctionTransformer(operator.methodcaller("system", "true")),
    "an attribute's name": operator.attrgetter("system"),
    "a method": OrderedDict(a=1).popitem,
    "bytes": b"bytes",
    "a compressed matrix": csr_matrix(np.eye(3)),
    "random numbers": np.random.default_rng(0),
    "a mask": np.ma.masked_array([1.0], mask=[True]),
    "native trees": DecisionTreeClassifier().fit(models.POINTS, models.NAMES),
    "native vectors": SVC().fit(models.POINTS, models.NAMES),
    "a class": random.Random,
}


@pytest.fixture(scope="module")
def model() -> bytes:
    return models.of_trees()


def refused(content: bytes, said: str = "") -> None:
    with pytest.raises(DataError, match="is refused as a model") as error:
        bundle.parse(content)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_object_is_neither_read_nor_written(name: str) -> None:
    refused(models.spelled(FOREIGN[name]))
    with pytest.raises(DataError, match="cannot be stored"):
        bundle.dump(FOREIGN[name])


def test_an_ordered_dict_cannot_be_swapped_for_what_runs(tmp_path: Path) -> None:
    """Its type is trusted, and a file can give any name in its place."""
    whole = json.loads(_schema(OrderedDict(a="touch x")))
    for module, name in (("os", "system"), ("builtins", "eval"), ("subprocess", "Popen")):
        swapped = {**whole, "__module__": module, "__class__": name}
        refused(_of(swapped), f"{module}.{name}")


def test_a_type_that_may_be_held_cannot_be_called_with_arguments(model: bytes) -> None:
    """LightGBM's booster would read any file by its name, with no check of what is in it."""
    path = json.loads(_schema((None, None, "/etc/hostname")))
    call = {
        "__class__": "Booster",
        "__module__": "lightgbm.basic",
        "__loader__": "ConstructorFromReduceNode",
        "content": {name: path[name] for name in path if name[0] != "_" or name[1] == "_"},
        "protocol": path["protocol"],
    }
    content = _of(call)
    assert skops.io.get_untrusted_types(data=content) == ["lightgbm.basic.Booster"]
    refused(content, "ConstructorFromReduceNode")


def test_an_older_protocol_is_refused(model: bytes) -> None:
    """It would choose older loaders, which checked less."""
    refused(models.with_schema(model, {**models.schema(model), "protocol": 0}), "protocol")


def test_an_array_of_objects_is_refused(model: bytes, tmp_path: Path) -> None:
    """Numpy keeps them as a pickle, which could call anything."""
    mark = tmp_path / "sprung"
    source = tmp_path / "array.npy"
    np.save(source, np.array([Calls(os.mkdir, (str(mark),))], dtype=object), allow_pickle=True)
    np.load(source, allow_pickle=True)
    assert mark.exists()
    mark.rmdir()
    refused(models.with_files(model, lambda _: source.read_bytes()), "not of numbers")
    assert not mark.exists()


@pytest.mark.parametrize("name", ["_handle", "handle", "numbers for names"])
def test_lightgbms_trees_are_where_they_are_checked(model: bytes, name: str) -> None:
    whole = models.schema(model)
    state = models.booster(whole)["content"]
    entries = state["content"]
    if name == "_handle":
        entries["_handle"]["content"] = "null"
    elif name == "handle":
        entries["handle"] = entries.pop("_handle")
    else:
        state["key_types"]["content"][0]["__class__"] = "int"
    refused(models.with_schema(model, whole))


@pytest.mark.parametrize("name", ["n_jobs", "num_threads"])
def test_no_model_starts_a_thousand_processes(name: str) -> None:
    asks = ColumnTransformer([("all", "passthrough", [0])], n_jobs=1000)
    asking = asks if name == "n_jobs" else {name: 1000}
    refused(models.spelled(asking), name)


def test_lightgbm_is_told_nothing_else(model: bytes) -> None:
    whole = models.schema(model)
    (told,) = [
        models.entries(one)["_other_params"]
        for one in models.nodes(whole)
        if one["__class__"] == "LGBMClassifier"
    ]
    told["content"]["predict_disable_shape_check"] = json.loads(_schema(True))
    refused(models.with_schema(model, whole))


def test_nesting_has_an_end(model: bytes) -> None:
    deep: Any = 1
    for _ in range(200):
        deep = [deep]
    refused(models.spelled(deep), "nested too deeply")
    refused(models.with_schema(model, b"[" * 100_000), "cannot be read")


def _schema(value: Any) -> bytes:
    from tasks.modeling import archive
    from tasks.modeling.canonical import SCHEMA

    return archive.files(models.spelled(value))[SCHEMA]


def _of(schema: Any) -> bytes:
    return models.with_schema(models.spelled(1), schema)
