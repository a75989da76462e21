"""What a partner's bucket is beyond the laws of all vendors."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelloop_contracts.trial import Trial, View, follow
from labelloop_contracts.world import CLASSES, FIELDS, PRICE
from vendors.bucket_world import ALL, FolderWorld, PlainWorld

from tasks import registry
from tasks.domain.errors import (
    BatchConflictError,
    ParamsError,
    RejectedItemError,
    VendorAuthError,
    VendorRefusedError,
)
from tasks.domain.incoming import MalformedRecordError
from tasks.domain.outgoing import Decision, Task
from tasks.vendors._bucket import cursor as cursor_module
from tasks.vendors._bucket import results
from tasks.vendors._bucket.rows import rows

ROW = {
    "key": "k1",
    "annotator": "ann",
    "label": "ash",
    "answered_at": "2026-05-01T10:00:00+02:00",
}


def vendor(**options):
    return registry.build("vendors", "bucket", {"url": "/nowhere"} | options)


def record(*, text: str | None = None, tie: int = 0, **changes):
    row = {name: value for name, value in (ROW | changes).items() if value is not None}
    text = json.dumps(row) if text is None else text
    return {"file": "results/a.jsonl", "line": 3, "tie": tie, "text": text}


def only(parsed):
    (answer,) = parsed.answers
    return answer


class Partner:
    """A batch in a folder, and its files as bytes."""

    def __init__(self, tmp_path, **options):
        self.world = FolderWorld(tmp_path, **options)
        self.trial = Trial(self.world)
        self.account, self.reference, self.tasks = self.trial.opened(3, copies=2)
        self.folder = self.world.root / self.reference["batch"]
        (self.folder / "results").mkdir()

    def lay(self, name: str, content: bytes | list[dict]) -> None:
        if isinstance(content, list):
            content = "".join(f"{json.dumps(row)}\n" for row in content).encode()
        (self.folder / "results" / name).write_bytes(content)

    def lines(self, name: str) -> list[dict]:
        return list(map(json.loads, (self.folder / name).read_text().splitlines()))

    def row(self, number: int, annotator: str = "ann", **changes) -> dict:
        return ROW | {"key": self.tasks[number].key, "annotator": annotator} | changes

    def view(self, cursor=None) -> View:
        return follow(self.world.vendor, self.account, self.reference, cursor)


@pytest.fixture
def partner(tmp_path):
    return Partner(tmp_path)


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"url": "share"}, "begins with /"),
            ({"url": "s3://key:secret@bucket"}, "is no s3://"),
            ({"endpoint": "minio:9000"}, "endpoint"),
            ({"endpoint": "https://key:secret@minio"}, "endpoint"),
            ({"key_id": "A"}, "both or not at all"),
            ({"key_id": "not a name", "key_secret": "B"}, "key_id"),
            ({"accepts": ["pay"]}, "accepts"),
            ({"columns": {"lable": "x"}}, "columns"),
            ({"format": "xlsx"}, "format"),
            ({"max_megabytes": 0}, "max_megabytes"),
        ],
    )
    def test_a_bad_option_is_named(self, options, words):
        with pytest.raises(ParamsError, match=words):
            vendor(**options)

    def test_nothing_is_agreed_upon_by_default(self):
        abilities = vendor().capabilities
        assert not any((abilities.cancel, abilities.extend, abilities.decide, abilities.events))
        abilities = vendor(accepts=list(ALL)).capabilities
        assert abilities.cancel
        assert abilities.extend
        assert abilities.decide

    def test_a_webhook_is_malformed(self):
        with pytest.raises(MalformedRecordError, match="no webhooks"):
            vendor().parse_event({}, b"{}")


class TestParsing:
    def test_a_row_is_understood(self):
        answer = only(vendor().parse(record(seconds=4.5)))
        assert (answer.key, answer.annotator_id, answer.label) == ("k1", "ann", "ash")
        assert answer.answered_at == "2026-05-01T08:00:00+00:00"
        assert answer.seconds == 4.5
        assert answer.note == ""

    def test_the_partners_own_words_are_translated(self):
        own = vendor(columns={"key": "task", "label": "class"}, labels={"Esche": "ash"})
        row = record(key=None, label=None, task="k1", **{"class": "Esche"})
        assert only(own.parse(row)).label == "ash"
        assert only(own.parse(row)).key == "k1"
        with pytest.raises(MalformedRecordError, match="has no 'task'"):
            own.parse(record())

    def test_without_an_id_key_and_annotator_are_the_identity(self):
        parse = vendor().parse
        one = only(parse(record()))
        assert only(parse(record(label="birch"))).answer_id == one.answer_id
        assert only(parse(record(annotator="ben"))).answer_id != one.answer_id
        assert only(parse(record(key="k2"))).answer_id != one.answer_id
        given = only(parse(record(answer_id="7")))
        assert given.answer_id == only(parse(record(answer_id=7, label="birch"))).answer_id
        assert given.answer_id != only(parse(record(answer_id="7", key="k2"))).answer_id

    def test_a_later_time_is_a_later_revision_unless_the_partner_numbers_them(self):
        parse = vendor().parse
        early, late = record(), record(answered_at="2026-05-01T10:00:00.001+02:00")
        assert only(parse(early)).revision < only(parse(record(tie=1))).revision
        assert only(parse(record(tie=1))).revision < only(parse(late)).revision
        assert only(parse(record(revision=3))).revision == 3
        assert only(parse(record(revision="3", tie=1))).revision == 3

    @pytest.mark.parametrize(
        ("changes", "label", "note"),
        [
            ({"status": "skipped"}, None, "skipped"),
            ({"status": "Declined", "label": None}, None, "declined"),
            ({"status": "withdrawn"}, None, "withdrawn"),
            ({"label": ""}, None, "empty"),
            ({"label": None}, None, "empty"),
            ({"status": "submitted"}, "ash", ""),
            ({"label": 1}, "1", ""),
        ],
    )
    def test_what_is_no_label(self, changes, label, note):
        answer = only(vendor().parse(record(**changes)))
        assert (answer.label, answer.note) == (label, note)

    @pytest.mark.parametrize("status", ["expired", "failed", "gold", "prediction"])
    def test_what_is_no_answer(self, status):
        assert vendor().parse(record(status=status)).answers == ()

    def test_a_time_without_an_offset_needs_the_word_of_the_options(self):
        bare = record(answered_at="2026-05-01T10:00:00")
        with pytest.raises(MalformedRecordError, match="without an offset"):
            vendor().parse(bare)
        answer = only(vendor(utc=True).parse(bare))
        assert answer.answered_at == "2026-05-01T10:00:00+00:00"

    @pytest.mark.parametrize(
        ("row", "words"),
        [
            (record(text='{"key": "a", "key": "b"}'), "two members"),
            (record(text='{"key": NaN}'), "NaN"),
            (record(text='{"key": 1e999}'), "too large"),
            (record(text='{"key": "\\ud800"}'), "half a character"),
            (record(text="[" * 100_000), "nested deeper than 20 levels"),
            (record(text='{"a":' * 50 + "1" + "}" * 50), "nested deeper than 20 levels"),
            (record(text='{"key": ' + "9" * 5000 + "}"), "line 3"),
            (record(text="[]"), "not an object"),
            (record(text=""), "not JSON"),
            (record(key=None), "has no 'key'"),
            (record(key=["k1"]), "a list as 'key'"),
            (record(key=True), "a bool as 'key'"),
            (record(annotator=""), "has no 'annotator'"),
            (record(label={"a": 1}), "a dict as 'label'"),
            (record(label="x" * 1001), "1001 letters"),
            (record(status="perhaps"), "none of answered"),
            (record(seconds=-1), "no duration"),
            (record(seconds="nan"), "no duration"),
            (record(seconds=True), "no duration"),
            (record(seconds=10**400), "more than 300 digits"),
            (record(revision=-1), "no whole number"),
            (record(revision=1.5), "no whole number"),
            (record(answered_at="yesterday"), "no ISO 8601"),
            (record(answered_at=1), "no ISO 8601"),
            (record(answered_at="1970-01-01T00:00:00Z"), "out of all reason"),
            (record(answered_at="9999-12-31T23:59:59-23:59"), "out of all reason"),
            (record(answered_at="0001-01-01T00:00:00+23:59"), "out of all reason"),
            ({"file": "a", "line": 1, "fault": "is not UTF-8"}, "a, line 1: is not UTF-8"),
            ({"file": "a", "line": 1, "cells": {"key": 1}}, "no record"),
            ({}, "no record"),
        ],
    )
    def test_what_is_malformed_says_where_and_why(self, row, words):
        with pytest.raises(MalformedRecordError, match=words):
            vendor().parse(row)


class TestFiles:
    def test_half_a_line_is_not_taken_until_it_is_whole(self, partner):
        whole = f"{json.dumps(partner.row(0))}\n".encode()
        half = json.dumps(partner.row(1, label="birch")).encode()
        partner.lay("a.jsonl", whole + half[:-9])
        first = partner.view()
        assert first.labels(partner.tasks[0].key) == ["ash"]
        assert len(first.answers) == 1
        assert first.malformed == []
        partner.lay("a.jsonl", whole + half + b"\n")
        rest = partner.view(first.cursors[-1])
        assert [answer.key for answer in rest.answers.values()] == [partner.tasks[1].key]
        assert rest.malformed == []

    def test_a_last_line_without_its_end_is_taken_once_it_is_an_object(self, partner):
        line = json.dumps(partner.row(0)).encode()
        partner.lay("a.jsonl", line)
        first = partner.view()
        assert len(first.answers) == 1
        partner.lay("a.jsonl", line + b"\n")
        assert partner.account.fetch(partner.reference, first.cursors[-1]).records == ()

    def test_half_a_line_is_malformed_when_nothing_more_comes(self, partner):
        partner.lay("a.jsonl", b'{"key": "k')
        assert partner.view().malformed == []
        (partner.folder / "done.json").write_text("{}")
        assert len(partner.view().malformed) == 1
        assert partner.account.poll(partner.reference).complete

    @settings(deadline=None)
    @given(data=st.data())
    def test_what_is_cut_short_anywhere_is_the_beginning_of_the_whole(self, data):
        suffix = data.draw(st.sampled_from(["jsonl", "csv"]))
        texts = st.text(st.characters(codec="utf-8"), max_size=5)
        found = data.draw(st.lists(texts, min_size=1, max_size=4))
        if suffix == "jsonl":
            content = "".join(
                f"{json.dumps({'key': one}, ensure_ascii=False)}\n" for one in found
            ).encode()
        else:
            quoted = (one.replace('"', '""').replace("\0", "") for one in found)
            content = ('"key","n"\r\n' + "".join(f'"{one}","1"\r\n' for one in quoted)).encode()
        whole = list(rows(f"a.{suffix}", content, ",", final=False))
        cut = data.draw(st.integers(0, len(content)))
        part = list(rows(f"a.{suffix}", content[:cut], ",", final=False))
        assert part == whole[: len(part)]
        assert len(whole) == len(found)

    def test_a_file_that_grows_gives_what_is_new(self, partner):
        written, cursor, seen = [], None, []
        for number in range(3):
            written.append(partner.row(number))
            partner.lay("a.jsonl", written)
            page = partner.account.fetch(partner.reference, cursor)
            cursor = page.cursor
            seen.append(len(page.records))
        assert seen == [1, 1, 1]

    def test_a_file_that_is_delivered_again_says_nothing_new(self, partner):
        partner.lay("a.jsonl", [partner.row(0)])
        first = partner.view()
        path = partner.folder / "results" / "a.jsonl"
        os.utime(path, (1e9, 1e9))
        assert partner.account.fetch(partner.reference, first.cursors[-1]).records == ()
        partner.lay("copy of a.jsonl", [partner.row(0)])
        again = partner.view(first.cursors[-1])
        assert again.answers == first.answers
        assert partner.account.poll(partner.reference).answered == 1

    def test_a_file_that_is_overwritten_is_read_anew(self, partner):
        partner.lay("a.jsonl", [partner.row(0), partner.row(1)])
        first = partner.view()
        partner.lay("a.jsonl", [partner.row(0, label="cedar"), partner.row(1), partner.row(2)])
        change = partner.view(first.cursors[-1])
        before, after = first.labelled(), change.labelled()
        assert before.keys() < after.keys()
        assert all(after[one].revision > before[one].revision for one in before)
        assert change.labels(partner.tasks[0].key) == ["cedar"]
        assert partner.account.poll(partner.reference).answered == 3

    def test_an_older_file_that_comes_late_changes_nothing(self, partner):
        later = "2026-05-02T10:00:00Z"
        partner.lay("b.jsonl", [partner.row(0, label="birch", answered_at=later)])
        first = partner.view()
        partner.lay("a.jsonl", [partner.row(0, label="ash")])
        first.take(partner.account.fetch(partner.reference, first.cursors[-1]).records)
        assert first.labels(partner.tasks[0].key) == ["birch"]
        assert partner.view().labels(partner.tasks[0].key) == ["birch"]

    def test_the_same_time_in_two_files_is_told_apart_by_their_names(self, partner):
        partner.lay("a.jsonl", [partner.row(0, label="ash")])
        partner.lay("b.jsonl", [partner.row(0, label="birch")])
        partner.lay("c.jsonl", [partner.row(0, status="withdrawn")])
        assert partner.view().labelled() == {}
        assert partner.account.poll(partner.reference).answered == 0
        (partner.folder / "results" / "c.jsonl").unlink()
        assert partner.view().labels(partner.tasks[0].key) == ["birch"]

    def test_many_files_and_pages_are_followed_to_the_end(self, partner, monkeypatch):
        monkeypatch.setattr(cursor_module, "PAGE", 7)
        for number in range(40):
            people = [partner.row(0, f"{number}-{one}") for one in range(number % 5)]
            partner.lay(f"{number:03d}.jsonl", people)
        view = partner.view()
        assert len(view.answers) == 80
        assert len(view.cursors) > 10
        for cursor in view.cursors:
            partner.view(cursor)
        assert len(partner.account.export_raw(partner.reference)) == 80

    def test_what_no_one_can_read_is_kept_apart_and_the_rest_is_taken(self, partner):
        partner.lay("a.jsonl", [partner.row(0)])
        partner.lay("b.xlsx", b"PK\x03\x04")
        partner.lay("c.jsonl", b'\xff\xfe{"key": 1}\n\n[]\nnull\n')
        partner.lay("d.csv", b"key,key\n1,2\n")
        partner.lay("e.csv", b"key,label\n1\n")
        partner.lay("f.csv", b'key,label\n"a"b,c\nd,e\n')
        partner.lay("g.csv", b"key\nk\xff\n")
        partner.lay("h.tmp", b"half")
        partner.lay("_SUCCESS", b"")
        view = partner.view()
        assert view.labels(partner.tasks[0].key) == ["ash"]
        found = sorted(reason.split(",")[0] for reason in view.malformed)
        assert found == [
            f"results/{one}"
            for one in (
                "b.xlsx",
                "c.jsonl",
                "c.jsonl",
                "c.jsonl",
                "d.csv",
                "e.csv",
                "f.csv",
                "g.csv",
            )
        ]
        assert partner.account.poll(partner.reference).answered == 1

    def test_a_spreadsheets_csv_is_understood(self, partner):
        key = partner.tasks[0].key
        titles = "\ufeffkey,label,annotator,answered_at\r\n"
        row = f'{key}, ash ,"Ann ""A"" Lee\r\n",2026-05-01T08:00Z\r\n'
        partner.lay("a.csv", (titles + row).encode())
        (answer,) = partner.view().labelled().values()
        assert (answer.label, answer.annotator_id) == ("ash", 'Ann "A" Lee')

    def test_what_is_too_large_is_refused_by_name(self, tmp_path):
        partner = Partner(tmp_path, max_megabytes=0.001)
        partner.lay("a.jsonl", b" " * 2000)
        for call in (partner.account.poll, partner.account.export_raw):
            with pytest.raises(VendorRefusedError, match=r"results/a\.jsonl.*0\.001 MB"):
                call(partner.reference)

    def test_too_many_rows_are_refused_by_name(self, partner, monkeypatch):
        monkeypatch.setattr(results, "MOST_ROWS", 3)
        partner.lay("a.jsonl", b"{}\n" * 4)
        with pytest.raises(VendorRefusedError, match=r"results/a\.jsonl: has more than 3 rows"):
            partner.account.poll(partner.reference)

    def test_a_name_that_is_no_text_harms_nothing(self, partner):
        partner.lay("\udcff.jsonl", [partner.row(0)])
        view = partner.view()
        assert view.labels(partner.tasks[0].key) == ["ash"]
        assert [*view.cursors[-1]["files"]] == ["results/\\udcff.jsonl"]

    @settings(max_examples=30, deadline=None)
    @given(data=st.data())
    def test_however_results_come_the_newest_wins_and_polling_agrees(self, tmp_path_factory, data):
        partner = Partner(tmp_path_factory.mktemp("partner"))
        when = datetime(2026, 5, 1, tzinfo=UTC)
        files: dict[str, list[dict]] = {}
        view, newest = View(partner.world.vendor), {}
        cursor = None
        for step in range(data.draw(st.integers(1, 6))):
            number = data.draw(st.integers(0, 2))
            person = data.draw(st.sampled_from(["ann", "ben"]))
            label = data.draw(st.sampled_from([*CLASSES, ""]))
            time = (when + timedelta(seconds=step)).isoformat()
            name = data.draw(st.sampled_from(["a.jsonl", "b.jsonl"]))
            row = partner.row(number, person, label=label, answered_at=time)
            files.setdefault(name, []).append(row)
            partner.lay(name, files[name])
            newest[number, person] = label
            if data.draw(st.booleans()):
                page = partner.account.fetch(partner.reference, cursor)
                view.take(page.records)
                cursor = json.loads(json.dumps(page.cursor))
        view.take(partner.account.fetch(partner.reference, cursor).records)
        assert partner.view().labelled() == view.labelled()
        given = {one: label for one, label in newest.items() if label}
        assert sorted(a.label for a in view.labelled().values()) == sorted(given.values())
        assert partner.account.poll(partner.reference).answered == len(given)


class TestProtocol:
    def test_a_partner_finds_what_the_docs_promise(self, partner):
        names = sorted(path.name for path in partner.folder.iterdir())
        assert names == ["batch.json", "results", "tasks-00000.jsonl"]
        batch = json.loads((partner.folder / "batch.json").read_text())
        assert batch["protocol"] == 1
        assert batch["classes"] == list(CLASSES)
        assert [one["name"] for one in batch["fields"]] == list(FIELDS)
        lines = (partner.folder / "tasks-00000.jsonl").read_text().splitlines()
        first = json.loads(lines[0])
        assert first.keys() == {"key", "item_id", "copies", "first_copy", "payload"}
        assert first["payload"].keys() == FIELDS.keys()

    def test_files_of_tasks_are_numbered_and_hold_each_task_once(self, partner):
        anew = partner.trial.account()
        anew.submit(partner.reference, partner.trial.tasks(2, first=2))
        partner.account.submit(partner.reference, partner.trial.tasks(2, first=4))
        names = sorted(path.name for path in partner.folder.glob("tasks-*"))
        assert names == [f"tasks-0000{number}.jsonl" for number in range(3)]
        receipts = {one.key: one.task_id for one in anew.reconcile(partner.reference)}
        assert len(receipts) == 6
        assert receipts[partner.tasks[2].key] == "tasks-00000.jsonl:3"

    def test_a_file_of_tasks_that_was_spoilt_is_named(self, partner):
        (partner.folder / "tasks-00000.jsonl").write_text("{}\n")
        for account in (partner.account, partner.trial.account()):
            with pytest.raises(VendorRefusedError, match=r"tasks-00000\.jsonl: is not what"):
                account.reconcile(partner.reference)

    def test_a_batch_of_another_campaign_is_a_conflict(self, partner):
        account = partner.trial.account()
        account._context = replace(account._context, campaign="another")
        with pytest.raises(BatchConflictError, match="another batch of that name"):
            account.ensure_batch(partner.trial.spec(copies=2))

    def test_marks_say_what_was_done(self, partner):
        partner.account.extend(partner.reference, 48.0)
        partner.account.cancel(partner.reference)
        partner.account.close(partner.reference)
        (extended,) = partner.lines("extended-00000.jsonl")
        until = datetime.fromisoformat(extended["until"])
        assert timedelta(hours=47.9) < until - datetime.now(UTC) < timedelta(hours=48.1)
        for name in ("cancelled.json", "closed.json"):
            assert json.loads((partner.folder / name).read_text()) == dict(partner.reference)

    @pytest.mark.parametrize("hours", [0.0, -1.0, float("nan"), float("inf")])
    def test_no_time_is_no_extension(self, partner, hours):
        with pytest.raises(VendorRefusedError, match="no time to wait"):
            partner.account.extend(partner.reference, hours)

    def test_decisions_name_the_partners_own_answers(self, partner):
        partner.lay("a.jsonl", [partner.row(0, answer_id=71), partner.row(1)])
        answers = {one.key: one for one in partner.view().labelled().values()}
        first, second = (answers[partner.tasks[number].key] for number in (0, 1))
        partner.account.decide(
            partner.reference,
            [
                Decision(first.answer_id, first.key, accept=False, reason="not a tree"),
                Decision(second.answer_id, second.key, accept=True),
            ],
        )
        lines = partner.lines("decisions-00000.jsonl")
        assert [one["partner_id"] for one in lines] == [71, None]
        assert [one["annotator"] for one in lines] == ["ann", "ann"]
        assert [one["accept"] for one in lines] == [False, True]
        statement = partner.account.statement([partner.reference])
        assert (statement.answers, statement.cost) == (2, PRICE)

    def test_who_answers_twice_ends_no_wait(self, partner):
        partner.lay("a.jsonl", [partner.row(0, answer_id=number) for number in range(2)])
        assert partner.account.poll(partner.reference).answered == 1

    def test_a_csv_of_tasks_can_be_read_back(self, tmp_path):
        world = PlainWorld(tmp_path)
        trial = Trial(world)
        account = trial.account()
        reference = account.ensure_batch(trial.spec())
        awkward = {"note": 'a;"b"\r\n\n=1+1', "height": None}
        task = Task("k" * 32, "item", awkward, copies=3)
        account.submit(reference, [task])
        assert [one.key for one in trial.account().reconcile(reference)] == [task.key]
        assert trial.account().poll(reference).expected == 3
        large = Task("l" * 32, "item", {"note": "x" * 100_000})
        with pytest.raises(RejectedItemError, match="at most 100000"):
            account.submit(reference, [large])

    def test_polling_reads_each_file_once(self, partner, monkeypatch):
        partner.lay("a.jsonl", [partner.row(0)])
        partner.account.poll(partner.reference)
        read = []
        monkeypatch.setattr(
            partner.account._objects, "get", lambda name, **_: read.append(name), raising=True
        )
        partner.account.poll(partner.reference)
        partner.account.fetch(partner.reference, None)
        assert read == []

    def test_a_folder_that_may_not_be_written_is_refused_before_anything(
        self, partner, monkeypatch
    ):
        monkeypatch.setattr(os, "access", lambda *_: False)
        with pytest.raises(VendorAuthError, match="may not be written"):
            partner.account.preflight()
