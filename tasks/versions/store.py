"""The bytes of any past round, by their address."""

from functools import cached_property
from pathlib import Path

from tasks.domain.errors import CampaignError
from tasks.versions import data, remote_needs


class Store:
    """DVC's cache, and behind it its remote, as one place to read from.

    Parameters
    ----------
    root : Path
        The campaign.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def fetch(self, md5: str) -> bytes:
        """Read the bytes that DVC keeps under an MD5.

        They are not checked: who asks knows the SHA-256 that they must have.

        Raises
        ------
        CampaignError
            Neither the cache nor the remote has them.
        """
        if (path := self.cached(md5)).exists():
            return path.read_bytes()
        return self._from_remote(md5)

    def cached(self, md5: str) -> Path:
        """Say where the cache keeps an MD5, whether or not it has it."""
        return self._cache / md5[:2] / md5[2:]

    @cached_property
    def _cache(self) -> Path:
        with data.opened(self.root) as repo:
            return Path(repo.cache.local.path)

    def _from_remote(self, md5: str) -> bytes:
        remote_needs.require(self.root)
        with data.opened(self.root) as repo:
            if not repo.config["core"].get("remote"):
                raise _missing(md5, "and no DVC remote is set")
            odb = repo.cloud.get_remote_odb()
            path = odb.oid_to_path(md5)
            if not odb.fs.exists(path):
                raise _missing(md5, f"nor in the remote {odb.path}")
            content: bytes = odb.fs.cat_file(path)
            return content


def _missing(md5: str, more: str) -> CampaignError:
    return CampaignError(
        f"the bytes with MD5 {md5} are not in DVC's cache {more}",
        fix="bring them with `dvc pull --all-tags`, or copy the cache of a clone that has them",
    )
