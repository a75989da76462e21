"""Probabilities that mean what they say."""

from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.domain import randomness
from tasks.domain.choosing import Strings

FOLDS = 3
CERTAIN = 1 - 1e-12


def fit(estimator: Any, X: Any, y: Strings, seed: int) -> tuple[Any, str | None]:
    """Fit a classifier, with its probabilities calibrated where the labels allow it.

    Temperature scaling divides all log-odds by one number, the one that suits the labels best
    which the classifier did not see (cross-validation); it never changes which class is most
    probable. Guo et al. 2017, On Calibration of Modern Neural Networks, arXiv:1706.04599.

    Parameters
    ----------
    estimator : classifier
        Unfitted.
    X : array or sparse matrix, shape (n, d)
    y : ndarray of str, shape (n,)
        At least two classes.
    seed : int
        The campaign's.

    Returns
    -------
    classifier
        Fitted.
    str or None
        Why it is not calibrated.
    """
    names, counts = np.unique(y.astype(str), return_counts=True)
    rarest, folds = names[counts.argmin()], min(FOLDS, int(counts.min()))
    if folds < 2:
        return estimator.fit(X, y), f"class {str(rarest)!r} has a single label"
    calibrated = _calibrated(estimator, folds, seed).fit(X, y)
    if _is_certain(calibrated.predict_proba(X)):
        # Without a mistake in the held-out folds no finite temperature is the best one, and
        # probabilities of exactly 0 and 1 would hide which items are the doubtful ones.
        return estimator.fit(X, y), "cross-validation found too few mistakes to calibrate by"
    return calibrated, None


def _calibrated(estimator: Any, folds: int, seed: int) -> Any:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.model_selection import StratifiedKFold

    draw = randomness.integer_seed(seed, 0, "calibration/folds")
    splits = StratifiedKFold(folds, shuffle=True, random_state=draw)
    return CalibratedClassifierCV(estimator, method="temperature", cv=splits, ensemble=False)


def _is_certain(probabilities: npt.NDArray[np.float64]) -> bool:
    return bool(np.median(probabilities.max(axis=1)) > CERTAIN)
