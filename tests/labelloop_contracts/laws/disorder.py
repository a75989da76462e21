"""Laws of disorder: a vendor's house is not ours alone, and its records are hostile."""

import copy
import json
import math
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labelloop_contracts.trial import Trial, View, failure, pages
from labelloop_contracts.world import CLASSES
from tasks.domain.incoming import MalformedRecordError, Parsed

TEXT = st.text(st.characters(), max_size=9)
"""Also halves of pairs that JSON can say and UTF-8 cannot."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)
BAD: tuple[Any, ...] = (None, -1, "never made", [], {}, 1e308, "../../etc/passwd", "x' OR 1=1 --")
HOSTILE: tuple[Any, ...] = (
    *(math.nan, math.inf, -math.inf, -1, -0.5, 2**63, 10**400, 1e308, True, None),
    *("", " ", "\ud800", "\x00", "x" * 100_000, "9" * 5000, [], {}, [[]], {"": {}}),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01T00:00:00", "NaN"),
)
"""What Python's JSON can say, and what a careless reader falls over."""
OFTEN = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class DisorderLaws:
    """What a campaign must not be harmed by."""

    def test_a_strangers_task_in_our_batch_is_not_ours(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(2)
        trial.world.add_foreign_task(reference)
        trial.world.answer(reference, tasks[0].key, "ann", "ash")
        view = trial.look(account, reference)
        ours = {task.key for task in tasks}
        assert {receipt.key for receipt in account.reconcile(reference)} == ours
        assert {a.key for a in view.labelled().values()} & ours == {tasks[0].key}
        progress = account.poll(reference)
        assert (progress.expected, progress.answered) == (2, 1)

    def test_ids_that_the_vendor_uses_again_are_not_mixed_up(self, trial: Trial) -> None:
        account, first, tasks = trial.opened(3, batch="-1")
        for task in tasks:
            trial.world.answer(first, task.key, "ann", "ash")
        before = trial.look(account, first).labelled()
        trial.world.reuse_ids(first)
        trial.world.delete_batch(first)
        account, second, tasks = trial.opened(3, batch="-2")
        for task in tasks:
            trial.world.answer(second, task.key, "ann", "birch")
        after = trial.look(account, second).labelled()
        assert len(before) == len(after) == 3
        assert not before.keys() & after.keys()
        assert {answer.key for answer in after.values()} == {task.key for task in tasks}

    def test_records_mean_the_same_in_any_order(self, trial: Trial) -> None:
        records = harvest(trial)
        view = View(trial.world.vendor).take(records)
        for seed in range(5):
            mixed = random.Random(seed).sample(records, len(records))
            assert View(trial.world.vendor).take(mixed).labelled() == view.labelled()
        assert View(trial.world.vendor).take([*records, *records]).labelled() == view.labelled()

    def test_parse_understands_or_says_what_is_malformed(self, trial: Trial) -> None:
        vendor = trial.world.vendor

        @OFTEN
        @given(record=st.dictionaries(st.text(max_size=9), JSON) | JSON)
        def check(record: Any) -> None:
            assert_sound(understood(vendor, record))

        check()

    def test_parse_stands_any_change_of_a_real_record(self, trial: Trial) -> None:
        vendor, records = trial.world.vendor, harvest(trial)
        assert records

        @OFTEN
        @given(data=st.data())
        def check(data: st.DataObject) -> None:
            record = copy.deepcopy(data.draw(st.sampled_from(records)))
            place, name = data.draw(st.sampled_from(list(places(record))))
            if data.draw(st.booleans()):
                place[name] = data.draw(JSON)
            else:
                del place[name]
            assert_sound(understood(vendor, record))

        check()

    def test_parse_stands_a_hostile_value_in_every_place(self, trial: Trial) -> None:
        vendor, records = trial.world.vendor, harvest(trial)
        for number in range(len(list(places(records[-1])))):
            for value in HOSTILE:
                record = copy.deepcopy(records[-1])
                place, name = list(places(record))[number]
                place[name] = value
                assert_sound(understood(vendor, record))

    def test_an_event_is_a_hint_and_nothing_more(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(1)
        headers, body = trial.world.event(reference)
        before = trial.world.count_writes()
        hints = [trial.world.vendor.parse_event(headers, body) for _ in range(3)]
        assert hints[0] == hints[1] == hints[2]
        assert hints[0].batch is None or isinstance(hints[0].batch, str)
        assert trial.world.count_writes() == before
        # One that is late or lost loses nothing: the answers are there without it.
        trial.world.answer(reference, tasks[0].key, "ann", "ash")
        assert len(trial.look(account, reference).labelled()) == 1

    def test_a_forged_event_is_understood_or_malformed(self, trial: Trial) -> None:
        vendor = trial.world.vendor

        @OFTEN
        @given(body=st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
        def check(body: bytes) -> None:
            try:
                hint = vendor.parse_event({"content-type": "application/json"}, body)
            except MalformedRecordError:
                return
            assert hint.batch is None or isinstance(hint.batch, str)

        if vendor.capabilities.events:
            check()

    def test_only_vendor_errors_leave(self, trial: Trial) -> None:
        account, reference, tasks = trial.opened(1)
        for broken in variants(reference):
            reads = (account.poll, account.reconcile, account.export_raw)
            for call in (partial(read, broken) for read in reads):
                failure(call)
            failure(partial(account.fetch, broken, None))
            failure(partial(account.statement, [broken]))
            failure(partial(account.submit, broken, []))
        cursor = dict(account.fetch(reference, None).cursor)
        for broken in variants(cursor):
            failure(partial(account.fetch, reference, broken))
        assert [one.key for one in account.reconcile(reference)] == [tasks[0].key]
        trial.world.answer(reference, tasks[0].key, "ann", "ash")
        assert len(trial.look(trial.account(), reference).labelled()) == 1


def harvest(trial: Trial) -> list[dict[str, Any]]:
    """Get real records of a small batch, as JSON."""
    account, reference, tasks = trial.opened(4, copies=2)
    for number, task in enumerate(tasks[:3]):
        trial.world.answer(reference, task.key, "ann", CLASSES[number])
        trial.world.answer(reference, task.key, "ben", "ash")
    trial.world.pass_time()
    got = [record for page in pages(account, reference) for record in page.records]
    records: list[dict[str, Any]] = json.loads(json.dumps(got, allow_nan=False))
    return records


def understood(vendor: Any, record: Any) -> Parsed | None:
    """Parse; None if it is malformed."""
    try:
        parsed: Parsed = vendor.parse(record)
    except MalformedRecordError:
        return None
    return parsed


def assert_sound(parsed: Parsed | None) -> None:
    """Check that what was understood has the types that it must have."""
    if parsed is None:
        return
    assert parsed.all_of is None or isinstance(parsed.all_of, str)
    for answer in parsed.answers:
        for text in (answer.answer_id, answer.key, answer.annotator_id):
            assert isinstance(text, str)
            assert text
            assert text.encode()
        assert answer.label is None or (isinstance(answer.label, str) and answer.label)
        assert isinstance(answer.note, str)
        assert (answer.label or answer.note).encode()
        assert bool(answer.note) == (answer.label is None)
        assert type(answer.revision) is int
        assert 0 <= answer.revision < 2**63
        assert answer.seconds is None or (math.isfinite(answer.seconds) and answer.seconds >= 0)
        assert datetime.fromisoformat(answer.answered_at).utcoffset() == timedelta(0)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Name every place in a JSON value that can be changed."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for name, content in list(inner):
        yield value, name
        if isinstance(content, dict | list):
            yield from places(content)


def variants(value: Any) -> Iterator[dict[str, Any]]:
    """Spoil a reference or cursor in several ways."""
    yield {}
    yield {"unheard": "of"}
    for name in value:
        for bad in BAD:
            yield dict(value) | {name: bad}
