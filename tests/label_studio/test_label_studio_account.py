"""What the laws do not say of Label Studio: its own traps, on a real server."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from faults import Duplicate, Proxy, writing
from label_studio.label_studio_world import LabelStudioWorld, chosen
from label_studio_server import LabelStudioServer
from labelloop_contracts.trial import Trial, key

from tasks.domain.errors import RejectedItemError, VendorClosedError, VendorRefusedError
from tasks.domain.outgoing import BatchSpec, Task

PEOPLE = ("ann", "ben", "cleo")


@pytest.fixture
def world(server: LabelStudioServer, proxy: Proxy, home: Path) -> LabelStudioWorld:
    return LabelStudioWorld(server, proxy, home)


@pytest.fixture
def trial(world: LabelStudioWorld) -> Iterator[Trial]:
    trial = Trial(world)
    yield trial
    trial.end()


def projects(world: LabelStudioWorld, name: str) -> list[int]:
    reply = world.server.owner.get("/api/projects/", params={"title": name, "page_size": 100})
    return [one["id"] for one in reply.raise_for_status().json()["results"]]


def setup(world: LabelStudioWorld, reference, change) -> None:
    path = f"/api/projects/{reference['project']}/"
    config = world.server.owner.get(path).json()["label_config"]
    body = {"label_config": change(config)}
    world.server.owner.patch(path, json=body).raise_for_status()


def test_a_request_that_arrives_twice_makes_one_project_and_each_task_once(
    trial: Trial, world: LabelStudioWorld
) -> None:
    account, tasks = trial.account(), trial.tasks(5)
    world.proxy.then(Duplicate(), only=writing)
    reference = account.ensure_batch(trial.spec(tasks=5))
    assert projects(world, trial.name) == [reference["project"]]
    world.proxy.then(Duplicate(), only=writing)
    receipts = account.submit(reference, tasks)
    assert world.count_tasks(reference) == 5
    assert receipts == sorted(account.reconcile(reference), key=lambda one: int(one.task_id))


def test_classes_that_were_changed_in_the_pages_are_named(
    trial: Trial, world: LabelStudioWorld
) -> None:
    account, reference, _ = trial.opened(1)
    setup(world, reference, lambda xml: xml.replace('"birch"', '"beech"'))
    for call in (account.poll, lambda one: account.submit(one, trial.tasks(1, first=3))):
        with pytest.raises(VendorRefusedError, match="lacks 'birch' and has 'beech' too"):
            call(reference)
    assert account.fetch(reference, None).records == ()


def test_what_the_server_does_not_take_is_named_by_key(
    trial: Trial, world: LabelStudioWorld
) -> None:
    account, tasks = trial.account(), trial.tasks(4)
    reference = account.ensure_batch(trial.spec(tasks=4))
    setup(world, reference, lambda xml: xml.replace("$shown_1", "$payload.extra"))
    good = [replace(one, payload={**one.payload, "extra": "x"}) for one in tasks]
    with pytest.raises(RejectedItemError) as caught:
        account.submit(reference, [good[0], tasks[1], good[2], tasks[3]])
    assert caught.value.reasons.keys() == {tasks[1].key, tasks[3].key}
    assert world.count_tasks(reference) == 0


def test_tasks_may_want_fewer_answers_than_others(trial: Trial, world: LabelStudioWorld) -> None:
    account, tasks = trial.account(), trial.tasks(3, copies=3)
    tasks[1] = replace(tasks[1], copies=1)
    reference = account.ensure_batch(trial.spec(copies=3))
    account.submit(reference, tasks)
    assert account.poll(reference).expected == 7
    for person in PEOPLE:
        world.answer(reference, tasks[1].key, person, "ash")
    progress = account.poll(reference)
    assert (progress.answered, progress.gone) == (1, 0)
    reply = world.server.owner.get(f"/api/tasks/{world.task(reference, tasks[1].key)}/")
    assert reply.json()["overlap"] == 1


def test_an_answer_that_is_starred_stays_an_answer(trial: Trial, world: LabelStudioWorld) -> None:
    account, reference, (task,) = trial.opened(1)
    world.answer(reference, task.key, "ann", "ash")
    number = world._annotation(reference, task.key, "ann")
    path = f"/api/annotations/{number}/"
    world.server.owner.patch(path, json={"ground_truth": True}).raise_for_status()
    assert trial.look(account, reference).labels(task.key) == ["ash"]
    assert account.poll(reference).complete


def test_a_task_that_is_there_twice_loses_no_answer(trial: Trial, world: LabelStudioWorld) -> None:
    account, reference, tasks = trial.opened(2)
    world.answer(reference, tasks[0].key, "ann", "ash")
    world.duplicate_task(reference, tasks[0].key)
    other = max(one["id"] for one in world._tasks(reference, tasks[0].key))
    path = f"/api/tasks/{other}/annotations/"
    world.server.person("ben").post(path, json={"result": chosen("birch")}).raise_for_status()
    view = trial.look(account, reference)
    assert view.labels(tasks[0].key) == ["ash", "birch"]
    assert trial.look(account, reference, view.cursors[0]).malformed == []
    progress = account.poll(reference)
    assert (progress.expected, progress.answered, progress.gone) == (2, 1, 0)


def test_more_changes_of_one_instant_than_a_page_holds_all_arrive(
    trial: Trial, world: LabelStudioWorld
) -> None:
    account, reference, tasks = trial.opened(11)
    for task in tasks[:8]:
        world.answer(reference, task.key, "ann", "ash")
    before = trial.look(account, reference)
    assert len(before.labelled()) == 8
    # What the pages do with "Delete Annotations": one time for all tasks.
    ids = [world.task(reference, task.key) for task in tasks[:8]]
    params = {"id": "delete_tasks_annotations", "project": reference["project"]}
    body = {"selectedItems": {"all": False, "included": ids}}
    world.server.owner.post("/api/dm/actions/", params=params, json=body).raise_for_status()
    cursor, more = before.cursors[-1], True
    while more:
        page = account.fetch(reference, cursor)
        before.take(page.records)
        cursor, more = page.cursor, page.more
    assert before.labelled() == {}
    assert account.poll(reference).answered == 0


def test_a_change_that_becomes_visible_late_is_not_missed(
    trial: Trial, world: LabelStudioWorld
) -> None:
    account, reference, tasks = trial.opened(6)
    for task in tasks[:5]:
        world.answer(reference, task.key, "ann", "ash")
    view = trial.look(account, reference)
    # Its time is before that of answers which were fetched already.
    with world.same_instant(ago=30.0):
        world.answer(reference, tasks[5].key, "ann", "birch")
    for cursor in view.cursors:
        rest = trial.look(account, reference, cursor)
        later = trial.look(account, reference, rest.cursors[-1])
        assert "birch" in rest.labels(tasks[5].key) + later.labels(tasks[5].key)


def test_a_cursor_settles_when_nothing_changes(trial: Trial, world: LabelStudioWorld) -> None:
    world.vendor = replace(world.vendor, lag=0.0)
    account, reference, tasks = trial.opened(4)
    for task in tasks:
        world.answer(reference, task.key, "ann", "ash")
    cursor = trial.look(account, reference).cursors[-1]
    page = account.fetch(reference, cursor)
    assert (page.records, page.more) == ((), False)
    assert account.fetch(reference, page.cursor).cursor == page.cursor


def test_no_address_and_no_name_of_a_person_is_kept(trial: Trial, world: LabelStudioWorld) -> None:
    account, reference, (task,) = trial.opened(1)
    world.answer(reference, task.key, "ann", "ash")
    kept = str(trial.look(account, reference).answers) + str(account.export_raw(reference))
    assert "@" not in kept
    assert "labelloop.test" not in kept


def test_cancelling_asks_for_no_second_answer_and_keeps_the_first(
    trial: Trial, world: LabelStudioWorld
) -> None:
    account, reference, tasks = trial.opened(4, copies=3)
    world.answer(reference, tasks[0].key, "ann", "ash")
    world.skip(reference, tasks[1].key, "ann")
    account.cancel(reference)
    account.cancel(reference)
    progress = account.poll(reference)
    assert (progress.expected, progress.answered, progress.gone) == (12, 1, 11)
    ben = world.server.person("ben")
    assert ben.get(f"/api/projects/{reference['project']}/next/").status_code == 404
    assert world.count_tasks(reference) == 2


def test_a_project_that_was_deleted_is_named(trial: Trial, world: LabelStudioWorld) -> None:
    account, reference, _ = trial.opened(1)
    world.delete_batch(reference)
    calls = (account.poll, account.reconcile, account.export_raw, account.cancel, account.close)
    for call in (*calls, lambda one: account.fetch(one, None)):
        with pytest.raises(VendorClosedError, match=f"project {reference['project']} .*deleted"):
            call(reference)


def test_a_project_is_found_by_its_marker_and_not_by_its_title(
    trial: Trial, world: LabelStudioWorld
) -> None:
    account, reference, _ = trial.opened(1)
    body = {"title": "renamed by somebody"}
    path = f"/api/projects/{reference['project']}/"
    world.server.owner.patch(path, json=body).raise_for_status()
    impostor = {"title": trial.name, "description": "not ours"}
    world.server.owner.post("/api/projects/", json=impostor).raise_for_status()
    assert account.ensure_batch(trial.spec(tasks=1)) == reference


def test_pictures_and_awkward_names_make_a_project_that_can_be_labelled(
    trial: Trial, world: LabelStudioWorld
) -> None:
    fields = {"the $title & <b>": "text", "picture": "image", "scan": "image", "n": "value"}
    classes = ("a<b", 'say "hi" & go', "ünï\u00a0code", " spaced ")
    name = trial.name
    spec = BatchSpec(name, classes, fields, copies=1, tasks=1)
    row = [[0, 8, 16], [16, 8, 0], [0, 0, 0]]
    payload = {
        "the $title & <b>": "<script>alert(1)</script> $shown_1",
        "picture": row,
        "scan": "s3://bucket/scan.png",
        "n": {"deep": [1, None]},
    }
    account = trial.account()
    reference = account.ensure_batch(spec)
    task = Task(key(name, 1), "item-1", payload)
    account.submit(reference, [task])
    assert world.payload(reference, task.key) == payload
    for label in classes:
        world.answer(reference, task.key, PEOPLE[classes.index(label) % 3], label)
    assert trial.look(account, reference).labels(task.key) == sorted(classes)
    assert account.poll(reference).complete


def test_polling_takes_as_many_requests_for_many_tasks_as_for_few(
    trial: Trial, world: LabelStudioWorld
) -> None:
    took = []
    for batch, n in (("-few", 2), ("-many", 600)):
        account, reference, _ = trial.opened(n, batch=batch)
        before = len(world.proxy.exchanges)
        account.poll(reference)
        took.append(len(world.proxy.exchanges) - before)
    assert took[0] == took[1] <= 3
