"""Whether rounds were opened, stopped, reopened and undone in an order that there can be."""

from tasks.audit.findings import Findings
from tasks.audit.rounds import Rounds
from tasks.domain import state


def check(rounds: Rounds, findings: Findings) -> None:
    """Go through the ledger, and ask of each such entry whether it could follow what was before."""
    for entry in rounds.entries:
        before = rounds.entries[: entry.seq]
        where = f"ledger/{entry.seq:08d}.json"
        if entry.kind == "round_opened" and state.stop(before):
            what = f"opens round {entry.round}, though the campaign was stopped and not reopened"
            findings.problem("ledger", where, what)
        elif entry.kind == "reopened" and not (state.stop(before) and entry.body["changes"]):
            what = "reopens a campaign that was not stopped, or by no change"
            findings.problem("ledger", where, what)
        elif entry.kind == "undone" and state.standing_rounds(before)[-1:] != [entry.round]:
            what = f"undoes round {entry.round}, which was not the last that stood"
            findings.problem("ledger", where, what)
