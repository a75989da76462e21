"""Reports to look at."""

from dataclasses import replace

import pandas as pd
import pytest

from tasks.domain.digests import of_bytes
from tasks.domain.outlook import RoundSummary
from tasks.reporting.data import (
    Content,
    Finding,
    Given,
    Picture,
    Provenance,
    Query,
    ReportData,
    RoundReport,
    Share,
    State,
    StopCheck,
    Validation,
)
from tasks.reporting.page import render

DOT = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgAB"
    "SK+kcQAAAABJRU5ErkJggg=="
)


def metrics(accuracy):
    around = {"value": accuracy, "low": accuracy - 0.0213, "high": accuracy + 0.0187}
    loss = {"value": 1 - accuracy, "low": 0.9 - accuracy, "high": 1.1 - accuracy}
    return {"accuracy": around, "macro_f1": {**around, "value": accuracy - 0.01}, "log_loss": loss}


def query(rank, **more):
    known = {
        "item_id": f"item-{rank:03d}",
        "rank": rank,
        "strategy": "margin",
        "score": 0.98765 - rank / 100,
        "inclusion_probability": 1.0,
        "reason": "the two best guesses are close",
        "guesses": (("ash", 0.431), ("birch", 0.417)),
        "content": Content(Picture(DOT, drawn=True, ink=True)),
        "given": Given("ash", 0.876, "labelled"),
    }
    return Query(**known | more)


def one_round(number, **more):
    known = {
        "number": number,
        "summary": RoundSummary(
            number, metrics(0.7123 + number / 20), 1200 + 10 * number, 24 + number, 3.5 + number
        ),
        "batch": 11 + number,
        "alpha": 0.8123 + number / 100,
        "gold_accuracy": 0.9123,
        "quarantined": number,
        "classes": {"ash": 5 + number, "birch": 7},
        "shares": (Share("margin", 9, 0.2345), Share("uniform", 2, 0.1)),
        "tasks": {"gold": 2, "query": 22},
        "queried": 11,
        "labelled": 2,
        "foreseen": 1,
        "queries": (query(1), query(2, given=None), query(3, content=None)),
        "opened_at": "2026-03-01T08:00:00.000000+00:00",
        "closed_at": "2026-03-02T09:30:00.000000+00:00",
        "tag": f"round-{number:04d}",
        "tracked": True,
        "files": {"snapshot/labels.parquet": of_bytes(str(number).encode())},
    }
    return RoundReport(**known | more)


@pytest.fixture(scope="session")
def data():
    """Give a report of three rounds, the last one stopped."""
    return ReportData(
        name="trees",
        classes=("ash", "birch"),
        state=State("stopped", 2, "budget", "the next batch would cost more than is left"),
        budget=20.0,
        rounds=tuple(one_round(number) for number in range(3)),
        annotators=pd.DataFrame(
            {
                "annotator_id": ["ann"],
                "n_answers": [1234],
                "n_gold": [7],
                "gold_accuracy": [0.8571],
                "agreement": [0.9234],
                "median_seconds": [4.25],
            }
        ),
        quarantine=pd.DataFrame(
            {
                "round": [1, 2, 2],
                "page": [0, 0, 1],
                "position": [3, 4, 5],
                "item_id": ["item-1", None, "item-2"],
                "place": ["a.csv, row 3", "", "a.csv, row 4"],
                "reason": ["unknown class", "never sent", "unknown class"],
                "fix": ["choose another", "", "choose another"],
                "record": ['{"label":"oak"}', "{}", '{"label":"elm"}'],
            }
        ),
        validation=Validation(
            41,
            (Finding("warn", "duplicates", "pool", 2, ("item-7", "item-8"), "the same twice"),),
            "data_docs/index.html",
        ),
        stop=(
            StopCheck("budget", True, "the next batch would cost more than is left"),
            StopCheck("max_rounds", False, "3 of 30 rounds are done"),
        ),
        provenance=Provenance("ab" * 32, 57, "2026-03-04T10:00:00+00:00", "forest", {"numpy": "2"}),
    )


@pytest.fixture(scope="session")
def page(data):
    """Give that report's page."""
    return render(data)


@pytest.fixture(scope="session")
def hostile(data):
    """Give the same report with an attack in every text that comes from outside."""
    text = "<script>alert('x')</script>\"'&{{ 7 * 7 }}\x00\u202e"
    bad = query(
        1,
        item_id=text,
        strategy=text,
        reason=text,
        guesses=((text, 0.5), (text, 0.4)),
        content=Content(None, (text,), ((text, text),)),
        given=Given(text, 0.5, text),
    )
    drawn = replace(bad, content=Content(Picture(DOT), (text,), ((text, text),)))
    rounds = one_round(
        0,
        classes={text: 3},
        shares=(Share(text, 1, 0.1),),
        tasks={text: 1},
        queries=(bad, drawn),
        tag=text,
        files={text: of_bytes(b"")},
    )
    return replace(
        data,
        name=text,
        classes=(text,),
        state=State("stopped", 0, text, text),
        rounds=(rounds,),
        annotators=data.annotators.assign(annotator_id=text),
        quarantine=data.quarantine.assign(
            item_id=text, place=text, reason=text, fix=text, record=text
        ),
        validation=Validation(1, (Finding(text, text, text, 1, (text,), text),)),
        stop=(StopCheck(text, True, text),),
        provenance=Provenance(text, 1, text, text, {text: text}),
    )
