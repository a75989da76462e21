from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.ingest.infer import Columns
from tasks.ingest.template import Plan, params_yaml
from tasks.params import parse


def columns(**changes: Any) -> Columns:
    kinds = dict.fromkeys(("numeric", "categorical", "text", "embedding", "image"), ())
    values = {"id": "item_id", "label": "label", "classes": ("a", "b"), "left_out": {}, **kinds}
    return Columns(**{**values, **changes})


def test_the_example_is_as_it_is_documented() -> None:
    digits = columns(classes=tuple("0123456789"), image=("pixels",))
    params = parse(params_yaml(Plan("digits", digits, source="example:digits")))
    assert params.campaign.model_dump() == {
        "name": "digits",
        "seed": 7,
        "budget": 60.0,
        "classes": list("0123456789"),
    }
    assert params.pool.source == "example:digits"
    assert params.features.columns == params.vendor.send == ["pixels"]
    assert params.train.learner == "logistic_regression"
    assert params.score.strategies.shares == {"margin": 0.9, "uniform": 0.1}
    assert list(params.stop) == ["max_rounds", "budget", "target", "plateau", "pool_exhausted"]
    assert params.tracking.experiment == "digits"


@pytest.mark.parametrize(
    ("kind", "learner"),
    [
        ("numeric", "lightgbm"),
        ("categorical", "lightgbm"),
        ("text", "logistic_regression"),
        ("embedding", "logistic_regression"),
        ("image", "logistic_regression"),
    ],
)
def test_the_learner_goes_with_the_features(kind: str, learner: str) -> None:
    params = parse(params_yaml(Plan("c", columns(**{kind: ("x",)}))))
    assert params.train.learner == learner
    assert getattr(params.features, kind) == ["x"]
    assert params.pool.source == "data/source"


def test_every_key_has_a_comment() -> None:
    lines = params_yaml(Plan("c", columns(numeric=("x",)))).splitlines()
    keys = [number for number, line in enumerate(lines) if line.startswith("  ") and ":" in line]
    for number in keys:
        told = "#" in lines[number] or "#" in lines[number - 1] or lines[number][2] == " "
        assert told or lines[number].startswith("  #"), lines[number]


NAMES = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=30)


@given(
    st.lists(NAMES, min_size=2, max_size=12, unique=True),
    st.lists(NAMES, min_size=1, max_size=40, unique=True),
    st.one_of(st.none(), st.just("the label")),
)
@settings(max_examples=60, deadline=None)
def test_any_names_come_back(classes: list[str], names: list[str], label: str | None) -> None:
    found = columns(classes=tuple(classes), numeric=tuple(names), label=label, id=names[0])
    content = yaml.safe_load(params_yaml(Plan("c", found)))
    assert content["campaign"]["classes"] == classes
    assert content["features"]["numeric"] == content["vendor"]["send"] == names
    assert content["pool"]["id"] == names[0]
    assert content["pool"]["label"] == label


def test_vendor_options_and_no_budget() -> None:
    options = {"annotators": 3, "accuracy": 0.8}
    plan = Plan("c", columns(text=("t",)), budget=None, vendor_options=options)
    params = parse(params_yaml(plan))
    assert params.vendor.options == options
    assert params.campaign.budget is None
