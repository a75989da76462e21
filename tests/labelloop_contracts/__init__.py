"""The laws that vendors of others are held to as ours are; shipped with labelloop."""

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{module}" for module in ("laws", "trial", "vendor")))
