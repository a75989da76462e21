"""How values are written on the page."""

import math
import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

NOTHING = "–"  # noqa: RUF001 - the en dash is meant
MINUS = "\N{MINUS SIGN}"
# Controls break the page; overrides of the writing direction let one text pose as another.
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
UNITS = ("B", "kB", "MB", "GB", "TB")


def clean(value: Any) -> Any:
    """Replace what cannot be shown in a text by U+FFFD; leave other values alone."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    return value


def count(value: float | None) -> str:
    """Write a whole number, with thousands apart."""
    return _written(value, ",.0f")


def money(value: float | None) -> str:
    """Write an amount."""
    return _written(value, ",.2f")


def rate(value: float | None) -> str:
    """Write a metric or a probability."""
    return _written(value, ".3f")


def seconds(value: float | None) -> str:
    """Write a time that a person took."""
    return _written(value, ",.1f")


def score(value: float | None) -> str:
    """Write a number of any size."""
    return _written(value, ".4g")


def percent(value: float) -> str:
    """Write a share, as a percentage without needless digits."""
    return f"{100 * value:.4g}%"


def interval(metric: Mapping[str, float] | None) -> str:
    """Write the ends of a metric's interval; empty if it has none."""
    if not metric or "low" not in metric:
        return ""
    return f"[{rate(metric['low'])}, {rate(metric['high'])}]"


def size(bytes_: int) -> str:
    """Write a file's size."""
    power = min(int(math.log(max(bytes_, 1), 1000)), len(UNITS) - 1)
    return f"{bytes_ / 1000**power:.3g} {UNITS[power]}"


def moment(at: str) -> str:
    """Write an ISO 8601 time to the minute."""
    return at[:16].replace("T", " ")


def shortened(text: str, length: int) -> str:
    """Cut a text, and show that it was cut."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def plural(number: int, noun: str) -> str:
    """Write a number of things."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def _written(value: float | None, form: str) -> str:
    if value is None or math.isnan(value):
        return NOTHING
    return format(value, form).replace("-", MINUS)


FILTERS = {
    "count": count,
    "money": money,
    "rate": rate,
    "seconds": seconds,
    "score": score,
    "percent": percent,
    "interval": interval,
    "size": size,
    "moment": moment,
    "shortened": shortened,
    "plural": plural,
}
