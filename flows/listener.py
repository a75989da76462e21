"""Whose process listens at a port of this machine, as far as the kernel tells."""

from pathlib import Path

TABLE = Path("/proc/net/tcp")
"""Linux' list of this machine's TCP sockets over IPv4."""
LISTENING = "0A"
ADDRESS, STATE, OWNER = 1, 3, 7
"""The columns of the table that are read."""


def owners(port: int, table: Path = TABLE) -> set[int] | None:
    """Give the ids of the users who listen at a port; None where the kernel does not tell."""
    try:
        rows = [line.split() for line in table.read_text().splitlines()[1:]]
    except FileNotFoundError:
        return None
    return {
        int(row[OWNER])
        for row in rows
        if row[STATE] == LISTENING and int(row[ADDRESS].partition(":")[2], 16) == port
    }
