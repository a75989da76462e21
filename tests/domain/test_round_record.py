import json
from typing import Any

import pytest

from tasks.domain.errors import CampaignError
from tasks.domain.round_record import parse

DIGEST = {"sha256": "0" * 64, "md5": "0" * 32, "size": 3}
RECORD: dict[str, Any] = {"round": 3, "base": {"snapshot/sent.parquet": DIGEST}}


def test_a_record_is_given_as_it_stands() -> None:
    whole = RECORD | {"undone": {"2": True}, "intake": {"data/added/a.csv": DIGEST}}
    assert parse(json.dumps(whole).encode(), "round.json") == whole


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"round": -1}, "round.json round: must be at least 0"),
        ({"round": "3"}, "round.json round: must be a whole number"),
        ({"round": 10**30}, "round.json round: must be at most"),
        ({"more": 1}, "round.json more: "),
        ({"base": []}, "round.json base: "),
        ({"intake": {"a": DIGEST | {"md5": "../x"}}}, "round.json intake.a: has no digest"),
        ({"undone": {"x": True}}, "round.json undone"),
    ],
)
def test_what_no_round_is_opened_with_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(CampaignError) as caught:
        parse(json.dumps(RECORD | change).encode(), "round.json")
    assert words in str(caught.value)
    assert "git checkout" in str(caught.value)
