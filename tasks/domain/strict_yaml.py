"""YAML of a stranger, looked through before anything is made of it."""

from typing import Any

import yaml

MOST_NESTED = 32
"""Lists and mappings within one another; params.yaml has three."""
MOST_BYTES = 1 << 18
"""Of a file that people write."""


class StrictYamlError(ValueError):
    """Says what is wrong, to be put behind the name of a file."""


def parse(text: str, most: int = MOST_BYTES, loader: Any = yaml.SafeLoader) -> Any:
    """Read a YAML document of plain values.

    Parameters
    ----------
    text : str
    most : int
        Characters.
    loader : type
        `yaml.SafeLoader` names places as people count them; `yaml.CSafeLoader` is fast.

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
    _look_through(text, loader)
    return yaml.load(text, Loader=loader)  # noqa: S506 - one of the two safe ones


def _look_through(text: str, loader: Any) -> None:
    """Refuse by the parser's events, which come one after the other and build nothing."""
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.AliasEvent):
            line = event.start_mark.line + 1
            raise StrictYamlError(f"line {line} has an alias (*{event.anchor}); write the value")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MOST_NESTED:
                raise StrictYamlError(f"is nested deeper than {MOST_NESTED} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
