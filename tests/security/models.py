"""Small models, and hostile ones made of them: spelled as ours are, with something else in them."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import lightgbm
import numpy as np
import skops.io
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from tasks.modeling import archive, bundle
from tasks.modeling.canonical import SCHEMA, address, canonical, zipped

Change = Callable[[str], str]
POINTS = np.random.default_rng(5).normal(size=(40, 3))
NAMES = np.array([f"class {number % 3}" for number in range(40)], dtype=object)


def of_trees() -> bytes:
    """Give the bytes of a model whose classifier is LightGBM's, of three classes."""
    trees = lightgbm.LGBMClassifier(
        n_estimators=4, num_leaves=7, min_child_samples=2, n_jobs=1, verbose=-1
    )
    return bundle.dump(
        Pipeline([("numbers", StandardScaler()), ("trees", trees)]).fit(POINTS, NAMES)
    )


def schema(content: bytes) -> Any:
    return json.loads(archive.files(content)[SCHEMA])


def with_schema(content: bytes, changed: Any) -> bytes:
    """Give a model with another table of contents, and otherwise all as it must be."""
    written = changed if isinstance(changed, bytes) else json.dumps(changed).encode()
    files = {**archive.files(content), SCHEMA: written}
    return zipped(files, archive.comment(content))


def with_files(content: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Give a model with other arrays, under the names that they then must have."""
    files = dict(archive.files(content))
    said = files.pop(SCHEMA).decode()
    changed = {}
    for name, inside in files.items():
        other = change(inside)
        said = said.replace(name, address(name, other))
        changed[address(name, other)] = other
    return zipped({**changed, SCHEMA: said.encode()}, archive.comment(content))


def spelled(value: Any) -> bytes:
    """Give what skops writes of any value, as ours would be spelled."""
    return canonical(skops.io.dumps(value), "")


def nodes(part: Any) -> list[dict[str, Any]]:
    """List all objects that a table of contents has."""
    if isinstance(part, list):
        return [one for inner in part for one in nodes(inner)]
    if not isinstance(part, dict):
        return []
    inside = [one for inner in part.values() for one in nodes(inner)]
    return [part, *inside] if "__loader__" in part else inside


def booster(whole: Any) -> dict[str, Any]:
    """Find LightGBM's part of a table of contents."""
    return next(one for one in nodes(whole) if one["__class__"] == "Booster")


def text(content: bytes) -> str:
    """Give LightGBM's own text of a model."""
    return str(json.loads(entries(booster(schema(content)))["_handle"]["content"]))


def entries(node: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = node["content"]["content"]
    return found


def with_text(content: bytes, changed: str) -> bytes:
    """Give a model with another text of trees."""
    whole = schema(content)
    entries(booster(whole))["_handle"]["content"] = json.dumps(changed)
    return with_schema(content, whole)


def in_first_tree(of: str, **lines: str) -> str:
    """Change lines of the first tree, and the size of it that is said before."""
    head, _, body = of.partition("\n\n")
    sizes = re.search("tree_sizes=(.*)", head)
    assert sizes
    first, *others = sizes[1].split()
    tree, rest = body[: int(first)], body[int(first) :]
    for name, value in lines.items():
        tree, found = re.subn(f"(?m)^{name}=.*", f"{name}={value}", tree)
        assert found == 1, name
    said = "tree_sizes=" + " ".join([str(len(tree)), *others])
    return re.sub("tree_sizes=.*", said, head) + "\n\n" + tree + rest
