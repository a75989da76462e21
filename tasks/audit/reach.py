"""Whether the data of past rounds can be read here at all."""

from collections.abc import Iterable

from tasks import campaign as at
from tasks.audit.rounds import Rounds, Store
from tasks.domain.digests import Digest
from tasks.domain.errors import CampaignError, NotHereError, UntrustedError


class NoData:
    """The store of a clone that no data was brought to yet.

    Parameters
    ----------
    reason : str
        Why nothing can be read, and what to do.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def fetch(self, md5: str) -> bytes:
        """Raise a `NotHereError`: one note for all data, in place of a problem for every file."""
        raise NotHereError(f"the data of past rounds cannot be read here: {self.reason}")


def store(rounds: Rounds) -> Store:
    """Give the rounds' store if it has any of their data, or a `NoData` if it has none.

    A campaign that has lost some of its data must hear of each file. A fresh clone has none.
    """
    if any(rounds.campaign.path(name).exists() for name in (at.POOL, at.LABELS, at.ANSWERS)):
        return rounds.store
    wanted = [digest for path, digest in _sealed(rounds) if path.startswith(at.KEPT_BY_DVC)]
    reason = None
    for digest in wanted:
        try:
            rounds.store.fetch(digest.md5)
        except (CampaignError, UntrustedError) as error:
            reason = reason or str(error)
        else:
            return rounds.store
    return NoData(reason) if reason else rounds.store


def _sealed(rounds: Rounds) -> Iterable[tuple[str, Digest]]:
    for number in rounds.closed:
        sealed = (rounds.body(number, "snapshot") or {"files": {}})["files"]
        yield from ((path, Digest(**body)) for path, body in sealed.items())
