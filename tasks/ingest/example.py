"""The data that comes with labelloop's own dependencies."""

import pandas as pd

from tasks.domain.errors import DataError


def digits() -> pd.DataFrame:
    """Load scikit-learn's handwritten digits, in its order.

    Returns
    -------
    DataFrame
        1,797 rows: ``item_id`` (``digit-0000``…), ``pixels`` (64 whole numbers from 0 to 16, an
        image of 8 by 8, row by row), ``label`` (``0`` to ``9``).

    Notes
    -----
    E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine
    Learning Repository, https://doi.org/10.24432/C50P49 (its test set), CC BY 4.0.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return pd.DataFrame(
        {
            "item_id": [f"digit-{number:04d}" for number in range(len(bunch.target))],
            "pixels": list(bunch.data.astype("uint8")),
            "label": [str(digit) for digit in bunch.target],
        }
    )


EXAMPLES = {"digits": digits}


def load(name: str) -> pd.DataFrame:
    """Load an example by its name.

    Raises
    ------
    DataError
        There is none of that name.
    """
    if name not in EXAMPLES:
        raise DataError(f"there is no example {name!r}", fix=f"there is {', '.join(EXAMPLES)}")
    return EXAMPLES[name]()
