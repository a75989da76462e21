"""Whether what came into a campaign is still what came in."""

import hashlib

from tasks import campaign as at
from tasks.audit.findings import Findings
from tasks.audit.rounds import Rounds
from tasks.domain import digests, intake
from tasks.domain.digests import Digest


def check(rounds: Rounds, findings: Findings) -> None:
    """Compare files that came in, here and in DVC, with the ledger; name those that it lacks."""
    known = intake.files(rounds.entries)
    for path, body in known.items():
        digest, here = Digest(**body), rounds.campaign.path(path)
        with findings.guarded("data", path):
            if here.exists() and digests.of_file(here, fresh=True) != digest:
                findings.problem("file", path, "is not the file that came in: it was changed")
            if hashlib.sha256(rounds.store.fetch(digest.md5)).hexdigest() != digest.sha256:
                findings.problem("data", path, "DVC's copy was changed: it is not what came in")
    for folder in (at.ADDED, at.IMPORTED):
        for found in sorted(rounds.campaign.path(folder).rglob("*")):
            name = str(found.relative_to(rounds.campaign.root))
            is_ours = found.suffix in (".dvc", ".tmp") or found.name == ".gitignore"
            if found.is_file() and not is_ours and name not in known:
                findings.skip(f"{name}: its command was cut short; it counts in no round")
