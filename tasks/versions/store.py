"""The bytes of any past round, by their address."""

import re
from functools import cached_property
from pathlib import Path

from tasks.domain import digests
from tasks.domain.digests import Digest
from tasks.domain.errors import CampaignError, DataError
from tasks.domain.files import write_atomic
from tasks.versions import away

ADDRESS = re.compile(r"[0-9a-f]{32}(\.dir)?")
"""What bytes are kept under: an MD5, of a folder's list of files with an ending."""


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
        DataError
            It is no MD5.
        """
        if (path := self.cached(md5)).exists():
            return path.read_bytes()
        return self._from_remote(md5)

    def read(self, name: str, digest: Digest) -> bytes:
        """Read a file as the ledger knows it, from the work tree or else as `fetch`.

        Raises
        ------
        CampaignError
            It is nowhere.
        DataError
            What was found is not that file.
        """
        here = self.root / name
        if here.is_file() and here.stat().st_size == digest.size:
            content = here.read_bytes()
            if digests.of_bytes(content) == digest:
                return content
        content = self.fetch(digest.md5)
        if digests.of_bytes(content) != digest:
            what = "is not what the ledger knows, in DVC's cache or remote"
            raise DataError(what, where=name, fix="run `labelloop audit`")
        return content

    def keep(self, md5: str, content: bytes) -> None:
        """Have the cache keep bytes under their MD5."""
        if not (path := self.cached(md5)).exists():
            write_atomic(path, content)

    def cached(self, md5: str) -> Path:
        """Say where the cache keeps an MD5, whether or not it has it."""
        if not ADDRESS.fullmatch(md5):
            raise DataError("is no MD5, under which DVC could keep bytes", where=repr(md5[:80]))
        return self._cache / md5[:2] / md5[2:]

    @cached_property
    def _cache(self) -> Path:
        return away.cache(self.root)

    def _from_remote(self, md5: str) -> bytes:
        with away.reached(self.root) as there:
            if there is None:
                raise _missing(md5, "and no DVC remote is set")
            if not there.has(md5):
                raise _missing(md5, f"nor in the remote {there.place}")
            return there.read(md5)


def _missing(md5: str, more: str) -> CampaignError:
    return CampaignError(
        f"the bytes with MD5 {md5} are not in DVC's cache {more}",
        fix="copy the cache of a clone that has them; if the campaign is your own, "
        "`dvc pull --all-tags` brings what the remote has",
    )
