import json

import pyarrow as pa
import pytest

from tasks.audit.findings import Findings
from tasks.domain.errors import DataError


def test_of_one_place_the_first_problem_stands() -> None:
    findings = Findings()
    findings.problem("file", "a", "one")
    findings.problem("data", "a", "other")
    assert [problem.what for problem in findings.problems] == ["one"]


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (KeyError("digest"), "cannot be understood: 'digest' is not in it"),
        (pa.ArrowInvalid("not parquet\nmore"), "cannot be understood: not parquet"),
        (UnicodeDecodeError("utf-8", b"", 0, 1, "bad"), "cannot be understood: it is not JSON"),
        (json.JSONDecodeError("bad", "", 0), "cannot be understood: it is not JSON"),
        (TypeError(""), "cannot be understood: TypeError"),
    ],
)
def test_broken_data_is_a_problem(error: Exception, what: str) -> None:
    findings = Findings()
    with findings.guarded("data", "somewhere"):
        raise error
    (problem,) = findings.problems
    assert (problem.kind, problem.where) == ("data", "somewhere")
    assert problem.what.startswith(what)


def test_our_own_errors_say_where_themselves() -> None:
    findings = Findings()
    with findings.guarded("data", "somewhere"):
        raise DataError("is wrong", where="there")
    assert findings.problems[0].where == "there"


def test_mistakes_in_the_program_are_not_hidden() -> None:
    with pytest.raises(AssertionError), Findings().guarded("data", "somewhere"):
        raise AssertionError
