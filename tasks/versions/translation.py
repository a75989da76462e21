"""What DVC says, in labelloop's own errors."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.domain.errors import CampaignError


@contextmanager
def translated(root: Path) -> Iterator[None]:
    """Make a `CampaignError` of whatever goes wrong in DVC."""
    os.environ.setdefault("DVC_NO_ANALYTICS", "1")
    from dvc.exceptions import DvcException
    from dvc_objects.fs.errors import RemoteMissingDepsError

    try:
        yield
    except (DvcException, RemoteMissingDepsError, OSError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise CampaignError(f"DVC: {first}", where=str(root)) from error
