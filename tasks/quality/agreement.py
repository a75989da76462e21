"""How far annotators agree beyond chance."""

import numpy as np
import pandas as pd


def alpha(answers: pd.DataFrame) -> float | None:
    r"""Compute Krippendorff's alpha for nominal data, any number of annotators, gaps allowed.

    With :math:`n_{uv}` answers of class v to item u, :math:`m_u = \sum_v n_{uv}`, and over the
    items with at least two answers :math:`n_v = \sum_u n_{uv}`, :math:`n = \sum_v n_v`:

    .. math::

        \alpha = 1 - \frac{D_o}{D_e}, \quad
        D_o = \frac{1}{n} \sum_u \frac{m_u (m_u - 1) - \sum_v n_{uv} (n_{uv} - 1)}{m_u - 1}, \quad
        D_e = \frac{n (n - 1) - \sum_v n_v (n_v - 1)}{n (n - 1)}.

    Parameters
    ----------
    answers : DataFrame
        Columns item_id, label: one row per answer, at most one of an annotator per item.

    Returns
    -------
    float or None
        1 is agreement, 0 is what chance would give. None if no item has two answers, and if all
        those answers are of one class: without variation the ratio is 0/0 and nothing can be said.

    References
    ----------
    K. Krippendorff, Computing Krippendorff's alpha-reliability, University of Pennsylvania, 2011.
    A. F. Hayes and K. Krippendorff, Answering the call for a standard reliability measure for
    coding data, Communication Methods and Measures 1(1), 2007, doi:10.1080/19312450709336664.
    """
    if answers.empty:
        return None
    items, item = np.unique(answers["item_id"].to_numpy(dtype=str), return_inverse=True)
    names, name = np.unique(answers["label"].to_numpy(dtype=str), return_inverse=True)
    shape = (len(items), len(names))
    counts = np.bincount(item * len(names) + name, minlength=shape[0] * shape[1]).reshape(shape)
    counts = counts[counts.sum(axis=1) >= 2]
    per_item, per_class, n = counts.sum(axis=1), counts.sum(axis=0), int(counts.sum())
    chance = n * (n - 1) - int((per_class * (per_class - 1)).sum())
    if not chance:
        return None
    unlike = per_item * (per_item - 1) - (counts * (counts - 1)).sum(axis=1)
    return float(1 - (n - 1) * (unlike / (per_item - 1)).sum() / chance)
