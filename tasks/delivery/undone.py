"""What rounds that were undone asked and were answered: paid, kept, and no longer believed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Undone:
    """The rounds that were thrown away before a round began.

    Attributes
    ----------
    rounds : mapping of int to bool
        Whether the items that such a round asked may be asked again.
    """

    rounds: Mapping[int, bool] = field(default_factory=dict)

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> "Undone":
        """Read it from round.json, or from an entry that opened a round."""
        return cls({int(number): again for number, again in record.get("undone", {}).items()})

    def believed(self, answers: pd.DataFrame) -> pd.DataFrame:
        """Leave out the answers (`tasks.domain.tables.ANSWERS`) to what such rounds asked."""
        return answers[~answers["round"].isin(list(self.rounds))]

    def counted(self, sent: pd.DataFrame) -> pd.DataFrame:
        """Count what may be asked again as withdrawn (`tasks.domain.tables.SENT`)."""
        again = sent["round"].isin([number for number, yes in self.rounds.items() if yes])
        return sent.assign(withdrawn=sent["withdrawn"].where(~again, sent["copies"]))

    def askable(self, items: pd.DataFrame, sent: pd.DataFrame) -> pd.DataFrame:
        """Leave out the rows of items that such a round asked and that are not asked again."""
        never = [number for number, yes in self.rounds.items() if not yes]
        asked = sent.loc[sent["round"].isin(never) & (sent["role"] != "gold"), "item_id"]
        return items[~items["item_id"].isin(asked)]
