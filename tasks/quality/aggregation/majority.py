"""Majority vote."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.domain.choosing import Consensus

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Majority:
    """The class that most annotators gave; confidence is their share of the item's answers.

    A share is no probability: it is 1 where all agree, however few they are. Known classes
    change nothing. Ties go to the class that comes first. Computed by crowd-kit's ``MajorityVote``.
    """

    def aggregate(
        self, answers: "pd.DataFrame", classes: Sequence[str], known: Mapping[str, str]
    ) -> Consensus:
        """Aggregate a frame with the columns item_id, annotator_id, label."""
        from tasks.quality.aggregation import _votes

        if answers.empty:
            return _votes.nothing()
        from crowdkit.aggregation import MajorityVote

        votes = _votes.ordered(answers)
        with _votes.quietly():
            probabilities = MajorityVote().fit_predict_proba(votes)
        return _votes.consensus(probabilities, votes, classes)
