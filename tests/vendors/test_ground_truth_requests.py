"""What is asked of SageMaker, held against botocore's model of SageMaker."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sagemaker_model import RefusedError, check, model

from tasks import registry
from tasks.domain.errors import ParamsError
from tasks.vendors._ground_truth import lambdas
from tasks.vendors._ground_truth.manifest import Manifest
from tasks.vendors._ground_truth.names import Place
from tasks.vendors._ground_truth.page import page
from tasks.vendors._ground_truth.request import job_request

OPTIONS = {
    "url": "s3://bucket/prefix",
    "region": "eu-west-1",
    "role_arn": "arn:aws:iam::123456789012:role/ground-truth",
    "workteam_arn": "arn:aws:sagemaker:eu-west-1:123456789012:workteam/private-crowd/team",
}
BATCHES = st.text("abcXYZ019._-", min_size=1, max_size=120)
CALM = settings(deadline=None)
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1, max_size=60)


def build(**options):
    return registry.build("vendors", "ground_truth", OPTIONS | options)


def request(vendor, batch="batch", number=0, shown="text"):
    manifest = Manifest(number, 3, ("key",), "0123456789abcdef")
    return job_request(vendor, Place(vendor.url, batch), manifest, shown, "s3://bucket/page.html")


@CALM
@given(
    batch=BATCHES,
    number=st.integers(0, 99_999),
    shown=st.sampled_from(["text", "image"]),
    seconds=st.integers(30, 28_800),
    hours=st.none() | st.floats(60 / 3600, 720),
    keywords=st.lists(st.from_regex("[A-Za-z0-9]{1,9}( [a-z]{1,9})?", fullmatch=True), max_size=5),
    kms=st.sampled_from(["", "arn:aws:kms:eu-west-1:123456789012:key/1234-abcd"]),
)
def test_every_request_is_one_that_sagemaker_takes(
    batch, number, shown, seconds, hours, keywords, kms
):
    vendor = build(
        task_seconds=seconds, available_hours=hours, keywords=tuple(keywords), kms_key=kms
    )
    check("CreateLabelingJob", request(vendor, batch, number, shown))


@CALM
@given(BATCHES, BATCHES)
def test_jobs_of_two_batches_never_have_the_same_name(one, other):
    stems = {Place("s3://bucket/prefix", batch).stem.lower() for batch in (one, other)}
    assert len(stems) == len({one, other})


def test_job_names_tell_buckets_manifests_and_their_contents_apart():
    names = {
        Place(url, "batch").job(number, digest)
        for url in ("s3://a", "s3://a/b")
        for number in (0, 1)
        for digest in ("0" * 64, "1" * 64)
    }
    assert len(names) == 8


def test_the_functions_of_aws_are_those_of_its_own_documentation():
    told = model().shape_for("HumanTaskConfig").members["PreHumanTaskLambdaArn"].documentation
    told += (
        model()
        .shape_for("AnnotationConsolidationConfig")
        .members["AnnotationConsolidationLambdaArn"]
        .documentation
    )
    kind = r"arn:aws:lambda:[a-z0-9-]+:\d+:function:(?:PRE|ACS)-(?:Text|Image)MultiClass\b"
    ours = {
        make(region, shown)
        for make in (lambdas.pre, lambdas.post)
        for region in lambdas.OWNERS
        for shown in ("text", "image")
    }
    assert ours == set(re.findall(kind, told))


def test_own_functions_page_and_regions_can_be_given():
    own = "arn:aws:lambda:eu-north-1:123456789012:function:own"
    vendor = build(region="eu-north-1", pre_lambda=own, post_lambda=own, template="s3://b/t.html")
    human = request(vendor)["HumanTaskConfig"]
    assert human["PreHumanTaskLambdaArn"] == own
    check("CreateLabelingJob", request(vendor))


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"region": "eu-north-1"}, "AWS has no functions"),
        ({"region": "Ireland"}, "region"),
        ({"url": "/srv/batches"}, "no s3://bucket/prefix"),
        ({"role_arn": "ground-truth"}, "role_arn"),
        ({"workteam_arn": "arn:aws:sagemaker:eu-west-1:1:workteam/x"}, "workteam_arn"),
        ({"keywords": ["a", "b", "c", "d", "e", "f"]}, "keywords"),
        ({"keywords": ["no_underscores"]}, "keywords"),
        ({"title": "x" * 129}, "title"),
        ({"task_seconds": 28_801}, "task_seconds"),
        ({"available_hours": 721}, "available_hours"),
        ({"access_key": "ONLY_THIS"}, "go together"),
        ({"access_key": "AKIA/secret", "secret_key": "X"}, "access_key"),
        ({"task_titel": "x"}, "no option"),
    ],
)
def test_options_that_cannot_be_are_told_at_once(options, why):
    with pytest.raises(ParamsError, match=why):
        build(**options)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"LabelingJobName": "-begins-wrong"}, "pattern"),
        ({"LabelingJobName": "x" * 64}, "from 1 to 63"),
        ({"RoleArn": None}, "must not be null"),
        ({"Unheard": "of"}, "unknown member"),
        ({"Tags": [{"Key": "a"}]}, "Tags"),
        ({"HumanTaskConfig": []}, "no structure"),
    ],
)
def test_the_server_of_the_tests_refuses_what_sagemaker_refuses(change, why):
    with pytest.raises(RefusedError, match=why):
        check("CreateLabelingJob", request(build()) | change)


@CALM
@given(WORDS, WORDS)
def test_a_page_holds_no_instructions_of_a_title(title, description):
    for shown in ("text", "image"):
        plain = page(shown, "t", "d").decode()
        made = page(shown, title, description).decode()
        for mark in ("{{", "{%", "<", "</crowd-form>"):
            assert made.count(mark) == plain.count(mark)
