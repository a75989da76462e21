import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.vendors._files.cells import folded, guard, shown, tidy, unguard

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
AWKWARD = st.text(alphabet=st.sampled_from("=+-@'\",;\t\r\n a1.e5\u200b\ufeff\xa0\uff1d|"))


@given(st.text() | AWKWARD)
def test_a_guarded_cell_is_read_back_as_it_was(text):
    assert unguard(guard(text)) == text


@given(AWKWARD | st.text(), st.sampled_from([",", ";", "\t"]), st.sampled_from([",", ";", "\t"]))
def test_no_cell_begins_with_a_sign_whatever_delimiter_is_taken(text, own, other):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=own, quoting=csv.QUOTE_ALL).writerow(["k", guard(text), "z"])
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
        for line in csv.reader(
            io.StringIO(buffer.getvalue(), newline=""), delimiter=other, quoting=quoting
        ):
            for cell in line:
                begin = tidy(cell.strip('"'))[:1]
                assert begin not in SIGNS or not begin or _is_number(cell.strip('"'))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("number", ["-5", "+5", "-0.25", "-1e-9", ".5", "-.5", "12"])
def test_a_number_stays_a_number(number):
    assert guard(number) == number


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "=HYPERLINK(1)",
        "@SUM(1)",
        "+1+1",
        "-2+3+cmd|' /C calc'!A0",
        "  =1",
        "\t=1",
        "\r=1",
        "\n=1",
        "\xa0=1",
        "\u200b=1",
        "\ufeff=1",
        "\uff1d1",
        "-",
        "--5",
        "-\u0665",
    ],
)
def test_a_formula_is_shown_and_not_run(text):
    guarded = guard(text)
    assert guarded != text
    assert tidy(guarded).startswith("'")


def test_plain_text_stays_as_it_is():
    for text in ("", "a - b", "it's", "a=b", "mail@example.org", "'quoted'", "x, y", "3-5"):
        assert guard(text) == text


def test_values_that_are_no_text_are_json():
    assert [shown(value) for value in (None, True, -5, 0.5, [1, "ä"])] == [
        "",
        "true",
        "-5",
        "0.5",
        '[1, "ä"]',
    ]


def test_spellings_of_one_word():
    assert folded(" Ash\xa0") == folded("ash") == folded("\uff21sh\u200b") == "ash"
