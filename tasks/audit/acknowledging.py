"""Problems that somebody has looked at, and that may stand for a reason.

Only what others did outside of the campaign's own records can be acknowledged: a task or a batch
that was deleted at the vendor, the vendor's bill, whatever is wrong in MLflow. The campaign's own
records (ledger, files, data, tags, what was paid) are either what they were or must be restored;
no word of anybody makes them right.
"""

from collections.abc import Iterable, Sequence

from tasks.audit.findings import Acknowledged, Findings, Problem, Report
from tasks.audit.verify_chain import Chain
from tasks.domain import state
from tasks.domain.errors import CampaignError

LONGEST = 1000
"""Letters that a reason may have."""
FEWEST = 6
"""Digits of an id that are enough, if they are those of one problem alone."""


def known(entries: state.Entries, problems: Iterable[Problem]) -> list[Acknowledged]:
    """Find the problems that were acknowledged, exactly as they are now."""
    said = {entry.body["problem"]: entry for entry in state.of_kind(entries, "acknowledged")}
    return [
        Acknowledged(one, str(said[one.digest].body["reason"]), said[one.digest].at)
        for one in problems
        if one.outside and one.digest in said
    ]


def report(chain: Chain, findings: Findings) -> Report:
    """Make the report of an audit, with what was acknowledged apart."""
    found = known(tuple(chain.entries), findings.problems)
    covered = {one.problem for one in found}
    left = tuple(one for one in findings.problems if one not in covered)
    return Report(chain.count, chain.head, left, tuple(findings.unchecked), tuple(found))


def chosen(found: Report, ids: Sequence[str]) -> list[Problem]:
    """Find the problems that ids name, in their order; those that were acknowledged are left out.

    Raises
    ------
    CampaignError
        There is no such problem, or it cannot be acknowledged.
    """
    named = [_named(found, one.strip().lower()) for one in ids]
    covered = {one.problem for one in found.acknowledged}
    return [one for one in dict.fromkeys(named) if one not in covered]


def checked(reason: str) -> str:
    """Give a reason on one line; raises a `CampaignError` if it says nothing or too much."""
    said = " ".join("".join(c if c.isprintable() else " " for c in reason).split())
    if not said:
        fix = "say why the problem may stand"
        raise CampaignError("is empty", where="--reason", fix=fix)
    if len(said) > LONGEST:
        fix = "shorten it"
        raise CampaignError(f"is longer than {LONGEST} letters", where="--reason", fix=fix)
    return said


def _named(found: Report, name: str) -> Problem:
    every = [*found.problems, *(one.problem for one in found.acknowledged)]
    matches = [one for one in every if len(name) >= FEWEST and one.digest.startswith(name)]
    if len(matches) != 1:
        what = "is no problem that the audit finds" if not matches else "names several problems"
        fix = "`labelloop audit` lists them with their ids"
        raise CampaignError(what, where=f"problem {name[:80]!r}", fix=fix)
    (problem,) = matches
    if not problem.outside:
        what = f"cannot be acknowledged ({problem.where}: {problem.what})"
        fix = "it is a record of the campaign's own: restore it"
        raise CampaignError(what, where=f"problem {problem.id}", fix=fix)
    return problem
