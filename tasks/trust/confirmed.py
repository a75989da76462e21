"""What this user has confirmed, kept in the state folder: no campaign can bring it along.

A place is confirmed with the secret that goes there, once for all campaigns. A path outside a
campaign is confirmed for this one campaign.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from tasks.domain import locks
from tasks.domain.errors import CampaignError
from tasks.domain.files import pretty_json, write_atomic
from tasks.domain.needs import Need
from tasks.trust import machine, paths

FILE = "trust.json"
ANYTHING = "*"
"""Confirmed with whatever secret: a place that the user has typed."""

Pair = tuple[str, str]
"""A place with a secret, or a path with the campaign that names it."""


def has(need: Need, root: Path) -> bool:
    """Whether a need was confirmed; a place with any secret may be spoken with without one too."""
    pairs = _read()
    if need.is_path:
        return _of_path(need, root) in pairs
    with_secret = {(need.place, need.secret), (need.place, ANYTHING)}
    known = {place for place, _ in pairs}
    return bool(with_secret & pairs) or (not need.secret and need.place in known)


def add(needs: Iterable[Need], root: Path) -> None:
    """Confirm needs of a campaign."""
    new = {_of_path(one, root) if one.is_path else (one.place, one.secret) for one in needs}
    if new:
        _change(lambda pairs: pairs | new)


def remove(place: str) -> int:
    """Take back all that was confirmed of a place or path; give how much it was."""
    before = _read()
    gone = {pair for pair in before if pair[0] == place}
    if gone:
        _change(lambda pairs: pairs - gone)
    return len(gone)


def _of_path(need: Need, root: Path) -> Pair:
    return str(paths.resolved(root, need.place)), f"campaign {root.resolve()}"


def _change(change: Callable[[set[Pair]], set[Pair]]) -> None:
    path = machine.state() / FILE
    with locks.exclusive(machine.state() / "trust.lock"):
        body = {"pairs": sorted(map(list, change(_read())))}
        write_atomic(path, pretty_json(body))
        path.chmod(machine.PRIVATE_FILE)


def _read() -> set[Pair]:
    path = machine.state() / FILE
    try:
        pairs = json.loads(path.read_text(encoding="utf-8"))["pairs"]
        return {(str(place), str(secret)) for place, secret in pairs}
    except FileNotFoundError:
        return set()
    except (ValueError, KeyError, TypeError):
        fix = "remove it, and confirm places anew with `labelloop trust`"
        raise CampaignError("is not what labelloop wrote", where=str(path), fix=fix) from None
