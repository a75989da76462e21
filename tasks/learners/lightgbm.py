"""Gradient-boosted trees by LightGBM: the strong choice for tables."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

Whole = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@dataclass(frozen=True)
class LightGBM:
    """Gradient-boosted trees, small and shy by default since campaigns begin with few labels.

    Attributes
    ----------
    n_estimators : int
        Boosting rounds; each grows one tree per class (one in all for two classes).
    num_leaves : int
        Of one tree, at most.
    min_child_samples : int
        Labels that a leaf must hold. LightGBM's own default of 20 splits nothing below 40 labels.
    learning_rate : float
    class_weight : "balanced" or None
        Whether rare classes weigh as much as frequent ones.

    References
    ----------
    Ke et al. 2017, LightGBM: A Highly Efficient Gradient Boosting Decision Tree, NeurIPS 30.
    """

    n_estimators: Whole = 100
    num_leaves: Annotated[int, Field(ge=2)] = 7
    min_child_samples: Whole = 5
    learning_rate: Positive = 0.1
    class_weight: Literal["balanced"] | None = None

    def estimator(self, seed: int) -> Any:
        """Make an unfitted scikit-learn classifier, deterministic for a seed."""
        from lightgbm import LGBMClassifier

        return LGBMClassifier(
            n_estimators=self.n_estimators,
            num_leaves=self.num_leaves,
            min_child_samples=self.min_child_samples,
            learning_rate=self.learning_rate,
            class_weight=self.class_weight,
            random_state=seed,
            n_jobs=1,
            deterministic=True,
            force_row_wise=True,
            verbose=-1,
        )
