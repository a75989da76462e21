"""Great Expectations, loaded when first needed and kept quiet."""

import warnings
from functools import cache
from types import ModuleType
from typing import Any


@cache
def great_expectations() -> ModuleType:
    """Import the library, which takes some seconds."""
    with warnings.catch_warnings():
        # It imports two modules that the standard library has deprecated.
        warnings.filterwarnings("ignore", "module 'sre_", DeprecationWarning)
        import great_expectations
    return great_expectations


def new_context() -> Any:
    """Make a data context that lives in memory and draws no progress bars."""
    context = great_expectations().get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return context


@cache
def batch_definition(name: str) -> Any:
    """Make, once in a process, the batch definition for frames of a name."""
    source = _sources()
    return source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("all")


@cache
def _sources() -> Any:
    return new_context().data_sources.add_pandas("campaign")
