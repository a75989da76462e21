"""Data Docs: what the suites expect and what was found, as pages for people."""

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tasks.validation.library import great_expectations, new_context

SITE = "local_site"


def build(folder: Path, results: Mapping[str, Any], run_name: str) -> Path:
    """Write the pages of one run in place of those that are there.

    Parameters
    ----------
    folder : Path
    results : mapping of str to ExpectationSuiteValidationResult
        By the name of the table that was validated.
    run_name : str

    Returns
    -------
    Path
        The index page.
    """
    great_expectations()
    from great_expectations.core.run_identifier import RunIdentifier

    shutil.rmtree(folder, ignore_errors=True)
    context = new_context()
    context.update_data_docs_site(SITE, _site(folder))
    run_id = RunIdentifier(run_name=run_name, run_time=datetime.now(UTC))
    for name, result in results.items():
        _add(context, name, result, run_id)
    context.build_data_docs([SITE])
    return folder / "index.html"


def _site(folder: Path) -> dict[str, Any]:
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(folder),
        },
    }


def _add(context: Any, name: str, result: Any, run_id: Any) -> None:
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    result.meta |= {"run_id": run_id, "validation_time": run_id.run_time}
    suite = ExpectationSuiteIdentifier(result.suite_name)
    context.validation_results_store.add(ValidationResultIdentifier(suite, run_id, name), result)
