"""What the ledger and the files of a campaign say of its rounds."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import pandas as pd

from tasks.audit.rounds import Rounds
from tasks.domain import changes, state, strict_json
from tasks.domain.digests import Digest
from tasks.reporting.data import State


class Past:
    """Answers what the report asks of a campaign's rounds.

    Parameters
    ----------
    rounds : Rounds
        Reads the files, and believes only what the ledger vouches for.
    """

    def __init__(self, rounds: Rounds) -> None:
        self.rounds, self.entries = rounds, rounds.entries

    @cached_property
    def files(self) -> dict[int, dict[str, Digest]]:
        """The files of each round that was opened."""
        return {number: self.rounds.files(number) for number in self.rounds.numbers}

    def table(
        self, number: int, path: str, columns: Sequence[str] | None = None
    ) -> pd.DataFrame | None:
        """Read a table as a round left it; None if that round did not write it."""
        return self.rounds.table(number, path, columns) if path in self.files[number] else None

    def newest(self, path: str, columns: Sequence[str] | None = None) -> pd.DataFrame | None:
        """Read a table as the last round that wrote it and stands left it."""
        number = self._last(path)
        return None if number is None else self.rounds.table(number, path, columns)

    def newest_json(self, path: str) -> Any:
        """Read a JSON file as the last round that wrote it left it; None if none did."""
        number = self._last(path)
        if number is None:
            return None
        return strict_json.json_of(self.rounds.content(number, path), f"{path} of round {number}")

    def at(self, number: int, kind: str) -> str:
        """Give when something happened; empty if it did not."""
        entry = state.last(self.entries, kind, number)
        return entry.at if entry else ""

    def tag(self, number: int) -> str:
        """Give the git tag of a round; empty while it is open."""
        return str((self.rounds.body(number, "round_closed") or {"tag": ""})["tag"])

    def tracked(self, number: int) -> bool:
        """Whether the round was logged to MLflow."""
        logged = state.of_kind(self.entries, "logged", number)
        return any(entry.body["to"] == "mlflow" for entry in logged)

    def reserved(self) -> float:
        """Give what the batch of the open round will cost at most, until that is settled."""
        number = state.current_round(self.entries)
        intended = state.of_kind(self.entries, "batch_intended", number)
        settled = self.rounds.body(number, "settled")
        return 0.0 if settled else sum(float(entry.body["reserved"]) for entry in intended)

    def undone(self, number: int) -> str:
        """Say why a round was thrown away; empty if it stands."""
        return str(self.rounds.undone.get(number, {}).get("reason", ""))

    def thrown_away(self) -> float:
        """Add up what undone rounds cost after the last round that stands."""
        last = max(state.standing_rounds(self.entries), default=-1)
        settled = state.of_kind(self.entries, "settled")
        late = (one for one in settled if one.round > last and one.round in self.rounds.undone)
        return sum(float(one.body["cost"]) for one in late)

    def reopened(self) -> tuple[str, ...]:
        """Say by which changes the campaign went on after it had stopped, oldest first."""
        return tuple(
            f"after round {entry.round}, where {entry.body['rule']} had stopped it: "
            f"{changes.told(entry.body['changes'])}"
            for entry in state.of_kind(self.entries, "reopened")
        )

    def state(self, decision: Mapping[str, Any] | None = None) -> State:
        """Say where the campaign is; `decision` is what its stop rules say now."""
        if not self.files:
            return State()
        now, stop = state.state(self.entries), decision or state.stop(self.entries)
        number = max(self.rounds.believed, default=None)
        if now == "stopped" and stop and stop.get("stop", True):
            return State("stopped", number, stop["rule"], stop["reason"], stop.get("go_on") or "")
        if number is None or state.is_closed(self.entries, number):
            return State("new" if number is None else "ready", number)
        return State("awaiting_labels" if now == "awaiting_labels" else "running", number)

    def _last(self, path: str) -> int | None:
        there = (number for number in self.rounds.believed if path in self.files[number])
        return max(there, default=None)
