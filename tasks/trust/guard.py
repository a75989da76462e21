"""Nothing is connected to, and no secret goes out, unless this user has confirmed it.

Every client asks here before it connects (HTTP, S3, SageMaker, MLflow, DVC, folders), so that no
path through the code leads around it.
"""

from pathlib import Path

from tasks.domain import secrets
from tasks.domain.errors import UntrustedError
from tasks.domain.needs import Need
from tasks.trust import confirmed, named, paths, places

NOWHERE = Path()
"""In place of a campaign, where what is needed is no path."""


def is_trusted(need: Need, root: Path = NOWHERE) -> bool:
    """Whether a need of a campaign may be met without asking anybody.

    Raises
    ------
    UntrustedError
        It can never be met.
    """
    refuse_impossible(need)
    if need.is_path:
        return (
            is_inside(need, root)
            or named.covers_path(paths.resolved(root, need.place))
            or confirmed.has(need, root)
        )
    return places.is_here(need) or named.covers(need.place) or confirmed.has(need, root)


def require(need: Need, root: Path = NOWHERE) -> None:
    """Raise an `UntrustedError` unless a need of a campaign was confirmed."""
    if is_trusted(need, root):
        return
    where = f"{need.field}: {need.place}" if need.field else need.place
    along = f" with {need.secret}" if need.secret else ""
    what = "is outside the campaign" if need.is_path else f"is not trusted{along}"
    kind = "folder" if need.is_path else "place" if "://" not in need.place else "host"
    here = f" -C {root}" if root != NOWHERE else ""
    fix = f"run `labelloop{here} trust`, or name the {kind} in {named.VARIABLE}"
    raise UntrustedError(what, where=where, fix=fix)


def is_inside(need: Need, root: Path) -> bool:
    """Whether a path that is needed stays inside the campaign; raises as `is_trusted`."""
    return paths.is_inside(root, need.place)


def refuse_impossible(need: Need) -> None:
    """Raise an `UntrustedError` if a need names a secret that no campaign may name.

    What a library finds by itself is told in words, and not by the name of a variable.
    """
    if need.secret and " " not in need.secret:
        secrets.refuse_foreign(need.secret, need.field)


def secret(name: str, place: str) -> str:
    """Look up a secret to send it to a place.

    Raises
    ------
    UntrustedError
        The place is not trusted with it.
    VendorAuthError
        It is nowhere.
    """
    require(Need(place, name))
    return secrets.secret(name)
