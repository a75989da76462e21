"""Multinomial logistic regression: the strong simple choice for text and embeddings."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field


@dataclass(frozen=True)
class LogisticRegression:
    """Multinomial logistic regression with an L2 penalty, fitted by L-BFGS.

    Attributes
    ----------
    C : float
        Inverse strength of the penalty.
    class_weight : "balanced" or None
        Whether rare classes weigh as much as frequent ones.
    max_iter : int
        A bound only; the solver stops when its gradient is small.
    """

    C: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    class_weight: Literal["balanced"] | None = None
    max_iter: Annotated[int, Field(ge=1)] = 10_000

    def estimator(self, seed: int) -> Any:
        """Make an unfitted scikit-learn classifier; the solver draws nothing from `seed`."""
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(
            C=self.C,
            class_weight=self.class_weight,
            max_iter=self.max_iter,
            random_state=seed,
        )
