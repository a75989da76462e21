"""Label Studio without a server: what records say, what annotators see, what addresses are."""

import base64
import json
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks import registry
from tasks.domain.errors import ParamsError
from tasks.domain.incoming import MalformedRecordError
from tasks.domain.outgoing import BatchSpec, Prelabel, Task
from tasks.vendors._label_studio import display, images
from tasks.vendors._label_studio.project import Marker, title
from tasks.vendors._label_studio.records import GOLD
from tasks.vendors.label_studio import LabelStudio

SPEC = BatchSpec("trees-0001", ("ash", "birch"), {"note": "text", "height": "value"}, 2, 10)
BORN = "2026-01-01T10:00:00.000001Z"
LATER = "2026-01-01T11:00:00.5Z"
# XML has no way to write most control characters.
TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"))


def annotation(**changes):
    usual = {
        "task": 7,
        "id": 9,
        "completed_by": 3,
        "created_at": BORN,
        "updated_at": LATER,
        "was_cancelled": False,
        "ground_truth": False,
        "lead_time": 4.5,
        "result": [{"from_name": "label", "choices": ["ash"]}],
    }
    return usual | changes


def parsed(**changes):
    record = {"project": 5, "key": "k", "annotations": [annotation(**changes)]}
    (answer,) = LabelStudio().parse(record).answers
    return answer


def test_a_record_is_a_task_with_all_its_answers() -> None:
    answer = parsed()
    assert (answer.key, answer.label, answer.annotator_id, answer.seconds) == ("k", "ash", "3", 4.5)
    assert answer.answered_at == "2026-01-01T11:00:00.500000+00:00"
    assert LabelStudio().parse({"project": 5, "key": "k", "annotations": []}).all_of == "k"


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"was_cancelled": True}, "skipped"),
        ({"result": []}, "without a class"),
        ({"result": [{"from_name": "other", "choices": ["ash"]}]}, "without a class"),
        ({"result": [{"from_name": "label", "choices": ["ash", "birch"]}]}, "with several classes"),
        ({"ground_truth": True, "updated_at": BORN}, GOLD),
    ],
)
def test_what_is_no_label_says_why(changes, note) -> None:
    answer = parsed(**changes)
    assert (answer.label, answer.note) == (None, note)


def test_an_answer_that_was_starred_later_is_an_answer() -> None:
    assert parsed(ground_truth=True).label == "ash"


def test_ids_that_are_used_again_make_other_answers() -> None:
    assert parsed().answer_id == parsed(updated_at="2027-01-01T00:00:00Z").answer_id
    assert parsed().answer_id != parsed(created_at="2026-01-01T10:00:00.000002Z").answer_id


def test_a_revision_grows_with_every_change() -> None:
    assert parsed(updated_at="2026-01-01T11:00:00.500001Z").revision == parsed().revision + 1


@pytest.mark.parametrize(
    "changes",
    [
        {"created_at": "yesterday"},
        {"created_at": "2026-01-01T10:00:00"},
        {"result": None},
        {"result": [{"from_name": "label", "choices": "ash"}]},
        {"result": [{"from_name": "label", "choices": [""]}]},
        {"id": "9"},
        {"lead_time": "long"},
        {"was_cancelled": None},
    ],
)
def test_a_malformed_answer_is_not_guessed_at(changes) -> None:
    with pytest.raises(MalformedRecordError):
        parsed(**changes)


def test_an_events_token_goes_nowhere() -> None:
    event = {"action": "ANNOTATION_CREATED", "project": {"id": 12, "token": "sesame"}}
    hint = LabelStudio().parse_event({}, json.dumps(event).encode())
    assert hint.batch == "12"
    assert "sesame" not in repr(hint)


@given(
    classes=st.lists(TEXT.filter(bool), min_size=1, unique=True), names=st.lists(TEXT), said=TEXT
)
def test_the_setup_holds_every_class_whatever_is_in_it(classes, names, said) -> None:
    fields = dict.fromkeys(names, "text")
    xml = display.setup(BatchSpec("b", tuple(classes), fields, 1, 1), said)
    tree = ElementTree.fromstring(xml)
    assert [choice.get("value") for choice in tree.iter("Choice")] == classes
    (control,) = tree.iter("Choices")
    shown = [*tree.iter("Text"), *tree.iter("Table")]
    assert control.get("toName") == shown[0].get("name")
    assert len(shown) == max(len(fields), 1)


def test_data_hold_the_key_the_payload_and_what_is_shown() -> None:
    payload = {"note": "<b>oak</b>", "height": 2.5}
    data = display.data(Task("k", "item-1", payload, copies=2), SPEC.fields)
    assert data["payload"] == payload
    assert data["shown_1"] == "<b>oak</b>"
    assert data["shown_table"] == {"height": "2.5"}
    assert (data["labelloop_key"], data["labelloop_copies"], data["item_id"]) == ("k", 2, "item-1")


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"height": 1}, "field 'note' is missing"),
        ({"note": ["a"], "height": 1}, "field 'note' is no text"),
        ({"note": "a\0b", "height": 1}, "NUL"),
        ({"note": "a\ud800b", "height": 1}, "UTF-8"),
    ],
)
def test_what_cannot_be_shown_is_named(payload, said) -> None:
    with pytest.raises(ValueError, match=said):
        display.data(Task("k", "item-1", payload), SPEC.fields)


def test_a_backslash_before_u0000_is_text() -> None:
    assert display.data(Task("k", "i", {"note": "\\u0000", "height": 1}), SPEC.fields)


def test_a_guess_is_a_prediction_with_its_model_and_score() -> None:
    task = Task("k", "item-1", {}, prelabel=Prelabel("birch", 0.7, "0123abcd"))
    (made,) = display.prediction(task, SPEC.fields)["predictions"]
    assert (made["model_version"], made["score"]) == ("0123abcd", 0.7)
    (region,) = made["result"]
    assert (region["to_name"], region["value"]) == ("shown_1", {"choices": ["birch"]})
    assert display.prediction(Task("k", "item-1", {}), SPEC.fields) == {}


ROWS = [[0, 8], [16, 4]]


@pytest.mark.parametrize("value", [ROWS, [0, 8, 16, 4], [[[0], [8]], [[16], [4]]]])
def test_pixels_become_the_same_png_every_time(value) -> None:
    assert images.shown(value) == images.shown(ROWS)
    assert images.shown(value).startswith("data:image/png;base64,")


def test_encoded_pictures_and_addresses_stay_what_they_are() -> None:
    png = images.shown(ROWS).partition(",")[2]
    assert images.shown(png) == f"data:image/png;base64,{png}"
    for address in ("https://a/b.png", "s3://bucket/b.png", "data:image/gif;base64,R0lG"):
        assert images.shown(address) == address
    assert images.shown(base64.b64encode(bytes([0, 255, 255, 0])).decode()).startswith("data:")


BROKEN = base64.b64encode(b"\x89PNG\r\n\x1a\nbroken").decode()
NO_PICTURE = ["not base64!", [], [1, 2, 3], [[1], [1, 2]], ["a"], [1e999], 3, {"a": 1}, BROKEN]


@pytest.mark.parametrize("value", NO_PICTURE, ids=repr)
def test_what_is_no_picture_is_said_so(value) -> None:
    with pytest.raises(ValueError, match=r"is |has "):
        images.shown(value)


@given(campaign=TEXT, name=TEXT)
def test_a_marker_is_found_again_in_its_description(campaign, name) -> None:
    marker = Marker.of(campaign, BatchSpec(name, ("a",), {}, 1, 1))
    ended = marker.end("cancelled", 3).end("closed", 9)
    assert Marker.read(marker.write()) == marker
    assert Marker.read("Told to the team on Monday.\n" + ended.write()) == ended
    assert (ended.state, ended.expected) == ("closed", 3)


@given(description=st.text() | st.none() | st.text().map(lambda text: f"labelloop: {text}"))
def test_any_other_description_has_no_marker(description) -> None:
    assert Marker.read(description) is None


@given(name=st.text())
def test_a_title_is_one_that_the_server_takes(name) -> None:
    assert 3 <= len(title(name)) <= 50


@pytest.mark.parametrize(
    "options",
    [
        {"url": "studio.example.org"},
        {"url": "ftp://studio.example.org"},
        {"url": "https://me:secret@studio.example.org"},
        {"token_env": "a token"},
        {"timeout": 0},
        {"page": 0},
    ],
)
def test_options_that_cannot_be_are_refused(options) -> None:
    with pytest.raises(ParamsError) as caught:
        registry.build("vendors", "label_studio", options)
    assert "secret" not in str(caught.value)
