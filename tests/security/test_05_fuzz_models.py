"""Two thousand hostile neighbours of our models: each is read and predicts, or is one line."""

import json
import random
from collections.abc import Iterator

import numpy as np
import pytest
from security import models
from security.fuzz import mutations, survives
from sklearn.linear_model import LogisticRegression

from tasks.domain.errors import DataError
from tasks.modeling import archive, bundle
from tasks.modeling.canonical import SCHEMA

WHOLE, SCHEMAS, LINES = 500, 700, 800


@pytest.fixture(scope="module")
def seeds() -> list[bytes]:
    line = LogisticRegression().fit(models.POINTS, models.NAMES)
    return [models.of_trees(), bundle.dump(line)]


def use(content: bytes) -> None:
    """Do with a model what a stage does in a process of its own."""
    model = bundle.parse(content)
    if model is None:
        return
    try:
        model.predict_proba(np.zeros((3, 3)))
    except Exception as error:
        raise DataError(f"cannot be worked with ({type(error).__name__})") from error


@pytest.mark.filterwarnings("ignore")
def test_bytes(seeds: list[bytes]) -> None:
    told = survives(use, mutations(seeds, WHOLE, "models"))
    assert told["refused"] > 0
    assert sum(told.values()) == WHOLE


@pytest.mark.filterwarnings("ignore")
def test_what_it_says_it_holds(seeds: list[bytes]) -> None:
    """The archive is as it must be, so that what comes after it is reached."""
    schemas = [archive.files(seed)[SCHEMA] for seed in seeds]
    spelled = (
        models.with_schema(seed, changed)
        for seed in seeds
        for changed in mutations(schemas, SCHEMAS // 2, f"schemas {len(seed)}")
    )
    told = survives(use, spelled)
    assert told["refused"] > 0
    assert sum(told.values()) == SCHEMAS


@pytest.mark.filterwarnings("ignore")
def test_numbers_of_trees(seeds: list[bytes]) -> None:
    """The archive and the JSON are as they must be; a number or two of LightGBM's text is not."""
    told = survives(use, trees(seeds[0]))
    assert told["read"] > LINES // 20, "some numbers may be others"
    assert told["refused"] > LINES // 20
    assert sum(told.values()) == LINES


def trees(content: bytes) -> Iterator[bytes]:
    text = models.text(content)
    # Most of it is parameters, which LightGBM reads for people.
    head, end, rest = text.partition("end of trees")
    chance = random.Random("trees")
    values = [
        "0",
        "-1",
        "1",
        "7",
        "-7",
        "2147483647",
        "-2147483648",
        "1e308",
        "nan",
        "inf",
        "",
        "2 2",
    ]
    for _ in range(LINES):
        lines = head.split("\n")
        for _ in range(chance.choice((1, 1, 2))):
            at = chance.randrange(len(lines))
            name, equals, said = lines[at].partition("=")
            parts = said.split(" ")
            parts[chance.randrange(len(parts))] = chance.choice([*values, *parts])
            lines[at] = name + equals + " ".join(parts)
        yield models.with_text(content, sized("\n".join(lines)) + end + rest)


def sized(text: str) -> str:
    """Say the sizes that the trees have, so that their numbers are reached."""
    head, _, body = text.partition("\n\nTree=0\n")
    pieces = ("Tree=0\n" + body).split("\nTree=")
    sizes = [len(piece) + len("\nTree=") for piece in pieces]
    sizes[0] -= len("Tree=") if len(pieces) > 1 else len("\nTree=")
    said = [*sizes[:-1], sizes[-1] - 1] if len(pieces) > 1 else sizes
    lines = [
        "tree_sizes=" + " ".join(map(str, said)) if line.startswith("tree_sizes=") else line
        for line in head.split("\n")
    ]
    return "\n".join(lines) + "\n\nTree=0\n" + body


def test_the_seeds_are_read(seeds: list[bytes]) -> None:
    for seed in seeds:
        use(seed)
    head = models.text(seeds[0]).partition("end of trees")[0]
    assert sized(head) == head
    assert json.loads(archive.files(seeds[0])[SCHEMA])
