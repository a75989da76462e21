"""What the simulated vendor's database is asked."""

# Put together of constants alone.
# ruff: noqa: S608

CURRENT = (
    # SQLite takes the other columns from the row that has the maximum.
    "SELECT key, answer_id, kind, labelled, max(revision) FROM records"
    " WHERE campaign = ? AND batch = ? AND hours <= ? AND kind != 'junk' GROUP BY answer_id"
)
"""The last state of each answer at an hour."""
STANDING = (
    "SELECT t.copies, coalesce(sum(c.kind = 'answer' AND c.labelled), 0),"
    " coalesce(sum(c.kind != 'extra' AND NOT c.labelled), 0)"
    f" FROM tasks t LEFT JOIN ({CURRENT}) c ON c.key = t.key"
    " WHERE t.campaign = ? AND t.batch = ? GROUP BY t.key"
)
"""For each task: the answers that it wants, has, and will not get."""
BILLED = (
    f"SELECT count(*) FROM ({CURRENT}) c LEFT JOIN decisions d"
    " ON d.campaign = ? AND d.batch = ? AND d.answer_id = c.answer_id"
    " WHERE c.labelled AND coalesce(d.accept, c.kind = 'answer')"
)
"""The answers to be paid: those accepted, and those that were asked for and not rejected."""
ARRIVED = (
    "SELECT body FROM records WHERE campaign = ? AND batch = ? AND hours > ? AND hours <= ?"
    " AND kind != 'expiry' ORDER BY hours, answer_id, kind, revision, body"
)
"""The records of some hours."""
PENDING = (
    "SELECT key, answer_id, min(body) FROM records WHERE campaign = ? AND batch = ? AND hours > ?"
    " AND kind = 'answer' AND answer_id NOT IN (SELECT answer_id FROM records"
    " WHERE campaign = ? AND batch = ? AND hours <= ?) GROUP BY answer_id"
)
"""The answers that were asked for and are not delivered at an hour."""
OF_ANSWER = "WHERE campaign = ? AND batch = ? AND answer_id = ?"
IS_THERE = f"SELECT 1 FROM records {OF_ANSWER} LIMIT 1"
IS_DECIDED = f"SELECT 1 FROM decisions {OF_ANSWER}"
