"""Numbers that were written with a decimal comma, as much of the world does.

``1,5`` is one and a half, but ``1,234`` may be a thousand too. So the columns of a file are looked
at together: a column is *sure* if one of its numbers can only be meant in one way, and the file
then is in that way of writing.
"""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

Columns = Mapping[str, pa.ChunkedArray]
EXPONENT = r"([eE][+-]?\d+)?"
COMMA = rf"^[+-]?(\d+|[1-9]\d{{0,2}}(\.\d{{3}})+)?(,\d+)?{EXPONENT}$"
POINT = rf"^[+-]?\d*\.?\d*{EXPONENT}$"
THOUSANDS = {",": r"^[+-]?[1-9]\d{0,2}(,\d{3})+$", ".": r"^[+-]?[1-9]\d{0,2}(\.\d{3})+$"}


def pointed(columns: Columns, semicolons: bool) -> dict[str, pa.ChunkedArray]:
    """Write a file's numbers with a decimal point where they have a decimal comma.

    Parameters
    ----------
    columns : mapping of str to pyarrow.ChunkedArray of string
        Without blanks around cells; null where there is no value.
    semicolons : bool
        Cells have semicolons between them: so do programs write that are set to decimal commas,
        so that a file without a sure column is taken to have them.

    Returns
    -------
    dict
        All columns, those that are no such numbers as they were.
    """
    commas = {name: one for name, one in columns.items() if _all(one, ",", COMMA)}
    if not commas:
        return dict(columns)
    sure = {name for name, one in commas.items() if _any_but(one, ",", THOUSANDS[","])}
    if not sure and not semicolons:
        return dict(columns)
    # Where the same file has numbers with a point, only what is sure has a comma.
    changed = sure if _has_points(columns) else {*commas, *(_grouped(columns) if sure else ())}
    return {name: _with_point(one) if name in changed else one for name, one in columns.items()}


def _has_points(columns: Columns) -> bool:
    return any(
        _all(one, ".", POINT) and _any_but(one, ".", THOUSANDS["."]) for one in columns.values()
    )


def _grouped(columns: Columns) -> set[str]:
    """List the columns of whole numbers that have points between their thousands."""
    whole = rf"{THOUSANDS['.']}|^[+-]?\d{{1,3}}$"
    return {name for name, one in columns.items() if _all(one, ".", whole)}


def _all(column: pa.ChunkedArray, sign: str, pattern: str) -> bool:
    """Say whether a sign is in the column, and all its values are of a form."""
    if not pc.any(pc.match_substring(column, sign)).as_py():
        return False
    return bool(pc.all(pc.match_substring_regex(column, pattern)).as_py())


def _any_but(column: pa.ChunkedArray, sign: str, pattern: str) -> bool:
    """Say whether a value with the sign is not of the form."""
    signed = column.filter(pc.match_substring(column, sign))
    return not pc.all(pc.match_substring_regex(signed, pattern)).as_py()


def _with_point(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.replace_substring(pc.replace_substring(column, ".", ""), ",", ".")
