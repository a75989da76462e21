"""Dawid and Skene's model of annotators who confuse classes, each in their own way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from tasks.domain.choosing import Consensus

if TYPE_CHECKING:
    import pandas as pd

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@dataclass(frozen=True)
class DawidSkene:
    r"""Weigh every answer by what is estimated of its annotator.

    An item j has the class c with the probability

    .. math::

        q_j(c) \propto (N_c^{-j} + \kappa b_c)
            \prod_w \frac{n_{w y c}^{-j} + s \, m_{yc}}{n_{w \cdot c}^{-j} + s},
        \qquad m_{kc} = \frac{n_{kc} + t \, o_{kc}}{n_{\cdot c} + t},

    where annotator w said :math:`y` of it, :math:`n_{wkc}` is how often w is expected to have said
    k of items of class c, :math:`n_{kc}` the same of all annotators, and :math:`N_c` how many items
    are expected to be of class c. Without :math:`-j` the item's own share is in the counts, with it
    it is not: what an item adds to its annotators' record must not confirm its own label. A few
    answers say little of one annotator, so each has a Dirichlet prior around all annotators'
    confusions :math:`m`, and these one around :math:`o`, annotators who err alike in all classes.
    The prior :math:`b` of the classes is half uniform and half as the answers are. Items whose
    class is known count with it wherever they are counted. This is Dawid and Skene's model
    with priors, inferred by zeroth-order collapsed variational Bayes.

    The model takes errors of different annotators for independent, though items that are hard are
    hard for all. So it is too sure, and all log-odds are divided by one temperature T,

    .. math:: P(z_j = c) \propto q_j(c)^{1/T},

    by which the known classes are most probable (a maximum a posteriori estimate, with a lognormal
    prior). Without known items T is `temperature`, the median of what real crowds needed.

    The label is the most probable class among those that somebody gave the item: the model alone
    could overrule annotators who agree. Then its doubt stands in the confidence, which is the
    probability above, and not in a label that nobody proposed. What is said of an item
    whose class is known is what would be said if it were not.

    Attributes
    ----------
    accuracy, accuracy_weight : float
        How often annotators are expected to be right, and how many answers that is worth.
    crowd_weight : float
        :math:`t`: answers per class that it is worth that all annotators err alike in all classes.
    annotator_weight : float
        :math:`s`: answers per class that it is worth that an annotator errs as all others do.
    class_weight : float
        :math:`\kappa`: items that the prior of the classes is worth.
    temperature, temperature_spread : float
        The temperature that is expected, and the standard deviation of its logarithm.
    n_iter : int
        At most so many steps.
    tol : float
        Stop when no probability changes by more.

    References
    ----------
    A. P. Dawid and A. M. Skene, Maximum likelihood estimation of observer error-rates using the EM
    algorithm, Journal of the Royal Statistical Society C 28(1), 1979, doi:10.2307/2346806.
    H.-C. Kim and Z. Ghahramani, Bayesian classifier combination, AISTATS, PMLR 22, 2012.
    S. Paun et al., Comparing Bayesian models of annotation, Transactions of the Association for
    Computational Linguistics 6, 2018, doi:10.1162/tacl_a_00040 (partial pooling of annotators).
    A. Asuncion, M. Welling, P. Smyth and Y. W. Teh, On smoothing and inference for topic models,
    UAI, 2009, arXiv:1205.2662 (zeroth-order collapsed variational Bayes).
    C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, On calibration of modern neural networks, ICML,
    2017, arXiv:1706.04599 (temperature).
    """

    accuracy: Annotated[float, Field(gt=0, lt=1)] = 0.7
    accuracy_weight: Positive = 5.0
    crowd_weight: Positive = 1000.0
    annotator_weight: Positive = 3.0
    class_weight: Positive = 40.0
    temperature: Positive = 1.35
    temperature_spread: Positive = 0.7
    n_iter: Annotated[int, Field(ge=1)] = 100
    tol: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1e-5

    def aggregate(
        self, answers: "pd.DataFrame", classes: Sequence[str], known: Mapping[str, str]
    ) -> Consensus:
        """Aggregate a frame with the columns item_id, annotator_id, label."""
        import pandas as pd
        from scipy.special import softmax

        from tasks.quality.aggregation import _calibration, _crowd, _inference, _votes

        if answers.empty:
            return _votes.nothing()
        votes = _votes.ordered(answers)
        crowd = _crowd.read(votes, classes, known)
        prior = _inference.Prior(
            self.accuracy,
            self.accuracy_weight,
            self.crowd_weight,
            self.annotator_weight,
            self.class_weight,
        )
        belief = _inference.infer(crowd, prior, self.n_iter, self.tol)
        expected = _calibration.Expected(self.temperature, self.temperature_spread)
        calibration = _calibration.fit(crowd, belief, expected)
        scores = _inference.log_joint(crowd, belief) / calibration.temperature
        probabilities = pd.DataFrame(softmax(scores, axis=1), crowd.item_ids, list(classes))
        return _votes.consensus(probabilities, votes, classes, calibration)
