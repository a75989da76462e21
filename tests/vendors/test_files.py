"""What people and their spreadsheets do to files."""

import csv
import os
import threading

import pytest
from labelloop_contracts.trial import Trial
from vendors.files_world import FilesWorld

from tasks import registry
from tasks.domain.errors import (
    ParamsError,
    RejectedItemError,
    VendorClosedError,
    VendorRefusedError,
)
from tasks.domain.outgoing import Task

TITLES = "key,label,annotator\n"


@pytest.fixture
def trial(tmp_path):
    return Trial(FilesWorld(tmp_path))


@pytest.fixture
def opened(trial):
    account, reference, tasks = trial.opened(3, copies=2)
    folder = trial.world.folder(reference)
    return account, reference, [task.key for task in tasks], folder


def put(folder, content, name="labelled/ann.csv"):
    raw = content if isinstance(content, bytes) else content.encode()
    (folder / name).write_bytes(raw)


def looked(trial, opened):
    account, reference, keys, _ = opened
    view = trial.look(account, reference)
    assert account.poll(reference).answered == len(view.labelled())
    found = {(a.key, a.annotator_id): a.label for a in view.answers.values()}
    return {(keys.index(key), who): label for (key, who), label in found.items()}, view.malformed


def test_the_file_to_fill_in_opens_in_a_spreadsheet(trial, opened):
    *_, keys, folder = opened
    raw = (folder / "to_label-001.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    with (folder / "to_label-001.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["key", "copy", "item_id", "note", "height", "label", "annotator"]
    assert [(row["key"], row["copy"]) for row in rows] == [(k, c) for k in keys for c in "12"]
    assert {row["label"] for row in rows} == {row["annotator"] for row in rows} == {""}


def test_a_file_that_is_filled_in_where_it_lies_is_read(trial, opened):
    *_, folder = opened
    path = folder / "to_label-001.csv"
    filled = path.read_text(encoding="utf-8-sig").replace('"",""', '"Ash","Ann"')
    path.write_text(filled, encoding="utf-8-sig")
    assert looked(trial, opened) == ({(n, "ann"): "ash" for n in range(3)}, [])
    assert trial.world.count_tasks(opened[1]) == 3


def test_a_file_that_was_moved_away_is_not_written_again(trial, opened):
    account, reference, _, folder = opened
    (folder / "to_label-001.csv").rename(folder / "labelled" / "mine.csv")
    account.submit(reference, trial.tasks(3, copies=2))
    assert not (folder / "to_label-001.csv").exists()
    assert len(account.reconcile(reference)) == 3


def test_more_tasks_are_in_a_file_of_their_own(trial, opened):
    account, reference, _, folder = opened
    more = trial.tasks(2, first=3)
    receipts = account.submit(reference, [*trial.tasks(3, copies=2), *more])
    assert sorted(path.name for path in folder.glob("*.csv")) == [
        "to_label-001.csv",
        "to_label-002.csv",
    ]
    assert receipts[0].task_id == "to_label-001.csv:2"
    assert [receipt.task_id for receipt in receipts[3:]] == [
        "to_label-002.csv:2",
        "to_label-002.csv:3",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_spreadsheets_save_is_read(trial, opened, encoding, delimiter, end):
    *_, keys, folder = opened
    rows = [
        ["extra", "Annotator", "note", "LABEL ", "key"],
        ["", "Zoë", f"two{end}lines; and, more", "ash", keys[0]],
        ["", "", "", "", ""],
        ["", "Zoë", '"quoted"', "\xa0Birch ", f" {keys[1]}"],
        [],
        ["", "", "", "", ""],
    ]
    with (folder / "labelled" / "zoe.csv").open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter, lineterminator=end).writerows(rows)
    assert looked(trial, opened) == ({(0, "zoë"): "ash", (1, "zoë"): "birch"}, [])


def test_the_line_that_names_the_delimiter_is_skipped(trial, opened):
    *_, keys, folder = opened
    put(folder, f"sep=;\r\nkey;label;annotator\r\n{keys[0]};ash;ann\r\n{keys[1]};oak;ann\r\n")
    answers, malformed = looked(trial, opened)
    assert answers == {(0, "ann"): "ash"}
    assert "row 4," in malformed[0]


def test_old_encodings_are_read_if_they_are_named(tmp_path):
    trial = Trial(FilesWorld(tmp_path, encoding="cp1252"))
    account, reference, (task,) = trial.opened(1)
    put(trial.world.folder(reference), f"{TITLES}{task.key},ash,Zoë\n".encode("cp1252"))
    (answer,) = trial.look(account, reference).labelled().values()
    assert answer.annotator_id == "zoë"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (f"{TITLES}a,b,c\nk,ash,Zo".encode() + b"\xeb\n", r"line 3: byte 0xeb is not utf-8; save"),
        (b"key,annotator\nk,ann\n", r"has no column 'label'; row 1 has 'key', 'annotator'; give"),
        (b"key,label,Label,annotator\nk,a,b,c\n", r"has 2 column 'label'"),
        (b"", r"has no column 'key'; row 1 has nothing"),
        (b"PK\x03\x04rest", r"is a spreadsheet, not CSV; save it as"),
        (f'{TITLES}k,"{"x" * 200_000}",ann\n'.encode(), r"row 2 is not CSV \(field larger"),
        (TITLES.encode("utf-16") + b"x", r"line 2: byte 0x78 is not utf-16-le"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_nothing_is_lost(trial, opened, content, says):
    account, reference, keys, folder = opened
    put(folder, f"{TITLES}{keys[0]},ash,ben\n", "labelled/ben.csv")
    first = trial.look(account, reference)
    put(folder, content)
    for look in (lambda: account.fetch(reference, None), lambda: account.poll(reference)):
        with pytest.raises(VendorRefusedError, match=rf"labelled/ann\.csv: {says}"):
            look()
    put(folder, f"{TITLES}{keys[1]},ash,ann\n")
    rest = trial.look(account, reference, first.cursors[-1])
    assert len(first.labelled() | rest.labelled()) == 2


def test_a_workbook_among_the_files_is_named(opened):
    account, reference, _, folder = opened
    put(folder, b"PK", "labelled/ann.xlsx")
    with pytest.raises(VendorRefusedError, match=r"ann\.xlsx: is not CSV; save it as 'CSV UTF-8"):
        account.fetch(reference, None)


def test_locks_drafts_and_other_files_are_left_alone(trial, opened):
    *_, folder = opened
    for name in (".~lock.ann.csv#", "~$ann.xlsx", ".hidden.csv", "notes.txt", "Thumbs.db"):
        put(folder, b"\xff\xfe", f"labelled/{name}")
    assert looked(trial, opened) == ({}, [])


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        ("{key},oak,ann", "label", "'oak' is no class; write one of ash, birch, cedar"),
        ("{key},#NAME?,ann", "label", "'#NAME?' is no class"),
        ("{key},ash,", "annotator", "there is a label but nothing under 'annotator'; fill it in"),
        (",ash,ann", "key", "there is a label but nothing under 'key'"),
        ("1.2E+19,ash,ann", "key", "'1.2E+19' is the key of no task of this batch; copy it"),
        ("{key},ash," + "x" * 300, "annotator", "it has more than 200 characters; shorten it"),
    ],
)
def test_a_bad_row_is_set_aside_with_its_number(trial, opened, row, column, says):
    *_, keys, folder = opened
    put(folder, f"{TITLES}{keys[0]},ash,ann\n{row.format(key=keys[1])}\n{keys[2]},ash,ann\n")
    answers, malformed = looked(trial, opened)
    assert answers == {(0, "ann"): "ash", (2, "ann"): "ash"}
    assert malformed[0].startswith(
        f"{folder.name}/labelled/ann.csv, row 3, column {column!r}: {says}"
    )
    put(folder, f"{TITLES}{keys[0]},ash,ann\n{keys[1]},birch,ann\n{keys[2]},ash,ann\n")
    assert looked(trial, opened)[0][1, "ann"] == "birch"
    assert len(opened[0].export_raw(opened[1])) == 3


def test_copies_of_a_file_count_once_and_contradictions_not_at_all(trial, opened):
    *_, keys, folder = opened
    put(folder, f"{TITLES}{keys[0]},ash,Ann\n{keys[1]},ash,ann\n{keys[1]},ash,ann\n")
    put(folder, f"{TITLES}{keys[0]},birch,ann \n{keys[1]},ash,ann\n", "labelled/copy.csv")
    answers, malformed = looked(trial, opened)
    assert answers == {(1, "ann"): "ash"}
    assert malformed == [
        f"{folder.name}/labelled/copy.csv, row 2, column 'label': 'ann' says 'birch' here and"
        " 'ash' in labelled/ann.csv, row 2; clear one of the two labels"
    ]


def test_a_skip_is_no_label_and_ends_the_wait_for_it(trial, opened):
    account, reference, keys, folder = opened
    put(folder, f"{TITLES}{keys[0]},?,ann\n{keys[0]},ash,ben\n")
    assert looked(trial, opened)[0] == {(0, "ann"): None, (0, "ben"): "ash"}
    progress = account.poll(reference)
    assert (progress.expected, progress.answered, progress.gone) == (6, 1, 1)


def test_saving_a_file_again_changes_nothing(trial, opened):
    account, reference, keys, folder = opened
    put(folder, f"{TITLES}{keys[0]},ash,ann\n")
    first = trial.look(account, reference)
    put(folder, f"annotator;label;key\nAnn;ASH;{keys[0]}\n")
    os.utime(folder / "labelled" / "ann.csv", (0, 0))
    assert account.fetch(reference, first.cursors[-1]).records == ()
    assert trial.look(account, reference).answers == first.answers


def test_a_change_is_a_new_revision_whatever_the_files_time_says(trial, opened):
    account, reference, keys, folder = opened
    seen = []
    for label, time in (("ash", 2e9), ("birch", 1e9), ("ash", 1e9), ("", 1e9), ("ash", 1e9)):
        put(folder, f"{TITLES}{keys[0]},{label},ann\n")
        os.utime(folder / "labelled" / "ann.csv", (time, time))
        seen += [a.revision for a in trial.look(account, reference).answers.values()]
    assert seen == [1, 2, 3, 5]


def test_answers_have_their_own_time_if_there_is_a_column_for_it(tmp_path):
    trial = Trial(FilesWorld(tmp_path, columns={"answered_at": "when", "label": "Klasse"}))
    account, reference, tasks = trial.opened(3)
    rows = ["2026-11-20T09:30:00+01:00", "2026-11-20 08:30", "yesterday"]
    lines = [f"{task.key},ash,ann,{when}" for task, when in zip(tasks, rows, strict=True)]
    put(trial.world.folder(reference), "key,Klasse,annotator,when\n" + "\n".join(lines))
    view = trial.look(account, reference)
    times = {answer.answered_at for answer in view.labelled().values()}
    assert times == {"2026-11-20T08:30:00.000+00:00"}
    assert "row 4, column 'when': 'yesterday' is no time" in view.malformed[0]


def test_after_cancelling_no_file_is_read(trial, opened):
    account, reference, keys, folder = opened
    put(folder, f"{TITLES}{keys[0]},ash,ann\n")
    account.cancel(reference)
    put(folder, f"{TITLES}{keys[0]},birch,ann\n{keys[1]},ash,ann\n")
    assert looked(trial, opened) == ({(0, "ann"): "ash"}, [])


def test_a_link_out_of_the_folder_is_refused(trial, opened, tmp_path):
    account, reference, _, folder = opened
    (tmp_path / "secret.csv").write_text(TITLES)
    (folder / "labelled" / "ann.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(VendorRefusedError, match=r"ann\.csv: is a link to elsewhere"):
        account.fetch(reference, None)


def test_a_pipe_and_a_large_file_do_not_hold_it_up(tmp_path):
    trial = Trial(FilesWorld(tmp_path, max_megabytes=0.001))
    account, reference, _ = trial.opened(1)
    put(trial.world.folder(reference), TITLES + "\n" * 2000)
    with pytest.raises(VendorRefusedError, match=r"more than 0\.00\d+ MB"):
        account.fetch(reference, None)
    (trial.world.folder(reference) / "labelled" / "ann.csv").unlink()
    os.mkfifo(trial.world.folder(reference) / "labelled" / "pipe.csv")
    assert account.fetch(reference, None).records == ()


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../elsewhere", "a/b", ".hidden", "a\0b", "x" * 300]
)
def test_no_name_leads_out_of_the_folder(trial, name):
    with pytest.raises(VendorRefusedError):
        trial.account().poll({"batch": name})
    with pytest.raises(VendorRefusedError):
        trial.account().ensure_batch(trial.spec().__class__(name, ("a",), {}, 1, 1))


def test_payloads_cannot_run_in_a_spreadsheet(trial):
    account = trial.account()
    reference = account.ensure_batch(trial.spec())
    payload = {"note": "=cmd|'/C calc'!A0", "height": -5}
    account.submit(reference, [Task("k1", "@item", payload)])
    text = (trial.world.folder(reference) / "to_label-001.csv").read_text(encoding="utf-8-sig")
    assert text.splitlines()[1] == '''"k1","1","'@item","'=cmd|'/C calc'!A0","-5","",""'''


@pytest.mark.parametrize("note", ["x" * 40_000, "a\0b", "\ud800", [float("nan")]])
def test_what_no_cell_can_hold_is_rejected(trial, note):
    account = trial.account()
    reference = account.ensure_batch(trial.spec())
    with pytest.raises(RejectedItemError, match="'note' has"):
        account.submit(reference, [Task("k1", "item", {"note": note})])


def test_a_field_with_the_title_of_a_column_of_ours_is_refused(trial):
    with pytest.raises(VendorRefusedError, match="field 'Label' has the title of a column"):
        trial.account().ensure_batch(trial.spec(fields={"Label": "text"}))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"encoding": "utf-9"}, "there is no encoding 'utf-9'"),
        ({"columns": {"lable": "x"}}, "'lable' is none of key"),
        ({"columns": {"label": "Key"}}, "two columns have the same title"),
        ({"columns": {"label": " "}}, "the title of 'label' is empty"),
        ({"delimiter": "|"}, "delimiter"),
    ],
)
def test_options_that_cannot_be_are_refused(options, says):
    with pytest.raises(ParamsError, match=says):
        registry.build("vendors", "files", options)


def test_a_share_that_is_not_there_is_not_made(tmp_path):
    trial = Trial(FilesWorld(tmp_path, folder=str(tmp_path / "share")))
    for call in (trial.account().preflight, lambda: trial.account().ensure_batch(trial.spec())):
        with pytest.raises(VendorRefusedError, match="there is no such folder; make it, or mount"):
            call()
    assert not (tmp_path / "share").exists()
    (tmp_path / "share").mkdir()
    trial.account().preflight()
    trial.account().ensure_batch(trial.spec())
    assert (tmp_path / "share" / trial.name / "batch.json").exists()


def test_a_relative_folder_is_the_campaigns(tmp_path):
    trial = Trial(FilesWorld(tmp_path, folder="to people"))
    trial.account().ensure_batch(trial.spec())
    assert (tmp_path / "campaign" / "to people" / trial.name / "batch.json").exists()


def test_a_class_that_means_no_class_is_refused(tmp_path):
    trial = Trial(FilesWorld(tmp_path, skip="ASH"))
    with pytest.raises(VendorRefusedError, match=r"vendor\.options\.skip: 'ash' is a class and"):
        trial.account().preflight()


def test_a_batch_that_nobody_made_is_closed(trial):
    with pytest.raises(VendorClosedError, match="there is no such batch"):
        trial.account().poll({"batch": "never-made"})


def test_looks_that_race_agree(trial, opened):
    account, reference, keys, folder = opened
    put(folder, TITLES + "".join(f"{key},ash,ann\n" for key in keys))
    pages = []

    def look():
        pages.append(trial.account().fetch(reference, None))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pages == [account.fetch(reference, None)] * 8
    assert len(list((folder / "do-not-edit").glob("seen-*.json"))) == 1


@pytest.mark.parametrize("name", ["batch.json", "do-not-edit/sent-001.json"])
def test_a_note_of_labelloops_that_was_changed_is_told(trial, opened, name):
    _, reference, _, folder = opened
    for content in ("", "{}", "[]", '{"tasks": [{"key": 1}], "made": "yesterday"}'):
        (folder / name).write_text(content)
        for call in ("poll", "reconcile", "export_raw"):
            with pytest.raises(VendorRefusedError, match=f"{name}: was changed by somebody"):
                getattr(trial.account(), call)(reference)


def test_a_journal_that_was_deleted_or_changed_is_told(trial, opened):
    account, reference, keys, folder = opened
    put(folder, f"{TITLES}{keys[0]},ash,ann\n")
    cursor = trial.look(account, reference).cursors[-1]
    (folder / "do-not-edit" / "seen-00000001.json").write_text("[{}]")
    with pytest.raises(VendorRefusedError, match="was changed by somebody"):
        trial.account().fetch(reference, cursor)
    (folder / "do-not-edit" / "seen-00000001.json").unlink()
    (folder / "labelled" / "ann.csv").unlink()
    with pytest.raises(VendorRefusedError, match="1 looks were taken at it, and 0 are there"):
        trial.account().fetch(reference, cursor)
