import json
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
from audit.books import Book
from hypothesis import given, settings
from hypothesis import strategies as st
from support import FORK, advance, in_process

from tasks import campaign as at
from tasks.audit import mlflow_client, mlflow_needs, tracked, tracking
from tasks.audit.mlflow_client import TrackingError
from tasks.audit.rounds import Rounds
from tasks.audit.tracking import log_round
from tasks.audit.verify import audit
from tasks.domain.errors import ParamsError
from tasks.ledger.local import LocalLedger
from tasks.modeling import bundle
from tasks.versions.store import Store

LAST = 2


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "trees", symlinks=True))


def log(root: Path, number: int = LAST, **tracking_params: Any) -> None:
    campaign = at.find(root)
    params = campaign.params()
    changed = params.tracking.model_copy(update=tracking_params)
    params = params.model_copy(update={"tracking": changed})
    log_round(campaign, params, LocalLedger(root / at.LEDGER), Store(root), number)


def runs(client: Any) -> list[Any]:
    (experiment,) = [e for e in client.search_experiments() if e.name != "Default"]
    return sorted(client.search_runs([experiment.experiment_id]), key=lambda run: run.info.run_name)


@pytest.mark.integration
def test_every_round_is_a_run_with_all_that_belongs_to_it(finished: Path) -> None:
    entries = LocalLedger(finished / at.LEDGER).entries()
    past = Rounds(at.find(finished), entries, Store(finished))
    with mlflow_client.client(finished, "sqlite:///mlflow.db") as client:
        found = runs(client)
        assert [run.info.run_name for run in found] == [f"round-{n:04d}" for n in range(LAST + 1)]
        for number, run in enumerate(found):
            measured = past.json(number, at.METRICS)["accuracy"]
            names = {"accuracy": "value", "accuracy_low": "low", "accuracy_high": "high"}
            for name, end in names.items():
                assert run.data.metrics[name] == measured[end]
            assert run.data.params["score.batch"] == "6"
            inputs = {one.dataset.name: one.dataset for one in run.inputs.dataset_inputs}
            assert set(inputs) == set(tracked.DATASETS)
            source = json.loads(inputs[at.LABELS].source)
            assert source["sha256"] == past.files(number)[at.LABELS].sha256
            path = client.download_artifacts(run.info.run_id, "decisions.parquet")
            assert Path(path).read_bytes() == past.content(number, at.DECISIONS)


@pytest.mark.integration
@pytest.mark.filterwarnings("ignore:.*Any type hint is inferred:UserWarning")
def test_the_registry_gives_the_very_model(finished: Path) -> None:
    with mlflow_client.client(finished, "sqlite:///mlflow.db"):
        model = mlflow.sklearn.load_model("models:/trees@round-0002")
        served = mlflow.pyfunc.load_model("models:/trees@round-0002")
        info = mlflow.models.get_model_info("models:/trees@round-0002")
        example = served.input_example
    holdout = pd.read_parquet(finished / at.HOLDOUT)
    own = bundle.load(finished / at.MODEL)
    columns = list(own.feature_names_in_)
    assert (model.predict_proba(holdout[columns]) == own.predict_proba(holdout[columns])).all()
    assert served.predict(holdout[columns]).tolist() == own.predict(holdout[columns]).tolist()
    assert info.signature.inputs.input_names() == columns
    assert list(example.columns) == columns
    stored = Path(
        mlflow.artifacts.download_artifacts(
            "models:/trees@round-0002",
        )
    )
    assert (stored / "model.skops").read_bytes() == (finished / at.MODEL).read_bytes()


@pytest.mark.integration
def test_the_champion_has_the_highest_lower_end(finished: Path) -> None:
    history = json.loads((finished / at.HISTORY).read_text())
    ends = [(one["metrics"]["accuracy"]["low"], one["round"]) for one in history]
    with mlflow_client.client(finished, "sqlite:///mlflow.db") as client:
        champion = client.get_model_version_by_alias("trees", "champion")
    assert champion.tags["labelloop.round"] == str(max(ends)[1])


@pytest.mark.integration
def test_logging_twice_is_logging_once(copy: Path) -> None:
    with mlflow_client.client(copy, "sqlite:///mlflow.db") as client:
        before = [run.info.run_id for run in runs(client)]
    log(copy)
    with mlflow_client.client(copy, "sqlite:///mlflow.db") as client:
        assert [run.info.run_id for run in runs(client)] == before


@pytest.mark.integration
def test_a_run_that_was_cut_short_is_made_anew(copy: Path) -> None:
    with mlflow_client.client(copy, "sqlite:///mlflow.db") as client:
        before = runs(client)
        client.delete_tag(before[LAST].info.run_id, tracking.COMPLETE)
    log(copy)
    with mlflow_client.client(copy, "sqlite:///mlflow.db") as client:
        after = runs(client)
        assert len(after) == len(before)
        assert after[LAST].info.run_id != before[LAST].info.run_id
        assert tracking.is_complete(after[LAST])
        versions = client.search_model_versions("name = 'trees'")
        assert len({v.tags["labelloop.round"] for v in versions}) == len(versions) == LAST + 1


def tell_late(root: Path) -> None:
    log(root, uri="sqlite:///late.db", experiment="late")


@pytest.mark.integration
@pytest.mark.parametrize("attempt", range(3))
def test_two_that_tell_at_once_leave_one_run_with_one_model(copy: Path, attempt: int) -> None:
    mlflow_client.prepare(copy, "sqlite:///late.db")
    racers = [FORK.Process(target=tell_late, args=(copy,)) for _ in range(3)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert [racer.exitcode for racer in racers] == [0, 0, 0]
    with mlflow_client.client(copy, "sqlite:///late.db") as client:
        (run,) = runs(client)
        (version,) = client.search_model_versions("name = 'trees'")
        assert tracking.is_complete(run)
        assert version.run_id == run.info.run_id
        for alias in (f"round-{LAST:04d}", "champion"):
            assert client.get_model_version_by_alias("trees", alias).version == version.version


@pytest.mark.integration
def test_a_second_run_that_a_dead_machine_left_does_no_harm(copy: Path) -> None:
    with mlflow_client.client(copy, "sqlite:///mlflow.db") as client:
        whole = runs(client)[LAST]
        tags = {name: whole.data.tags[name] for name in ("labelloop.key", "labelloop.ledger")}
        client.create_run(whole.info.experiment_id, tags=tags)
    found = audit(copy)
    assert found.problems == ()
    assert f"MLflow run of round {LAST} is there 2 times" in " ".join(found.unchecked)


@pytest.mark.integration
def test_killed_while_it_told_it_tells_once(campaign: Path) -> None:
    point = "catch_up/mlflow:round-0000:registered"
    assert in_process(advance, campaign, 1, LABELLOOP_CRASH_AT=point) == -signal.SIGKILL
    assert in_process(advance, campaign, 1) == 0
    with mlflow_client.client(campaign, "sqlite:///mlflow.db") as client:
        found = runs(client)
        assert [run.info.run_name for run in found] == ["round-0000", "round-0001"]
        assert all(tracking.is_complete(run) for run in found)
        assert len(client.search_model_versions("name = 'trees'")) == 2
    assert audit(campaign).problems == ()


@pytest.mark.integration
def test_what_was_never_logged_can_be_told_elsewhere(
    copy: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for path in ("snapshot", "round", "data/pool.parquet"):
        target = copy / path
        shutil.rmtree(target) if target.is_dir() else target.unlink()
    for number in range(LAST + 1):
        log(copy, number, uri="sqlite:///elsewhere.db", experiment="late")
    with mlflow_client.client(copy, "sqlite:///elsewhere.db") as client:
        assert [run.info.run_name for run in runs(client)] == [
            f"round-{n:04d}" for n in range(LAST + 1)
        ]
    assert capfd.readouterr() == ("", "")


@pytest.mark.integration
@pytest.mark.parametrize("uri", ["http://127.0.0.1:9", "sqlite:///params.yaml"])
def test_a_server_that_is_not_there_fails_soon_and_in_one_way(copy: Path, uri: str) -> None:
    begun = time.monotonic()
    with pytest.raises(TrackingError):
        log(copy, uri=uri)
    # MLflow itself tries for more than four minutes.
    assert time.monotonic() - begun < 200


def test_a_relative_database_lies_in_the_campaign(tmp_path: Path) -> None:
    here = tmp_path.resolve()
    assert mlflow_needs.address(here, "sqlite:///mlflow.db") == f"sqlite:///{here}/mlflow.db"
    for uri in ("sqlite:////absolute/mlflow.db", "http://127.0.0.1:5000"):
        assert mlflow_needs.address(here, uri) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "nothing://there",
        "databricks",
        "file:///tmp/runs",
        "postgresql://db.example.org/mlflow",
        "sqlite:///",
        "sqlite:///file:mlflow.db?uri=true",
        "sqlite+pysqlite:///mlflow.db",
        "https://me:secret@mlflow.example.org",
        "http://127.0.0.1\\@mlflow.example.org",
    ],
)
def test_an_address_of_another_kind_is_refused_without_repeating_it(
    tmp_path: Path, uri: str
) -> None:
    with pytest.raises(ParamsError, match=r"^params\.yaml tracking\.uri: ") as caught:
        mlflow_client.prepare(tmp_path, uri)
    assert "secret" not in str(caught.value)


@settings(max_examples=100)
@given(name=st.text(min_size=1, max_size=300))
def test_any_class_can_be_spelled_as_a_metric(name: str) -> None:
    from mlflow.utils.validation import _validate_metric_name

    _validate_metric_name(next(iter(spelled({f"recall/{name}": 0.5}))))


def spelled(measured: dict[str, float], number: int = 0) -> dict[str, float]:
    intervals = {name: {"value": v, "low": v, "high": v} for name, v in measured.items()}
    counts = ("labels", "answers", "spent", "alpha", "gold_accuracy", "quarantined", "batch")
    book = Book(Path())
    history = [dict.fromkeys(counts)]
    book.stage(
        number,
        "stop",
        {
            at.METRICS: json.dumps(intervals).encode(),
            at.HISTORY: json.dumps(history).encode(),
        },
    )
    return tracked.metrics(book.rounds, number)


def test_classes_that_differ_have_metrics_that_differ() -> None:
    classes = ["a", "A", "a b", "a/b", "a.b", "ä", "a%b", "..", ".", "a_b", "/"]
    assert len(spelled({f"recall/{name}": 0.5 for name in classes})) == 3 * len(classes)
