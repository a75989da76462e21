import json
from dataclasses import asdict

import pyarrow as pa
import pytest
import yaml

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.domain import digests, tables
from tasks.domain.errors import CampaignError, DataError
from tasks.domain.files import pretty_json, write_atomic
from tasks.domain.outlook import RoundSummary
from tasks.ledger.local import LocalLedger
from tasks.reporting.data import Finding, Given, Share, State, StopCheck, Validation
from tasks.reporting.gather import gather
from tasks.reporting.page import render
from tasks.validation import findings
from tasks.versions.store import Store

PARAMS = {
    "campaign": {"name": "trees", "seed": 3, "budget": 20.0, "classes": ["ash", "birch"]},
    "pool": {"source": "data/source", "id": "item_id"},
    "features": {"image": ["leaf"], "numeric": ["height"]},
    "train": {"learner": "logistic_regression"},
    "score": {
        "batch": 2,
        "strategies": {"shares": {"uniform": 1.0}},
        "cold_start": {"shares": {"uniform": 1.0}},
    },
    "push": {"redundancy": 1, "gold": 0.0},
    "vendor": {
        "name": "simulated",
        "send": ["leaf"],
        "price": 0.1,
        "pseudonyms": False,
        "options": {},
    },
    "collect": {"fallback": None},
    "review": {"aggregator": "majority", "max_answers": 5},
    "evaluate": {"holdout_per_round": None, "confidence": 0.9},
    "stop": {},
    "tracking": {"experiment": "forest"},
}


class Shelf(dict):
    """Bytes by MD5."""

    def put(self, content):
        self[digests.of_bytes(content).md5] = content

    def fetch(self, md5):
        if md5 not in self:
            raise CampaignError(f"{md5} is nowhere")
        return self[md5]


class Rounds:
    """Writes a campaign round by round, as its stages would."""

    def __init__(self, root):
        self.campaign, self.shelf = Campaign(root), Shelf()
        self.ledger = LocalLedger(root / at.LEDGER)
        self.history = []
        write_atomic(root / at.PARAMS, yaml.safe_dump(PARAMS))
        pool = {
            "item_id": [f"item-{n}" for n in range(9)],
            "leaf": [[0, 0, 0, n] for n in range(9)],
            "height": [float(n) for n in range(9)],
        }
        tables.write_items(root / at.POOL, pa.table(pool))

    def stage(self, number, name, **outputs):
        found = {}
        for path, write in outputs.values():
            write(self.campaign.path(path))
            self.shelf.put(self.campaign.path(path).read_bytes())
            found[path] = digests.of_file(self.campaign.path(path), fresh=True).to_body()
        body = {
            "stage": name,
            "key": f"{number}-{name}",
            "inputs": {},
            "outputs": found,
            "summary": {},
        }
        self.ledger.append(number, "stage", body)

    def ask(self, number, *items):
        self.ledger.append(number, "round_opened", {"round": number, "packages": {"numpy": "2"}})
        asked = [
            {
                "item_id": item,
                "round": number,
                "rank": rank,
                "strategy": "uniform",
                "score": 0.5,
                "cutoff": 0.25,
                "selected": True,
                "inclusion_probability": 0.5,
                "reason": f"asked in {number}",
                "class_1": "ash",
                "probability_1": 0.75,
            }
            for rank, item in enumerate(items, 1)
        ]
        self.stage(number, "score", decisions=(at.DECISIONS, table(asked, tables.DECISIONS)))
        batch = [{"item_id": item, "role": "query"} for item in items]
        self.stage(number, "push", batch=(at.BATCH, table(batch, tables.BATCH)))
        self.ledger.append(number, "batch_intended", {"reserved": 1.5})
        self.ledger.append(number, "batch_sent", {"items": len(items)})

    def answer(self, number, labels, *, stop=None):
        self.ledger.append(number, "collected", {"complete": True})
        record = {"round": number, "page": 0, "position": 0, "reason": "never sent", "record": "{}"}
        rows = [
            {"item_id": item, "label": label, "confidence": 0.75, "status": "labelled"}
            for item, label in labels.items()
        ]
        accuracy = {"accuracy": {"value": 0.5 + number / 10, "low": 0.4, "high": 0.9}}
        summary = RoundSummary(number, accuracy, len(rows), 2 * len(rows), 0.2 * len(rows))
        more = {"alpha": 0.5, "gold_accuracy": None, "quarantined": 1, "batch": 2}
        self.history.append({**asdict(summary), **more, "classes": {"ash": len(rows)}})
        person = [{"annotator_id": f"ann-{number}", "n_answers": 4}]
        rules = {"budget": {"fires": bool(stop), "reason": "18 is left"}}
        outputs = {
            at.QUARANTINE: table([record], tables.QUARANTINE),
            at.LABELS: table(rows, tables.LABELS),
            at.ANNOTATORS: table(person, tables.ANNOTATORS),
            at.HISTORY: lambda path: write_atomic(path, pretty_json(self.history)),
            at.STOP: lambda path: write_atomic(path, pretty_json({"rules": rules})),
        }
        self.stage(number, "stop", **{path: (path, write) for path, write in outputs.items()})
        tag = f"round-{number:04d}"
        self.ledger.append(number, "snapshot", {"tag": tag, "files": {}})
        self.ledger.append(number, "round_closed", {"round": number, "tag": tag, "stop": stop})

    def gather(self):
        return gather(self.campaign, self.ledger, self.shelf)


def table(rows, kind):
    arrow = pa.Table.from_pylist(rows, kind.schema)
    return lambda path: tables.write_items(path, arrow)


@pytest.fixture
def rounds(tmp_path):
    return Rounds(tmp_path)


@pytest.fixture
def two(rounds):
    """Give a campaign with a closed round and one that waits."""
    rounds.ask(0, "item-1", "item-2")
    rounds.answer(0, {"item-1": "ash", "item-2": "birch"})
    rounds.ledger.append(0, "logged", {"round": 0, "to": "mlflow"})
    rounds.ask(1, "item-4", "item-gone")
    return rounds


def test_a_campaign_without_rounds_has_a_page(rounds):
    data = rounds.gather()
    assert (data.name, data.budget, data.confidence) == ("trees", 20.0, 0.9)
    assert data.state == State()
    assert "No round has been opened yet" in render(data)


def test_reads_past_rounds_from_the_store_and_the_open_one_from_disk(two):
    del two.shelf[digests.of_file(two.campaign.path(at.DECISIONS)).md5]
    first, second = two.gather().rounds
    assert [query.reason for query in first.queries] == ["asked in 0"] * 2
    assert [query.reason for query in second.queries] == ["asked in 1"] * 2
    assert first.queries[0].given == Given("ash", 0.75, "labelled")
    assert second.queries[0].given is None
    assert (first.labelled, first.foreseen) == (2, 1)
    assert first.shares == (Share("uniform", 2, 0.25),)
    assert first.tasks == {"query": 2}


def test_shows_what_the_pool_has(two):
    first, second = two.gather().rounds
    assert first.queries[0].content.fields == (("height", "1"),)
    assert first.queries[0].content.picture.drawn
    assert second.queries[1].content is None


def test_a_closed_round_has_its_numbers_and_an_open_one_has_none(two):
    data = two.gather()
    first, second = data.rounds
    assert first.summary.metrics["accuracy"] == {"value": 0.5, "low": 0.4, "high": 0.9}
    assert (first.summary.labels, first.summary.answers, first.summary.spent) == (2, 4, 0.4)
    assert (first.alpha, first.gold_accuracy, first.quarantined, first.batch) == (0.5, None, 1, 2)
    assert (first.tag, first.tracked) == ("round-0000", True)
    assert second.summary is None
    assert (second.tag, second.tracked) == ("", False)
    assert data.last == first.summary


def test_tells_where_the_campaign_is(two):
    assert two.gather().state == State("awaiting_labels", 1)
    assert two.gather().reserved == 1.5
    two.ledger.append(1, "collected", {"complete": True})
    assert two.gather().state == State("running", 1)
    assert two.gather().reserved == 1.5
    two.ledger.append(1, "settled", {"cost": 0.4})
    assert two.gather().reserved == 0
    two.answer(1, {"item-1": "ash"})
    assert two.gather().state == State("ready", 1)
    assert two.gather().reserved == 0
    two.ask(2, "item-5")
    two.answer(2, {"item-1": "ash"}, stop={"rule": "budget", "reason": "18 is left"})
    assert two.gather().state == State("stopped", 2, "budget", "18 is left")


def test_the_newest_word_counts(two):
    two.answer(1, {"item-1": "birch"})
    data = two.gather()
    assert data.annotators["annotator_id"].tolist() == ["ann-1"]
    assert data.quarantine["round"].tolist() == [0, 1]
    assert data.rounds[0].queries[0].given.label == "birch"
    assert data.rounds[0].queries[1].given is None
    assert data.stop == (StopCheck("budget", False, "18 is left"),)


def test_provenance_is_that_of_the_ledger(two):
    source = two.gather().provenance
    assert (source.head, source.entries) == (two.ledger.head, len(two.ledger.entries()))
    assert (source.experiment, source.packages) == ("forest", {"numpy": "2"})
    labels = two.gather().rounds[0].files[at.LABELS]
    assert labels == digests.of_file(two.campaign.path(at.LABELS), fresh=True)


def test_tells_what_validation_found(two):
    assert two.gather().validation == Validation()
    found = findings.Finding(
        "pool", "duplicate_contents", None, "warn", False, 2, ("a", "b"), "twice"
    )
    content = pretty_json({"expectations": [found.to_json()]})
    two.stage(1, "validate", one=(at.VALIDATION, lambda path: write_atomic(path, content)))
    expected = Finding("warn", "duplicate_contents", False, "pool", 2, ("a", "b"), "twice")
    assert two.gather().validation == Validation((expected,))


def test_bytes_that_the_ledger_does_not_know_are_refused(two):
    for md5 in two.shelf:
        two.shelf[md5] += b" "
    with pytest.raises(DataError, match="is not the file that the ledger knows"):
        two.gather()


def test_bytes_that_are_nowhere_are_an_error(two):
    two.shelf.clear()
    with pytest.raises(CampaignError, match="is nowhere"):
        two.gather()


@pytest.mark.integration
def test_a_campaign_that_was_run_has_all_its_rounds(finished):
    campaign = Campaign(finished)
    data = gather(campaign, LocalLedger(finished / at.LEDGER), Store(finished))
    history = json.loads(campaign.path(at.HISTORY).read_text())
    assert len(data.rounds) == 3
    for one, past in zip(data.rounds, history, strict=True):
        assert asdict(one.summary).items() <= past.items()
    assert data.state.kind == "stopped"
    assert [one.queried for one in data.rounds] == [one["batch"] for one in history]
    assert all(query.content.fields for one in data.rounds for query in one.queries)
    assert render(data) == render(
        gather(campaign, LocalLedger(finished / at.LEDGER), Store(finished))
    )


def test_the_whole_page_comes_of_it(two):
    page = render(two.gather())
    assert "Round 1 is waiting for its labels" in page
    assert two.ledger.head in page
