import copy
import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.domain.errors import ParamsError
from tasks.params import parse

CONTENT = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())
VALUES: list[Any] = [
    *(None, 3, -3, 1.5, float("nan"), True, "x", "", dt.date(2026, 1, 2)),
    *([], ["x"], [3], [None], {}, {"x": 1}, {1: 2}),
]
FOREIGN = re.compile(r"[Ii]nput|\bvalid\b|should|dictionary|\bint\b|\bstr\b|instance|None|\^")


def places(content: Any) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    stack: list[tuple[tuple[Any, ...], Any]] = [((), content)]
    while stack:
        path, value = stack.pop()
        found.append(path)
        if isinstance(value, dict):
            stack += [((*path, key), one) for key, one in value.items()]
        if isinstance(value, list) and value:
            stack.append(((*path, 0), value[0]))
    return found[1:]


@pytest.mark.parametrize("path", places(CONTENT), ids=str)
def test_whatever_stands_in_params_is_refused_in_our_own_words(path: tuple[Any, ...]) -> None:
    for value in VALUES:
        content = copy.deepcopy(CONTENT)
        place = content
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        try:
            parse(yaml.safe_dump(content))
        except ParamsError as error:
            line = str(error)
            assert line.startswith("params.yaml"), line
            assert not FOREIGN.search(line), line


SAID = {
    "classes: [3, ash]": "campaign.classes.0: must be text, not the number 3; put it in quotes: "
    "'3'",
    "classes: [yes, no]": "campaign.classes.0: must be text, not true; put it in quotes: 'true' "
    "(YAML reads yes, no, on and off so too)",
    "classes: [2026-01-02, ash]": "campaign.classes.0: must be text, not the date 2026-01-02; put "
    "it in quotes: '2026-01-02'",
    "classes: [ash]": "campaign.classes: must be a list of at least 2 entries, not a list of 1",
    "budget: '60'": "campaign.budget: must be a number, not '60'; leave out its quotes",
    "budget: .nan": "campaign.budget: must be a finite number, not the number nan",
    "seed: 1.5": "campaign.seed: must be a whole number, not the number 1.5",
    "seed: -1": "campaign.seed: must be at least 0, not the number -1",
    "name: a/b": "campaign.name: must be 1 to 63 letters, digits, dots, underscores or hyphens, "
    "the first a letter or digit, not 'a/b'",
}


@pytest.mark.parametrize("line", SAID)
def test_the_cure_is_said(line: str) -> None:
    content = copy.deepcopy(CONTENT)
    content["campaign"] |= yaml.safe_load(line)
    with pytest.raises(ParamsError) as caught:
        parse(yaml.safe_dump(content))
    assert str(caught.value) == f"params.yaml {SAID[line]}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1,\nb: 2", "line 2, column 5: is not YAML"),
        ("a: 2026-02-30", "is not YAML (day is out of range for month); put dates in quotes"),
        ("a: \x00", "is not YAML"),
    ],
)
def test_what_is_not_yaml_is_one_line_with_its_place(text: str, expected: str) -> None:
    with pytest.raises(ParamsError) as caught:
        parse(text)
    assert expected in str(caught.value)
