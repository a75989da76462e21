"""Which files of a campaign in remotes are with other machines, and not or not yet anew here."""

from collections import defaultdict
from collections.abc import Mapping

from tasks import campaign as at
from tasks.audit.rounds import Rounds
from tasks.domain import digests
from tasks.domain.digests import Digest
from tasks.domain.files import canonical_json

LISTS = {"stage": "outputs", "snapshot": "files"}
"""The entries that list files with their digests, and under which key."""


def files(rounds: Rounds, expected: Mapping[str, tuple[int, Digest]]) -> set[str]:
    """Name the files that are not here, or are here as they once were."""
    once: dict[str, list[Digest]] = defaultdict(list)
    for entry in rounds.entries:
        if key := LISTS.get(entry.kind):
            for path, body in entry.body[key].items():
                once[path].append(Digest(**body))
    found = set()
    for path, (number, digest) in expected.items():
        here = rounds.campaign.path(path)
        now = digests.of_file(here, fresh=True) if here.is_file() else None
        if now is None or (now != digest and now in once[path]):
            found.add(path)
        elif now != digest and path in (at.EGRESS, at.EXPORT):
            # Another machine went on with it, and wrote it anew or to its end.
            whole = rounds.content(number, path)
            if is_earlier(rounds, path) or whole.startswith(here.read_bytes()):
                found.add(path)
    return found


def is_earlier(rounds: Rounds, path: str) -> bool:
    """Whether a file of pages is that of an earlier round than the newest."""
    header = rounds.campaign.path(path).read_bytes().split(b"\n", 1)[0]
    return header in {canonical_json({"round": n}).encode() for n in rounds.numbers[:-1]}
