"""An answer that is withdrawn and replaced in one look: the replacement counts."""

from itertools import permutations

import pytest
from delivery.campaigns import make, params
from test_collect import read, send, vendor

from tasks import campaign as at
from tasks import collect
from tasks.delivery import inbox, pages
from tasks.quality.answers import newest

WHERE = {"batch": "trees-0000", "leg": 1, "vendor": "simulated"}


def record(key, who, minute, label="ash", revision=0):
    return {
        "answer_id": f"answer-{who}",
        "task_key": key,
        "annotator": who,
        "source": "annotator",
        "label": label,
        "submitted_at": f"2026-01-05T09:{minute:02d}:00Z",
        "seconds": 3.0,
        "revision": revision,
        **({"note": "deleted"} if label is None else {}),
    }


@pytest.mark.parametrize("cut", [4, 1], ids=["one look", "a look each"])
def test_the_replacement_counts_in_whatever_order_the_records_come(tmp_path, cut):
    given, campaign = params(vendor=vendor()), make(tmp_path)
    send(campaign, given)
    key = read(campaign, at.BATCH)["key"][0]
    said = [
        record(key, "ann", 0),
        record(key, "bob", 1),
        record(key, "ann", 2, None, 1),
        record(key, "cem", 3),
    ]
    made = set()
    for order in permutations(said):
        looks = [list(order[start : start + cut]) for start in range(0, len(order), cut)]
        lines = [inbox.page(n, WHERE, {"hours": n}, look) for n, look in enumerate(looks)]
        pages.write(campaign.path(at.INBOX), 0, lines)
        summary = collect.run(campaign, given)
        assert (summary["quarantined"], summary["redelivered"]) == (0, 0)
        answers = read(campaign, at.ANSWERS)
        assert sorted(newest(answers)["annotator_id"]) == ["bob", "cem"]
        made.add(campaign.path(at.ANSWERS).read_bytes())
    assert len(made) == 1
