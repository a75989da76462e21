"""All that a campaign wants of the world outside it, for the user to confirm.

Git's remotes are none of it: a clone does not bring them, so they are the user's own.
"""

from dataclasses import dataclass
from pathlib import Path

from tasks import campaign as at
from tasks.audit import mlflow_needs
from tasks.delivery import legs
from tasks.delivery import needs as vendors
from tasks.domain.errors import LabelloopError, ParamsError
from tasks.domain.needs import AWS, Need
from tasks.params import Params
from tasks.trust import confirmed, guard, places
from tasks.versions import remote_needs


@dataclass(frozen=True)
class Wanted:
    """A need of a campaign, and how it stands.

    Attributes
    ----------
    refused : str
        Why it can never be met; empty if it can.
    """

    need: Need
    trusted: bool
    refused: str = ""

    @property
    def asks(self) -> bool:
        """Whether the user is to decide."""
        return not self.trusted and not self.refused


def of(root: Path, params: Params) -> list[Need]:
    """List what a campaign needs, each once, in the order of its files.

    Raises
    ------
    LabelloopError
        An address is none, or is of a kind that is not used.
    """
    found = [
        *vendors.of_leg(params, legs.FIRST),
        *vendors.of_leg(params, legs.FALLBACK),
        *mlflow_needs.of(params.tracking.uri),
        *_of_ledger(params),
        *remote_needs.of(root),
    ]
    return list(dict.fromkeys(found))


def wanted(root: Path, params: Params) -> list[Wanted]:
    """Say of each need that is not met by the campaign itself or this machine how it stands."""
    return [_judged(need, root) for need in of(root, params) if not _is_own(need, root)]


def refuse_untrusted(root: Path, params: Params) -> None:
    """Raise an `UntrustedError` for the first need that was not confirmed."""
    for need in of(root, params):
        guard.require(need, root)


def confirm_typed(root: Path, remote: str, endpoint: str) -> None:
    """Confirm a remote that the user has typed himself.

    Raises
    ------
    ParamsError
        The endpoint is no address.
    """
    try:
        places.checked(endpoint)
    except ValueError as error:
        fix = "name it as https://minio.example.org"
        raise ParamsError(str(error), where="--endpoint", fix=fix) from None
    if remote.startswith("s3://"):
        confirmed.add([Need(places.bucket(remote, endpoint), AWS)], root)
    elif "://" not in remote:
        confirmed.add([Need(str(Path(remote).resolve()))], root)


def _of_ledger(params: Params) -> list[Need]:
    storage, field = params.storage, f"{at.PARAMS} storage.ledger"
    if storage.ledger is None:
        return []
    return [Need(places.bucket(storage.ledger, storage.endpoint or ""), AWS, field)]


def _is_own(need: Need, root: Path) -> bool:
    try:
        if need.is_path:
            return guard.is_inside(need, root)
        return places.is_here(need)
    except LabelloopError:
        return False


def _judged(need: Need, root: Path) -> Wanted:
    try:
        return Wanted(need, guard.is_trusted(need, root))
    except LabelloopError as error:
        return Wanted(need, False, str(error))
