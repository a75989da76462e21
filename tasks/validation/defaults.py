"""The suites that a new campaign starts with."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.campaign import SUITES
from tasks.domain.files import pretty_json
from tasks.ingest.plain import is_list
from tasks.params import Params
from tasks.validation.derived import LENGTH, NOT_FINITE, with_derived

Expectation = dict[str, Any]
CRITICAL, WARNING = "critical", "warning"
STATUSES = ["labelled", "low_confidence", "returned"]
TEXT = ["str"]
NUMBERS = ["int64", "uint64", "float64"]
"""Narrower numbers are widened before anything is expected of them."""


def default_suites(params: Params, table: pa.Table) -> dict[str, str]:
    """Write down what is expected of pool, answers and labels, by what the items are like now.

    Parameters
    ----------
    params : Params
    table : pyarrow.Table
        All items that there are; ranges, categories and lengths are taken from them.

    Returns
    -------
    dict of str to str
        The JSON of each suite, by its file name in the campaign.
    """
    answers, labels = _answers(params.campaign.classes), _labels(params.campaign.classes)
    suites = {"pool": _pool(params, table), "answers": answers, "labels": labels}
    return {
        file: pretty_json({"name": name, "expectations": expectations, "meta": {}})
        for file in SUITES
        for name, expectations in suites.items()
        if file == f"suites/{name}.json"
    }


def _pool(params: Params, table: pa.Table) -> list[Expectation]:
    features, derived = params.features, with_derived(table)
    expected = [_exists("item_id"), _there("item_id"), _expect("values_to_be_unique", "item_id")]
    for name in dict.fromkeys([*features.columns, *params.vendor.send]):
        expected.append(_exists(name))
    for name in features.numeric:
        expected += [_typed(name, NUMBERS), *_range(name, table[name])]
    for name in features.categorical:
        expected += [_typed(name, _category_types(table[name])), *_categories(name, table[name])]
    for name in features.text:
        expected += [_typed(name, TEXT), _there(name)]
        expected.append(_expect("values_to_match_regex", name, regex=r"\S"))
    for name in (*features.embedding, *features.image):
        expected += [_there(name), *_vector(name, derived)]
    return expected


def _answers(classes: Sequence[str]) -> list[Expectation]:
    return [
        _there("answer_id"),
        _there("item_id"),
        _there("annotator_id"),
        # No `_there("label")`: a revision that takes an answer back has none.
        _expect("values_to_be_in_set", "label", value_set=list(classes)),
        _expect("values_to_be_between", "revision", min_value=0),
        _expect("values_to_be_between", "price", min_value=0),
    ]


def _labels(classes: Sequence[str]) -> list[Expectation]:
    return [
        _there("item_id"),
        _expect("values_to_be_unique", "item_id"),
        _expect("values_to_be_in_set", "label", value_set=list(classes)),
        _expect("values_to_be_between", "confidence", min_value=0, max_value=1),
        _there("status"),
        _expect("values_to_be_in_set", "status", value_set=STATUSES),
    ]


def _range(name: str, column: pa.ChunkedArray) -> list[Expectation]:
    known = column.filter(pc.is_finite(column)).drop_null()
    if not len(known):
        return []
    ends = {f"{end}_value": value.as_py() for end, value in pc.min_max(known).items()}
    expected = [_expect("values_to_be_between", name, WARNING, **ends)]
    if len(known) == len(column):
        expected.append(_there(name, WARNING))
    return expected


def _categories(name: str, column: pa.ChunkedArray) -> list[Expectation]:
    seen = sorted(pc.unique(column.drop_null()).to_pylist())
    expected = [_expect("values_to_be_in_set", name, WARNING, value_set=seen)]
    if not column.null_count:
        expected.append(_there(name, WARNING))
    return expected


def _category_types(column: pa.ChunkedArray) -> list[str]:
    if pa.types.is_boolean(column.type):
        return ["bool"]
    return TEXT if pa.types.is_string(column.type) else NUMBERS


def _vector(name: str, derived: pa.Table) -> list[Expectation]:
    lengths = sorted(pc.unique(derived[name + LENGTH].drop_null()).to_pylist())
    if len(lengths) == 1:
        expected = [_expect("values_to_be_in_set", name + LENGTH, value_set=lengths)]
    else:
        expected = [_expect("values_to_be_between", name + LENGTH, min_value=1)]
    if is_list(derived[name].type):
        expected.append(
            _expect("values_to_be_between", name + NOT_FINITE, min_value=0, max_value=0)
        )
    return expected


def _exists(column: str) -> Expectation:
    return _expect("to_exist", column)


def _there(column: str, severity: str = CRITICAL) -> Expectation:
    return _expect("values_to_not_be_null", column, severity)


def _typed(column: str, types: Sequence[str]) -> Expectation:
    return _expect("values_to_be_in_type_list", column, type_list=list(types))


def _expect(what: str, column: str, severity: str = CRITICAL, **arguments: Any) -> Expectation:
    return {
        "type": f"expect_column_{what}",
        "kwargs": {"column": column, **arguments},
        "severity": severity,
    }
