import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tasks.domain import strict_json, strict_yaml
from tasks.domain.errors import DataError, LedgerError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)


@given(VALUES)
def test_what_the_library_writes_is_read_as_it_was(value: object) -> None:
    assert strict_json.parse(json.dumps(value)) == value
    assert strict_json.parse(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[" * 100_000, "deeper than 64"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "deeper than 64"),
        (b"[" * 70 + b'"\\' * 200_000, "deeper than 64"),
        (b"\xff", "not UTF-8"),
        (b"[1,]", "line 1, column 4"),
        (b"[NaN]", "NaN"),
        (b"-Infinity", "-Infinity"),
        (b"[1e999]", "too large"),
        (b"9" * 400 + b".5", "too large"),
        (b"9" * 298 + b"e99", "too large"),
        (b"9" * 400, "more than 300 digits"),
        (b'"\\ud800"', "half a character"),
        (b'{"\\udfff": 1}', "half a character"),
    ],
)
def test_hostile_json_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(strict_json.StrictJsonError, match=words):
        strict_json.parse(content)


def test_a_member_that_is_named_twice_is_refused_on_demand() -> None:
    assert strict_json.parse('{"a": 1, "a": 2}') == {"a": 2}
    with pytest.raises(strict_json.StrictJsonError, match="two members of the same name"):
        strict_json.parse('[{"a": 1, "a": 2}]', names_once=True)


def test_brackets_within_a_text_are_no_nesting() -> None:
    text = '["' + "[" * 1000 + '\\"' + "{" * 1000 + '"]'
    assert strict_json.parse(text) == json.loads(text)
    assert strict_json.parse('["\\ud83d\\ude00"]') == ["\U0001f600"]
    assert strict_json.parse("[" * 64 + "]" * 64) == json.loads("[" * 64 + "]" * 64)


def test_the_error_names_the_place_in_the_callers_kind() -> None:
    with pytest.raises(DataError, match=r"^here: is not JSON \(.*\); mend it$"):
        strict_json.json_of("{", "here", fix="mend it")
    with pytest.raises(LedgerError, match=r"^here: "):
        strict_json.json_of("{", "here", LedgerError)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 100_000, "deeper than 32"),
        ("- " * 100_000, "deeper than 32"),
        ("a: &a [1, 2]\nb: [*a, *a]\n", r"line 2 has an alias \(\*a\)"),
        ("a: &a {x: 1}\nb:\n  <<: *a\n", "alias"),
        ("# " + "x" * 300_000, "longer than 256 KiB"),
    ],
)
def test_hostile_yaml_is_refused(text: str, words: str) -> None:
    with pytest.raises(strict_yaml.StrictYamlError, match=words):
        strict_yaml.parse(text)


@given(VALUES)
def test_yaml_is_what_the_library_reads(value: object) -> None:
    class Plainly(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:
            return True

    text = yaml.dump({"value": value}, Dumper=Plainly)
    assert strict_yaml.parse(text) == yaml.safe_load(text)
