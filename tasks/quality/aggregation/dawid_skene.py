"""Dawid and Skene's model of annotators who confuse classes, each in their own way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from tasks.domain.choosing import Consensus

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class DawidSkene:
    r"""Weigh every answer by what is estimated of its annotator.

    With the prior :math:`p_c` of class c and annotator w's confusion matrix
    :math:`e^w_{kc} = P(w says k | the class is c)`, an item j with answers :math:`y_j^w` has

    .. math:: P(z_j = c | y_j) \propto p_c \prod_w e^w_{y_j^w c},

    all estimated by expectation maximization, starting from the majority vote. Computed by
    crowd-kit's ``DawidSkene``.

    The label is the most probable class among those that somebody gave the item: the model alone
    could overrule annotators who agree. Then its doubt stands in the confidence, which is the
    probability above, and not in a label that nobody proposed. Where every item has one
    answer there is nothing to estimate from, and every confidence is 1.

    Attributes
    ----------
    n_iter : int
        At most so many steps of expectation maximization.
    tol : float
        Stop when the evidence lower bound, per answer, rises by less.

    References
    ----------
    A. P. Dawid and A. M. Skene, Maximum likelihood estimation of observer error-rates using the EM
    algorithm, Journal of the Royal Statistical Society C 28(1), 1979, doi:10.2307/2346806.
    """

    n_iter: Annotated[int, Field(ge=1)] = 100
    tol: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1e-5

    def aggregate(self, answers: "pd.DataFrame", classes: Sequence[str]) -> Consensus:
        """Aggregate a frame with the columns item_id, annotator_id, label."""
        from tasks.quality.aggregation import _votes

        if answers.empty:
            return _votes.nothing()
        from crowdkit.aggregation import DawidSkene as Model

        votes = _votes.ordered(answers)
        with _votes.quietly():
            probabilities = Model(n_iter=self.n_iter, tol=self.tol).fit_predict_proba(votes)
        return _votes.consensus(probabilities, votes, classes)
