"""Ground Truth's account, against a server that keeps SageMaker's rules and a real S3."""

import json
import multiprocessing
import threading

import pytest
from botocore.config import Config
from faults import (
    CutBefore,
    CutResponse,
    ErrorBody,
    ServerError,
    ServerErrorAfter,
    Throttled,
    TimeoutAfter,
    writing,
)
from labelloop_contracts.trial import Trial, deliver, failure, follow
from labelloop_contracts.world import CLASSES
from sagemaker import REGION, TEAM
from vendors.ground_truth_world import GroundTruthWorld

from tasks.domain.errors import (
    BatchConflictError,
    OutcomeUnknownError,
    ThrottledError,
    TransientError,
    VendorAuthError,
    VendorClosedError,
    VendorRefusedError,
)
from tasks.domain.outgoing import Task
from tasks.objects import client, patience
from tasks.objects import s3 as s3_module
from tasks.vendors._ground_truth import jobs as jobs_module
from tasks.vendors._ground_truth import reading

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def world(s3, tmp_path, monkeypatch):
    monkeypatch.setattr(client, "READ_SECONDS", 2.0)
    monkeypatch.setattr(patience, "LONGEST", 0.0)
    monkeypatch.setattr(s3_module, "READS", 2)
    monkeypatch.setattr(jobs_module, "READS", 2)
    world = GroundTruthWorld(s3, tmp_path, monkeypatch.setenv)
    yield world
    world.end()


@pytest.fixture
def trial(world):
    trial = Trial(world)
    yield trial
    trial.end()


def jobs(world):
    return [world.sagemaker.jobs[name] for name in sorted(world.sagemaker.jobs)]


def making(exchange):
    return exchange.headers.get("x-amz-target") == "SageMaker.CreateLabelingJob"


def test_tasks_of_as_many_copies_are_one_job(trial, world):
    account = trial.account()
    reference = account.ensure_batch(trial.spec(copies=3, tasks=5))
    several = [
        Task(t.key, t.item_id, t.payload, 1 + 2 * (n % 2)) for n, t in enumerate(trial.tasks(5))
    ]
    receipts = account.submit(reference, several)
    assert [receipt.key for receipt in receipts] == [task.key for task in several]
    assert [(job.copies, job.describe()["LabelingJobStatus"]) for job in jobs(world)] == [
        (1, "Initializing"),
        (3, "Initializing"),
    ]
    world.sagemaker.settle()
    assert [len(job.rows) for job in jobs(world)] == [3, 2]
    assert account.poll(reference).expected == 3 + 6


@pytest.mark.parametrize("others", [False, True], ids=["the same again", "only others"])
def test_a_manifest_without_a_job_gets_one(trial, world, monkeypatch, others):
    tasks = trial.tasks(4)
    reference = trial.account().ensure_batch(trial.spec(tasks=4))

    def die() -> None:
        monkeypatch.setenv("LABELLOOP_CRASH_AT", "ground_truth:job-0:before")
        world.connect().submit(reference, tasks[:2])

    process = FORK.Process(target=die)
    process.start()
    process.join()
    assert process.exitcode == -9
    account = trial.account()
    assert account.reconcile(reference) == []
    assert account.poll(reference).expected == 0
    account.submit(reference, tasks[2:] if others else tasks)
    assert world.count_tasks(reference) == 4
    assert len(account.reconcile(reference)) == 4


def test_a_job_without_a_receipt_is_found(trial, world, monkeypatch):
    tasks = trial.tasks(4)
    reference = trial.account().ensure_batch(trial.spec(tasks=4))

    def die() -> None:
        monkeypatch.setenv("LABELLOOP_CRASH_AT", "ground_truth:job-0:after")
        world.connect().submit(reference, tasks)

    process = FORK.Process(target=die)
    process.start()
    process.join()
    assert process.exitcode == -9
    assert len(trial.account().reconcile(reference)) == 4
    trial.account().submit(reference, tasks)
    assert len(jobs(world)) == 1


def test_senders_whose_parts_overlap_put_each_key_into_one_job(trial, world):
    tasks = trial.tasks(24)
    reference = trial.account().ensure_batch(trial.spec(tasks=24))
    start = threading.Barrier(4)

    def send(offset):
        account = world.connect()
        start.wait()
        for begin in range(offset, 24, 6):
            account.submit(reference, tasks[max(0, begin - 4) : begin + 8])
        account.disconnect()

    threads = [threading.Thread(target=send, args=(offset,)) for offset in (0, 1, 3, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.sagemaker.settle()
    sent = [row["key"] for job in jobs(world) for row in job.rows]
    assert len(sent) == len(set(sent))
    deliver(trial.account(), reference, tasks, 24)
    assert world.count_tasks(reference) == 24


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (CutBefore(), OutcomeUnknownError),
        (TimeoutAfter(), OutcomeUnknownError),
        (CutResponse(), OutcomeUnknownError),
        (ServerError(), OutcomeUnknownError),
        (ServerErrorAfter(), OutcomeUnknownError),
        (ErrorBody(), OutcomeUnknownError),
        (ErrorBody(status=200), OutcomeUnknownError),
        (Throttled(), ThrottledError),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_a_job_whose_making_goes_wrong_is_made_once(trial, world, fault, told):
    account, tasks = trial.account(), trial.tasks(3)
    reference = account.ensure_batch(trial.spec())
    world.jobs.then(fault, only=making)
    assert isinstance(failure(lambda: account.submit(reference, tasks)), told)
    made = sum(each.forwarded for each in world.jobs.exchanges if making(each))
    assert made == (
        1 if fault.kind in ("timeout_after", "cut_response", "server_error_after") else 0
    )
    deliver(trial.account(), reference, tasks, 3)
    assert len(jobs(world)) == 1
    assert world.count_tasks(reference) == 3


def test_another_job_of_the_same_name_is_a_conflict(trial, world):
    account, tasks = trial.account(), trial.tasks(3)
    reference = account.ensure_batch(trial.spec())
    account.submit(reference, tasks)
    (job,) = jobs(world)
    job.request = job.request | {"OutputConfig": {"S3OutputPath": "s3://elsewhere/"}}
    source = {"S3DataSource": {"ManifestS3Uri": "s3://elsewhere/manifest"}}
    job.request["InputConfig"] = {"DataSource": source}
    with pytest.raises(BatchConflictError, match="another labeling job"):
        trial.account().submit(reference, tasks)
    assert trial.account().reconcile(reference) == []


def test_the_job_of_a_deleted_batch_is_not_taken_for_that_of_a_new_one(trial, world):
    _, reference, _ = trial.opened(3)
    world.delete_batch(reference)
    account, others = trial.account(), trial.tasks(3, first=10)
    assert account.ensure_batch(trial.spec()) == reference
    account.submit(reference, others)
    assert {one.key for one in account.reconcile(reference)} == {task.key for task in others}
    assert len(jobs(world)) == 2


def test_a_job_that_failed_ends_the_wait_and_says_why(trial, world):
    account, tasks = trial.account(), trial.tasks(3)
    reference = account.ensure_batch(trial.spec())
    name = f"campaigns/{reference['batch']}/classes.json"
    world.s3.client().delete_object(Bucket=world.bucket, Key=name)
    account.submit(reference, tasks)
    view = trial.look(account, reference)
    progress = account.poll(reference)
    assert (progress.answered, progress.gone, progress.complete) == (0, 3, True)
    assert {answer.key for answer in view.answers.values()} == {task.key for task in tasks}
    assert all("classes.json" in answer.note for answer in view.answers.values())
    assert trial.look(account, reference, view.cursors[-1]).answers == {}


def test_a_failed_object_is_gone_while_its_job_goes_on(trial, world):
    account, reference, tasks = trial.opened(3, copies=2)
    world.answer(reference, tasks[0].key, "ann", "ash")
    world.expire(reference, tasks[0].key)
    trial.look(account, reference)
    progress = account.poll(reference)
    assert (progress.answered, progress.gone, progress.complete) == (1, 1, False)


def test_an_object_that_was_left_empty_is_gone_while_its_job_goes_on(trial, world):
    account, reference, tasks = trial.opened(2)
    world.leave_empty(reference, tasks[0].key, "ann")
    trial.look(account, reference)
    progress = account.poll(reference)
    assert (progress.answered, progress.gone, progress.complete) == (0, 1, False)


def test_a_job_that_no_list_has_yet_is_found(trial, world):
    account, reference, tasks = trial.opened(2)
    world.answer(reference, tasks[0].key, "ann", "ash")
    world.sagemaker.unlisted = set(world.sagemaker.jobs)
    assert len(account.reconcile(reference)) == 2
    assert (account.poll(reference).expected, account.poll(reference).answered) == (2, 1)
    account.submit(reference, tasks)
    assert len(jobs(world)) == 1


def test_what_is_stopped_elsewhere_ends_the_wait(trial, world):
    account, reference, tasks = trial.opened(2)
    world.answer(reference, tasks[0].key, "ann", "ash")
    jobs(world)[0].stop()
    assert not account.poll(reference).complete
    view = trial.look(account, reference)
    assert account.poll(reference).complete
    notes = [answer.note for answer in view.answers.values() if answer.label is None]
    assert notes == ["the labeling job was stopped"]


def test_who_sends_while_another_cancels_leaves_nothing_running(trial, world):
    account, tasks = trial.account(), trial.tasks(3)
    reference = account.ensure_batch(trial.spec())
    client = world.s3.client()
    name = f"campaigns/{reference['batch']}/cancelled.json"

    def cancel(exchange):
        if making(exchange):
            client.put_object(Bucket=world.bucket, Key=name, Body=b"{}")

    world.jobs.follow(cancel)
    with pytest.raises(VendorClosedError):
        account.submit(reference, tasks)
    world.sagemaker.settle()
    assert [job.state for job in jobs(world)] == ["Stopped"]


def test_pages_of_objects_follow_one_another(trial, world, monkeypatch):
    monkeypatch.setattr(reading, "PAGE", 3)
    account, reference, tasks = trial.opened(8, copies=2)
    for number, task in enumerate(tasks):
        world.answer(reference, task.key, "ann", CLASSES[number % 3])
    world.pass_time()
    view = follow(world.vendor, account, reference)
    assert len(view.cursors) == 3
    assert len(view.labelled()) == 8
    world.answer(reference, tasks[5].key, "ben", "ash")
    rest = follow(world.vendor, trial.account(), reference, view.cursors[-1])
    assert {answer.key for answer in rest.answers.values()} == {tasks[5].key}


def test_a_second_answer_in_the_same_file_is_found(trial, world):
    account, reference, (task,) = trial.opened(1, copies=2)
    with world.same_instant():
        world.answer(reference, task.key, "ann", "ash")
        first = follow(world.vendor, account, reference)
        world.answer(reference, task.key, "ben", "birch")
    assert len(jobs(world)[0].files) == 1
    rest = follow(world.vendor, account, reference, first.cursors[-1])
    assert rest.labels(task.key) == ["ash", "birch"]


def test_looking_again_reads_no_answer_again(trial, world):
    account, reference, tasks = trial.opened(4)
    for task in tasks:
        world.answer(reference, task.key, "ann", "ash")
    trial.look(account, reference)
    before = len(world.files.exchanges)
    account.poll(reference)
    account.fetch(reference, None)
    again = [one.path for one in world.files.exchanges[before:]]
    assert not [path for path in again if "worker-response" in path and "list-type" not in path]


def test_jobs_of_more_than_one_page_are_all_found(trial, world):
    account, tasks = trial.account(), trial.tasks(12)
    reference = account.ensure_batch(trial.spec(tasks=12))
    for task in tasks:
        account.submit(reference, [task])
    assert len(jobs(world)) == 12
    listing = account._jobs._client.get_paginator("list_labeling_jobs")
    pages = listing.paginate(PaginationConfig={"PageSize": 5})
    assert sum(len(page["LabelingJobSummaryList"]) for page in pages) == 12
    assert len(trial.account().reconcile(reference)) == 12


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("AccessDeniedException", VendorAuthError),
        ("ExpiredTokenException", VendorAuthError),
        ("UnrecognizedClientException", VendorAuthError),
        ("InvalidSignatureException", VendorAuthError),
        ("ThrottlingException", ThrottledError),
        ("ResourceLimitExceeded", VendorRefusedError),
        ("ValidationException", VendorRefusedError),
        ("RequestTimeTooSkewed", VendorRefusedError),
    ],
)
def test_errors_are_told_as_what_they_are(trial, world, code, told):
    account = trial.account()
    reference = account.ensure_batch(trial.spec())
    operations = ("CreateLabelingJob", "ListLabelingJobs", "DescribeWorkteam")
    for operation in operations:
        world.sagemaker.denied = {operation: code}
        call = account.preflight if operation == "DescribeWorkteam" else account.submit
        arguments = () if operation == "DescribeWorkteam" else (reference, trial.tasks(1))
        error = failure(lambda call=call, arguments=arguments: call(*arguments))
        assert type(error) is told
        assert "\n" not in str(error)
        assert world.s3.owner.secret_key not in str(error)
    world.sagemaker.denied = {}
    account.submit(reference, trial.tasks(1))


def test_a_job_that_ends_while_it_is_stopped_is_no_error(trial, world):
    account, reference, (task,) = trial.opened(1)
    world.sagemaker.settle()

    def finish(exchange):
        if exchange.headers.get("x-amz-target") == "SageMaker.StopLabelingJob":
            world.answer(reference, task.key, "ann", "ash")

    world.jobs.follow(finish)
    account.cancel(reference)
    assert [job.state for job in jobs(world)] == ["Completed"]
    assert trial.look(account, reference).labels(task.key) == ["ash"]


def test_a_job_that_cannot_be_stopped_is_told(trial, world):
    account, reference, _ = trial.opened(1)
    world.sagemaker.denied = {"StopLabelingJob": "ValidationException"}
    with pytest.raises(VendorRefusedError, match="could not stop"):
        account.cancel(reference)
    world.sagemaker.denied = {}
    account.cancel(reference)
    trial.look(account, reference)
    assert account.poll(reference).complete


def test_too_many_jobs_are_told_and_nothing_is_lost(trial, world):
    account, reference, _ = trial.opened(1)
    world.sagemaker.settle()
    world.sagemaker.most = 1
    with pytest.raises(VendorRefusedError, match="too many jobs"):
        account.submit(reference, trial.tasks(1, first=1))
    world.sagemaker.most = 2
    account.submit(reference, [])
    assert len(account.reconcile(reference)) == 2


def test_an_endpoint_that_is_nowhere_is_a_passing_trouble(trial, world):
    with world.jobs.down(), pytest.raises(TransientError, match="cannot be reached"):
        trial.account().preflight()


def test_a_batch_is_read_at_its_own_url_only(trial, world):
    account, reference, _ = trial.opened(1)
    with pytest.raises(VendorRefusedError, match="set the url"):
        account.poll(reference | {"url": "s3://elsewhere"})


def test_one_image_alone_is_shown_or_refused(trial, world):
    account = trial.account()
    with pytest.raises(VendorRefusedError, match="one image"):
        account.ensure_batch(trial.spec(fields={"photo": "image", "note": "text"}))
    reference = account.ensure_batch(trial.spec(fields={"photo": "image"}))
    key = trial.tasks(1)[0].key
    account.submit(reference, [Task(key, "item", {"photo": "s3://bucket/a.jpg"})])
    world.sagemaker.settle()
    (job,) = jobs(world)
    assert job.rows[0]["source-ref"] == "s3://bucket/a.jpg"
    human = job.request["HumanTaskConfig"]
    assert human["PreHumanTaskLambdaArn"].endswith("PRE-ImageMultiClass")
    assert b"crowd-image-classifier" in job.bucket.read(human["UiConfig"]["UiTemplateS3Uri"])


def test_the_requests_that_were_told_are_those_that_were_sent(trial, world):
    told = []
    account = trial.account(lambda target, content: told.append((target, content)))
    reference = account.ensure_batch(trial.spec())
    account.submit(reference, trial.tasks(2))
    account.cancel(reference)
    sent = {one.body for one in [*world.files.exchanges, *world.jobs.exchanges] if writing(one)}
    assert {content for _, content in told} <= sent
    targets = [target for target, _ in told]
    assert "POST SageMaker.CreateLabelingJob" in targets
    assert "POST SageMaker.StopLabelingJob" in targets
    made = json.loads(next(c for t, c in told if t.endswith("CreateLabelingJob")))
    assert made["HumanTaskConfig"]["WorkteamArn"] == TEAM


def test_the_server_of_the_tests_knows_names_without_case(trial, world):
    _, _, _ = trial.opened(1)
    import boto3

    client = boto3.client(
        "sagemaker",
        endpoint_url=world.sagemaker.url,
        region_name=REGION,
        aws_access_key_id=world.s3.owner.access_key,
        aws_secret_access_key=world.s3.owner.secret_key,
        config=Config(retries={"total_max_attempts": 1}),
    )
    (job,) = jobs(world)
    again = job.request | {"LabelingJobName": job.name.upper()}
    with pytest.raises(client.exceptions.ResourceInUse):
        client.create_labeling_job(**again)
    assert client.describe_labeling_job(LabelingJobName=job.name.upper())["LabelingJobArn"]
    client.close()
