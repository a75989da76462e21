"""YAML of a stranger, looked through before anything is made of it."""

from typing import Any

import yaml

MOST_NESTED = 32
"""Lists and mappings within one another; params.yaml has three."""
MOST_BYTES = 1 << 18
"""Of a file that people write."""


class StrictYamlError(ValueError):
    """Says what is wrong, to be put behind the name of a file."""


def parse(text: str, most: int = MOST_BYTES) -> Any:
    """Read a YAML document of plain values.

    Parameters
    ----------
    text : str
    most : int
        Characters.

    Raises
    ------
    StrictYamlError
        It is longer than `most`, nested deeper than `MOST_NESTED`, or has a value that stands for
        another one (an alias, by which a few lines unfold into more than there is memory for).
    yaml.YAMLError
        It is no YAML.
    ValueError
        A value looks like a date or a number and is none.
    """
    if len(text) > most:
        raise StrictYamlError(f"is longer than {most >> 10} KiB")
    try:
        return _made(text, yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeEncodeError):
        # The slower one names the place of an error as people count.
        return _made(text, yaml.SafeLoader)


def _made(text: str, loader: Any) -> Any:
    """Make values, if the parser's events, which build nothing, are those of plain ones."""
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.AliasEvent):
            place = f"line {event.start_mark.line + 1} " if event.start_mark else ""
            raise StrictYamlError(f"{place}has an alias (*{event.anchor}); write the value")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MOST_NESTED:
                raise StrictYamlError(f"is nested deeper than {MOST_NESTED} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return yaml.load(text, Loader=loader)  # noqa: S506 - one of the two safe ones
