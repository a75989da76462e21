"""Whatever a vendor may say, the default suites let the next round begin."""

import json
import shutil

import pandas as pd
import pytest
from delivery.campaigns import CLASSES, make, open_round, params
from files_office import Office, ask_files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import change_params, facts, labelloop
from test_collect import read, send, vendor

from tasks import campaign as at
from tasks import collect, review, validate
from tasks.delivery import inbox, pages
from tasks.domain.files import write_atomic
from tasks.ingest.readers import read_parquet
from tasks.versions import git

PEOPLE = ["ann", "Zoë", "=cmd()", "\u202eann", "名前", "a\nb", "😀", "x" * 900, "None", "nan"]
TIMES = ["2026-01-05T09:00:00Z", "0001-01-02T00:00:00Z", "9999-12-30T00:00:00+00:00"]
SECONDS = [None, 0, 0.0, 1e-300, 12.5, 1e308]
REVISIONS = [0, 1, 2, 2**53 - 1]
LABELS = [*CLASSES, None, None, "elm", "nan"]


def said(keys):
    """Draw what the laws let a vendor say of tasks."""
    return st.builds(
        record,
        answer_id=st.sampled_from(["a1", "a2", "a3", "a4", "a5", "ä\u0000"]),
        key=st.sampled_from([*keys, "never sent"]),
        annotator=st.sampled_from(PEOPLE),
        label=st.sampled_from(LABELS),
        submitted_at=st.sampled_from(TIMES),
        seconds=st.sampled_from(SECONDS),
        revision=st.sampled_from(REVISIONS),
    )


def record(label, key, **more):
    note = {"note": "deleted"} if label is None else {}
    return {"task_key": key, "label": label, "source": "annotator", **more, **note}


def deliver(campaign, number, records):
    """Let records come in, one on each page."""
    where = {"batch": f"trees-{number:04d}", "leg": 1, "vendor": "simulated"}
    lines = [inbox.page(page, where, {}, [one]) for page, one in enumerate(records)]
    pages.write(campaign.path(at.INBOX), number, lines)


def close(campaign, given):
    """Collect, review, and make the snapshot the base of the next round, as `open` does."""
    collect.run(campaign, given)
    review.run(campaign, given)
    for base, snapshot in ((at.BASE_ANSWERS, at.ANSWERS), (at.BASE_LABELS, at.LABELS)):
        write_atomic(campaign.path(base), campaign.path(snapshot).read_bytes())


def findings(campaign, given):
    """Validate with the default suites, as the next round does."""
    frames = {
        name: read_parquet(campaign.path(file)) for name, (file, _, _) in validate.FRAMES.items()
    }
    suites = validate.default_suites(given, frames["pool"])
    found = validate.check(frames, suites, given.features.columns)
    return [str(one) for one in found if not one.success and one.severity == "stop"]


@pytest.fixture(scope="module", params=[("majority", 0.0), ("dawid_skene", 0.1)], ids=str)
def asked(request, tmp_path_factory):
    """Give a campaign whose rounds 0 and 1 are sent, with nothing come back."""
    aggregator, price = request.param
    given = params(
        vendor=vendor() | {"price": price},
        review={"aggregator": aggregator, "min_confidence": 0.9, "max_answers": 3},
    )
    campaign = make(tmp_path_factory.mktemp("asked"), selected=2)
    send(campaign, given)
    collect.run(campaign, given)
    open_round(campaign, 1, ["pool-020"])
    send(campaign, given)
    return campaign, given


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_whatever_a_vendor_may_say_the_next_round_begins(asked, tmp_path, data):
    template, given = asked
    root = tmp_path / "campaign"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(template.root, root)
    campaign = type(template)(root)
    keys = [*read(campaign, at.BASE_SENT)["key"], *read(campaign, at.BATCH)["key"]]
    keys = [key for number, key in enumerate(keys) if number % 2]
    for number in (1, 2):
        deliver(campaign, number, data.draw(st.lists(said(keys), max_size=12)))
        close(campaign, given)
        assert findings(campaign, given) == []
        open_round(campaign, number + 1, [])
        collect_nothing(campaign)


def collect_nothing(campaign):
    """Let the round that is open have sent nothing: what comes now comes late."""
    batch = read(campaign, at.BATCH).head(0)
    batch.to_parquet(campaign.path(at.BATCH), index=False)


def answer(key, who, label="ash", revision=0):
    return record(
        label,
        key,
        answer_id=f"{key}-{who}",
        annotator=who,
        submitted_at=TIMES[0],
        seconds=None,
        revision=revision,
    )


def test_an_item_whose_answers_are_all_taken_back_has_no_label_any_more(tmp_path):
    given, campaign = params(vendor=vendor()), make(tmp_path, selected=2)
    send(campaign, given)
    batch = read(campaign, at.BATCH)
    first, second = batch.loc[batch["role"] == "query", "key"]
    both = [answer(key, who) for key in (first, second) for who in ("ann", "bob")]
    deliver(campaign, 0, both)
    close(campaign, given)
    assert set(read(campaign, at.LABELS)["label"]) == {"ash"}
    open_round(campaign, 1, [])
    collect_nothing(campaign)
    deliver(campaign, 1, [answer(first, who, None, 1) for who in ("ann", "bob")])
    close(campaign, given)
    labels = read(campaign, at.LABELS)
    assert sorted(labels["status"]) == ["labelled", "returned"]
    (lost,) = labels[labels["status"] == "returned"].to_dict("records")
    assert pd.isna(lost["label"])
    assert (lost["n_answers"], list(lost["answer_ids"])) == (0, [])
    assert findings(campaign, given) == []


RUN = ("run", "--no-prefect", "--wait")


@pytest.mark.integration
@pytest.mark.parametrize(
    "options",
    [
        {"delete_rate": 0.05},
        {"delete_rate": 0.5, "double_rate": 0.2, "excess_rate": 0.3, "revise_rate": 0.3},
        {"skip_rate": 1.0},
        {"reject_rate": 1.0},
    ],
    ids=str,
)
def test_a_campaign_whose_vendor_takes_answers_back_runs_to_its_end(campaign, options):
    change_params(campaign, {"vendor": {"price": 0.0, "options": options}})
    done = labelloop("-C", campaign, *RUN)
    assert (done.code, done.err) == (0, "")
    assert [kind for _, kind, _ in facts(campaign)].count("round_closed") == 3
    answers = pd.read_parquet(campaign / at.ANSWERS)
    if "delete_rate" in options:
        assert answers["label"].isna().any()
    status = json.loads(labelloop("-C", campaign, "status", "--json").out)
    assert status["state"] == "stopped"
    assert labelloop("-C", campaign, "check").out.count("BAD") == 0
    assert labelloop("-C", campaign, "audit").code == 0


@pytest.mark.integration
def test_check_validates_what_the_next_round_will(campaign):
    assert labelloop("-C", campaign, *RUN, "--rounds", "1").code == 0
    path = campaign / at.SUITES[1]
    suite = json.loads(path.read_text())
    between = {"column": "price", "min_value": 1}
    strict = {"type": "expect_column_values_to_be_between", "kwargs": between}
    suite["expectations"].append(strict | {"severity": "critical"})
    path.write_text(json.dumps(suite))
    git.commit(campaign, "Expect dear answers", [at.SUITES[1]])
    said = labelloop("-C", campaign, "check")
    assert "BAD  data: validation: answers column 'price'" in said.out


@pytest.mark.integration
def test_a_label_that_is_cleared_in_a_returned_file_is_taken_back(campaign):
    ask_files(campaign)
    look = ("-C", campaign, "run", "--no-prefect", "--rounds", "1")
    assert labelloop(*look).code == 0
    office, last = Office(campaign), {"label": "", "annotator": ""}
    end = f"row_{len(office.tasks) + 1}"
    office.give_back(**{end: last})
    assert labelloop(*look).code == 0
    office.give_back(row_2={"label": ""}, **{end: last})
    assert labelloop(*look).code == 0
    office.give_back(row_2={"annotator": "somebody else"})
    assert "round 0: ready to run" in labelloop(*look).out
    answers = pd.read_parquet(campaign / at.ANSWERS)
    assert answers["label"].isna().sum() == 1
    again = labelloop("-C", campaign, "run", "--no-prefect")
    assert (again.code, again.err) == (0, "")
    assert "round 1: AwaitingLabels" in again.out
    assert labelloop("-C", campaign, "audit").code == 0
