"""What DVC's default remote needs confirmed, by the campaign's own configuration."""

from pathlib import Path

from tasks.domain.errors import CampaignError
from tasks.domain.needs import AWS, Need
from tasks.trust import guard, places
from tasks.versions import dvc_config

FIELD = f"{dvc_config.CONFIG} remote"


def of(root: Path) -> list[Need]:
    """List what the default remote needs; nothing if there is none.

    Raises
    ------
    CampaignError
        As `tasks.versions.dvc_config.default_remote`.
    """
    remote = dvc_config.default_remote(root)
    if remote is None:
        return []
    if remote.is_folder:
        return [Need(str(Path(remote.url).resolve()), field=FIELD)]
    try:
        return [Need(places.bucket(remote.url, remote.endpointurl), AWS, FIELD)]
    except ValueError as error:
        raise CampaignError(f"endpointurl {error}", where=FIELD) from None


def require(root: Path) -> None:
    """Raise an `UntrustedError` unless the default remote was confirmed."""
    for need in of(root):
        guard.require(need, root)
