"""What DVC's default remote needs confirmed, by the campaign's own configuration."""

from collections.abc import Mapping
from pathlib import Path

from tasks.domain.errors import CampaignError
from tasks.domain.needs import AWS, Need
from tasks.trust import guard, places
from tasks.versions.translation import translated

CONFIG = ".dvc/config"
FIELD = f"{CONFIG} remote"
BUCKET = "s3://"


def of(root: Path) -> list[Need]:
    """List what the default remote needs; nothing if there is none.

    Raises
    ------
    CampaignError
        The configuration cannot be read, or names a remote of a kind that labelloop does not use.
    """
    remote = _default(root)
    url, endpoint = remote.get("url", ""), remote.get("endpointurl", "")
    if not url:
        return []
    if url.startswith(BUCKET):
        return [Need(_bucket(url, endpoint), AWS, FIELD)]
    if "://" in url:
        fix = "name a folder or s3://bucket/prefix"
        raise CampaignError(f"{url.partition('://')[0]} remotes are not used", where=FIELD, fix=fix)
    return [Need(str((root / ".dvc" / url).resolve()), field=FIELD)]


def require(root: Path) -> None:
    """Raise an `UntrustedError` unless the default remote was confirmed."""
    for need in of(root):
        guard.require(need, root)


def _bucket(url: str, endpoint: str) -> str:
    try:
        return places.bucket(url, endpoint)
    except ValueError as error:
        raise CampaignError(f"endpointurl {error}", where=FIELD) from None


def _default(root: Path) -> Mapping[str, str]:
    """Read the settings of the default remote, in DVC's own way."""
    with translated(root):
        from dvc.config import Config

        config = Config(str(root / ".dvc"))
        found: Mapping[str, str] = config["remote"].get(config["core"].get("remote"), {})
        return found
