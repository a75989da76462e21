"""Ground Truth's own files, as its developer guide shows them."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.domain.errors import RejectedItemError, VendorRefusedError
from tasks.domain.files import canonical_json
from tasks.domain.incoming import Hint, MalformedRecordError, RawAnswer
from tasks.domain.outgoing import Task
from tasks.objects.store import open_objects
from tasks.vendors._ground_truth import manifest as manifests
from tasks.vendors._ground_truth.answers import Answers
from tasks.vendors._ground_truth.cursor import Cursor
from tasks.vendors._ground_truth.events import parse_event
from tasks.vendors._ground_truth.manifest import Manifest
from tasks.vendors._ground_truth.names import Place
from tasks.vendors._ground_truth.output import failures
from tasks.vendors._ground_truth.parsing import parse

FIXTURES = Path(__file__).with_name("ground_truth")
PLACE = Place("s3://bucket/prefix", "batch")
MANIFEST = Manifest(0, 2, ("key-0", "key-1"), "d" * 64)
TEXT = {"note": "text"}
OFTEN = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def bucket(folder, name, content, line=1):
    """Lay a file of answers where Ground Truth does, and give what reads it."""
    job = folder / "objects" / PLACE.name(PLACE.output(PLACE.job(0, MANIFEST.digest)))
    path = job / f"annotations/worker-response/iteration-1/{line}/{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return Answers(open_objects(str(folder / "objects")), PLACE, folder / "home")


def records(answers):
    files = answers.files(MANIFEST)
    return answers.records(MANIFEST, [(line, one) for line in files for one in files[line]])


def answers_in(tmp_path, fixture, label_path=""):
    read = bucket(tmp_path, "2020-12-28_18:59:58", (FIXTURES / fixture).read_bytes())
    return [answer for one in records(read) for answer in parse(one, label_path).answers]


def test_each_worker_of_a_file_is_one_answer(tmp_path):
    job = PLACE.job(0, MANIFEST.digest)
    assert answers_in(tmp_path, "worker-response-text.json") == [
        RawAnswer(
            answer_id=f"{job}/1/private.us-west-2.a12b3cdefg4h5i67/20201228T185958.321000",
            key="key-1",
            annotator_id="ground_truth:private.us-west-2.a12b3cdefg4h5i67",
            label="positive",
            answered_at="2020-12-28T18:59:58.321000+00:00",
            seconds=40.543,
            revision=0,
        ),
        RawAnswer(
            answer_id=f"{job}/1/private.us-west-2.zz98/20201228T190122.750000",
            key="key-1",
            annotator_id="ground_truth:private.us-west-2.zz98",
            label="negative",
            answered_at="2020-12-28T19:01:22.750000+00:00",
            seconds=18.0,
            revision=0,
        ),
    ]


def test_the_page_for_images_has_its_class_elsewhere(tmp_path):
    (answer,) = answers_in(tmp_path, "worker-response-image.json")
    assert (answer.label, answer.seconds) == ("cat", 38.9)


def test_a_page_of_ones_own_has_its_class_where_the_option_says(tmp_path):
    (answer,) = answers_in(tmp_path, "worker-response-custom.json", "tree.choice")
    assert (answer.label, answer.seconds) == ("birch", None)
    with pytest.raises(MalformedRecordError, match="no class"):
        answers_in(tmp_path, "worker-response-custom.json")


def test_a_file_is_read_once_by_one_machine(tmp_path):
    content = (FIXTURES / "worker-response-text.json").read_bytes()
    read = bucket(tmp_path, "one", content)
    first = records(read)
    files = read.files(MANIFEST)
    for path in (tmp_path / "objects").rglob("*.json"):
        path.unlink()
    pairs = [(line, one) for line in files for one in files[line]]
    assert read.records(MANIFEST, pairs) == first


def test_a_file_that_cannot_be_understood_spares_the_others(tmp_path):
    bucket(tmp_path, "one", b'{"answers": [{"workerId": "\\ud800"}]}')
    found = records(bucket(tmp_path, "two", (FIXTURES / "worker-response-image.json").read_bytes()))
    assert [one["kind"] for one in found] == ["unreadable", "answer"]
    with pytest.raises(MalformedRecordError):
        parse(found[0])
    assert parse(found[1]).answers[0].label == "cat"


def test_objects_that_the_manifest_does_not_have_are_nobodys(tmp_path):
    content = (FIXTURES / "worker-response-image.json").read_bytes()
    assert bucket(tmp_path, "one", content, line=2).files(MANIFEST) == {}
    assert bucket(tmp_path, "one", content, line=999_999_999).files(MANIFEST) == {}


@OFTEN
@given(data=st.data())
def test_whatever_becomes_of_a_file_its_records_can_be_kept(tmp_path_factory, data):
    content = bytearray((FIXTURES / "worker-response-text.json").read_bytes())
    begin = data.draw(st.integers(0, len(content)))
    size, new = data.draw(st.integers(0, 60)), data.draw(st.binary(max_size=30))
    content[begin : begin + size] = new
    for one in records(bucket(tmp_path_factory.mktemp("any"), "one", bytes(content))):
        canonical_json(one).encode()
        try:
            (answer,) = parse(json.loads(json.dumps(one))).answers
        except MalformedRecordError:
            continue
        assert answer.key == "key-1"
        assert answer.answered_at.endswith("+00:00")


def test_only_what_failed_is_told_by_the_output_manifest():
    found = failures((FIXTURES / "output.manifest").read_bytes())
    assert list(found) == [5]
    assert found[5].startswith("ClientError: Annotation tasks expired.")


@OFTEN
@given(st.binary(max_size=300))
def test_an_output_manifest_may_hold_anything(content):
    for line, reason in failures(content + b'\n{"label-metadata":{"failure-reason":[1]}}').items():
        assert line >= 0
        assert reason.encode()


def test_events_name_the_job():
    event = (FIXTURES / "event.json").read_bytes()
    assert parse_event(event) == Hint("test-labeling-job")
    envelope = {
        "Type": "Notification",
        "TopicArn": "arn:aws:sns:us-east-1:123456789012:labels",
        "Message": event.decode(),
    }
    assert parse_event(json.dumps(envelope).encode()) == Hint("test-labeling-job")


def test_an_sns_topic_that_wants_to_be_confirmed_names_no_job():
    body = {"Type": "SubscriptionConfirmation", "TopicArn": "arn", "Message": "You have chosen"}
    assert parse_event(json.dumps(body).encode()) == Hint(None)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"\xff", b'{"source": "aws.s3"}', b"[" * 100_000]
)
def test_other_events_are_malformed(body):
    with pytest.raises(MalformedRecordError):
        parse_event(body)


@OFTEN
@given(st.text(min_size=1).filter(str.strip), st.text(min_size=1, alphabet="abcdef0123456789"))
def test_a_manifest_is_read_as_it_was_written(text, key):
    try:
        lines = manifests.lines([Task(key, "item", {"note": text}, 3)], TEXT, own_page=False)
    except RejectedItemError as error:
        assert "half a character" in str(error)  # noqa: PT017
        return
    content = f"{lines[key]}\n"
    assert len(content.splitlines()) == 1
    assert json.loads(content)["source"] == text
    read = manifests.read(7, content.encode(), "here")
    assert (read.number, read.copies, read.keys) == (7, 3, (key,))


def test_several_fields_are_shown_one_below_the_other():
    fields = {"note": "text", "height": "value"}
    task = Task("key", "item", {"note": "a tree", "height": 0.5})
    row = json.loads(manifests.lines([task], fields, own_page=False)["key"])
    assert row["source"] == "note: a tree\nheight: 0.5"
    assert row["payload"] == task.payload


def test_an_image_is_sent_by_its_address():
    task = Task("key", "item", {"photo": "s3://bucket/photo.jpg"})
    row = json.loads(manifests.lines([task], {"photo": "image"}, own_page=False)["key"])
    assert row["source-ref"] == "s3://bucket/photo.jpg"
    assert "source" not in row


@pytest.mark.parametrize(
    ("task", "fields", "why"),
    [
        (Task("key", "item", {"note": "x" * 100_001}), TEXT, "characters"),
        (Task("key", "item", {"note": " \n"}), TEXT, "nothing to show"),
        (Task("key", "item", {"note": None}), TEXT, "nothing to show"),
        (Task("key", "item", {"note": "\ud800"}), TEXT, "half a character"),
        (Task("key", "item", {}), TEXT, "no field"),
        (Task("key", "item", {"note": "x"}, 10), TEXT, "10 answers"),
        (Task("key", "item", {"photo": "/home/x.jpg"}), {"photo": "image"}, "no s3://"),
    ],
)
def test_what_ground_truth_cannot_take_is_rejected_by_its_key(task, fields, why):
    good = Task("good", "item", {"note": "x", "photo": "s3://b/x.jpg"})
    with pytest.raises(RejectedItemError, match=why) as caught:
        manifests.lines([good, task], fields, own_page=False)
    assert list(caught.value.reasons) == ["key"]


@pytest.mark.parametrize("content", [b"", b"x", b"[]", b'{"key": "a"}', b'{"copies": 1}', b"\xff"])
def test_a_manifest_that_somebody_changed_is_refused(content):
    with pytest.raises(VendorRefusedError, match="no manifest"):
        manifests.read(0, content, "here")


@OFTEN
@given(st.dictionaries(st.sampled_from("ab"), st.lists(st.integers(0, 40), max_size=5)))
def test_a_cursor_comes_back_as_it_was(seen):
    cursor = Cursor()
    for job, lines in seen.items():
        for line in lines:
            cursor.add(job, line, f"{line:06d}")
    again = Cursor.read(json.loads(json.dumps(cursor.to_body())))
    assert again == cursor
    for job, lines in seen.items():
        assert all(again.has(job, line, f"{line:06d}") for line in lines)
        assert not again.has(job, 41, "000041")
