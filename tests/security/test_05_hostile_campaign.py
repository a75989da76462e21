"""A campaign of somebody else with a model that is broken, swapped, or made to break programs."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from security import models
from support import Done, items, labelloop

from tasks import campaign as at
from tasks import pipeline, score
from tasks.campaign import Campaign
from tasks.domain import digests, entries
from tasks.domain.entries import GENESIS, Entry
from tasks.domain.errors import CampaignError, DataError
from tasks.ledger.local import LocalLedger
from tasks.modeling import bundle
from tasks.modeling import pipeline as training
from tasks.params import FeaturesParams, TrainParams
from tasks.trust import own
from tasks.versions.keeping import Alone
from tasks.versions.store import Store

pytestmark = pytest.mark.integration
LAST = 2
UNLOOKED = "from tasks.modeling import nodes\nnodes.check = lambda files: None\n"


@pytest.fixture
def mine(finished: Path, tmp_path: Path) -> Path:
    root = Path(shutil.copytree(finished, tmp_path / "mine", symlinks=True))
    assert Campaign(root).is_own
    return root


@pytest.fixture
def strangers(finished: Path, tmp_path: Path) -> Path:
    root = Path(shutil.copytree(finished, tmp_path / "strangers", symlinks=True))
    (root / at.PRIVATE / own.TOKEN).unlink()
    assert not Campaign(root).is_own
    return root


def broken(change: models.Change) -> bytes:
    """Give a model of the campaign's own columns, with another text of trees."""
    frame, columns = items(), FeaturesParams(numeric=["height", "girth"])
    learner = TrainParams(learner="lightgbm")
    labels, classes = frame[["item_id", "label"]].head(80), ["ash", "birch", "cedar"]
    model, _ = training.fit(frame, labels, columns, learner, classes, 0)
    content = bundle.dump(model)
    return models.with_text(content, change(models.text(content)))


def aborts(text: str) -> str:
    return models.in_first_tree(text, num_leaves="2000000000")


def foist(root: Path, content: bytes) -> None:
    """Have the last round's models be others, and the whole ledger vouch for them."""
    body = digests.of_bytes(content).to_body()
    store, ledger = Store(root), root / at.LEDGER
    cached = store.cached(body["md5"])
    cached.parent.mkdir(parents=True, exist_ok=True)
    cached.write_bytes(content)
    before = GENESIS
    for path in sorted(ledger.glob("*.json")):
        entry = entries.parse(path.read_bytes(), str(path))
        said = json.loads(json.dumps(entry.body))
        if entry.round == LAST and entry.kind in ("stage", "snapshot"):
            said = with_models(said, body)
        changed = Entry(entry.seq, before, entry.at, entry.round, entry.kind, said)
        path.chmod(0o644)
        path.write_bytes(changed.content)
        before = changed.digest


def with_models(part: Any, body: dict[str, Any]) -> Any:
    if isinstance(part, list):
        return [with_models(one, body) for one in part]
    if not isinstance(part, dict):
        return part
    names = (at.MODEL, at.QUERY_MODEL)
    return {k: body if k in names else with_models(v, body) for k, v in part.items()}


def outcomes(done: Done) -> dict[str, dict[str, Any]]:
    assert done.code == 1, done
    assert done.err == ""
    (one,) = json.loads(done.out)["rounds"]
    return {stage["stage"]: stage for stage in one["stages"]}


def predict(root: Path, **environment: str) -> Done:
    given, to = root.parent / "items.parquet", root.parent / f"{root.name}.csv"
    items(9).to_parquet(given, index=False)
    done = labelloop("-C", root, "predict", "--in", given, "--out", to, **environment)
    assert to.exists() == (done.code == 0)
    return done


def one_line(done: Done, said: str) -> None:
    assert done.code == 2, done
    assert len(done.err.splitlines()) == 1, done.err
    assert said in done.err, done.err


def test_a_strangers_campaign_is_replayed_and_predicts_as_its_owners_does(
    mine: Path, strangers: Path
) -> None:
    replayed = labelloop("-C", strangers, "replay", str(LAST), "--json")
    assert (replayed.code, replayed.err) == (0, ""), replayed
    assert json.loads(replayed.out)["equal"]
    assert predict(strangers).code == predict(mine).code == 0
    ours, theirs = (root.parent / f"{root.name}.csv" for root in (mine, strangers))
    assert ours.read_bytes() == theirs.read_bytes()


def test_a_broken_model_is_a_line_of_each_command(strangers: Path) -> None:
    foist(strangers, broken(aborts))
    said = "LightGBM's trees are broken"
    stages = outcomes(labelloop("-C", strangers, "replay", str(LAST), "--json"))
    assert said in stages["score"]["why"]
    different = {name for name, stage in stages.items() if not stage["equal"]}
    assert different == {"train", "score", "evaluate"}, "the others were done all the same"
    one_line(predict(strangers), said)
    audited = labelloop("-C", strangers, "audit")
    assert audited.code == 1, audited
    assert "Traceback" not in audited.err + audited.out


def test_what_no_check_finds_breaks_a_process_of_its_own(strangers: Path, tmp_path: Path) -> None:
    """As if LightGBM could be broken by something that is not looked for."""
    foist(strangers, broken(aborts))
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "sitecustomize.py").write_text(UNLOOKED)
    said, unlooked = "broke the process that worked on it (SIGABRT)", str(tmp_path / "path")
    stages = outcomes(
        labelloop("-C", strangers, "replay", str(LAST), "--json", PYTHONPATH=unlooked)
    )
    assert said in stages["score"]["why"]
    assert stages["push"]["equal"]
    one_line(predict(strangers, PYTHONPATH=unlooked), said)


@pytest.fixture
def unparsed(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Fail if a model was parsed."""
    seen: list[bytes] = []
    monkeypatch.setattr(bundle, "parse", lambda content, **_: seen.append(content))

    def check(model: bytes) -> None:
        assert model not in seen

    return check


def test_a_swapped_model_is_not_parsed(mine: Path, unparsed: Callable[[bytes], None]) -> None:
    from flows.replay import replay
    from tasks.predict import Request
    from tasks.predict import predict as predict_here

    swapped = models.of_trees()
    sealed = [e.body for e in LocalLedger(mine / at.LEDGER).entries() if e.kind == "snapshot"][-1]
    for name in (at.MODEL, at.QUERY_MODEL):
        cached = Store(mine).cached(sealed["files"][name]["md5"])
        for path in (cached, mine / name):
            path.unlink(missing_ok=True)
            path.write_bytes(swapped)
    items(9).to_parquet(mine.parent / "items.parquet", index=False)
    request = Request(mine.parent / "items.parquet", mine.parent / "out.csv")
    with pytest.raises(DataError, match="is not the file that the ledger knows"):
        predict_here(mine, request)
    (found,) = replay(mine, [LAST]).rounds
    why = {stage.stage: stage.why for stage in found.stages}
    assert "not what the ledger knows" in why["score"]
    campaign = Campaign(mine)
    with pytest.raises(DataError, match="is not the model that the ledger knows"):
        score.run(campaign, campaign.params(), model=sealed["files"][at.QUERY_MODEL]["sha256"])
    unparsed(swapped)


def test_a_stage_does_not_read_what_another_one_did_not_write(
    mine: Path, unparsed: Callable[[bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before its batch is sent, nothing else would keep a swapped model from being taken."""
    (mine / at.QUERY_MODEL).unlink()
    (mine / at.QUERY_MODEL).write_bytes(swapped := models.of_trees())
    campaign, ledger = Campaign(mine), LocalLedger(mine / at.LEDGER)
    unsent = tuple(entry for entry in ledger.entries() if entry.kind != "batch_intended")
    monkeypatch.setattr(ledger, "entries", lambda: unsent)
    with pytest.raises(CampaignError, match=rf"{at.QUERY_MODEL}: is not what the ledger knows"):
        pipeline.advance(campaign, campaign.params(), ledger, Alone(mine), "score")
    unparsed(swapped)
