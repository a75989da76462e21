"""The request that makes a labeling job."""

from typing import TYPE_CHECKING, Any

from tasks.vendors._ground_truth import lambdas
from tasks.vendors._ground_truth.lambdas import Shown
from tasks.vendors._ground_truth.manifest import Manifest
from tasks.vendors._ground_truth.names import ATTRIBUTE, MAX_TASKS, Place

if TYPE_CHECKING:
    from tasks.vendors.ground_truth import GroundTruth

CATEGORIES = "classes.json"


def job_request(
    options: "GroundTruth", place: Place, manifest: Manifest, shown: Shown, page: str
) -> dict[str, Any]:
    """Make the parameters of ``CreateLabelingJob``; the same for the same manifest.

    Parameters
    ----------
    page : str
        The address of the page for annotators.
    """
    source = {"S3DataSource": {"ManifestS3Uri": place.uri(place.manifest(manifest.number))}}
    output: dict[str, Any] = {"S3OutputPath": place.uri("output")}
    return {
        "LabelingJobName": place.job(manifest.number, manifest.digest),
        "LabelAttributeName": ATTRIBUTE,
        "InputConfig": {"DataSource": source},
        "OutputConfig": output | ({"KmsKeyId": options.kms_key} if options.kms_key else {}),
        "RoleArn": options.role_arn,
        "LabelCategoryConfigS3Uri": place.uri(CATEGORIES),
        "HumanTaskConfig": _human(options, manifest, shown, page),
    }


def is_ours(described: dict[str, Any], request: dict[str, Any]) -> bool:
    """Whether a job that is there is the one that a request asks for."""
    return _identity(described) == _identity(request)


def _identity(job: dict[str, Any]) -> tuple[Any, ...]:
    source = job["InputConfig"]["DataSource"].get("S3DataSource", {})
    copies = job["HumanTaskConfig"]["NumberOfHumanWorkersPerDataObject"]
    return source.get("ManifestS3Uri"), job["OutputConfig"]["S3OutputPath"].rstrip("/"), copies


def _human(options: "GroundTruth", manifest: Manifest, shown: Shown, page: str) -> dict[str, Any]:
    post = options.post_lambda or lambdas.post(options.region, shown)
    human: dict[str, Any] = {
        "WorkteamArn": options.workteam_arn,
        "UiConfig": {"UiTemplateS3Uri": page},
        "PreHumanTaskLambdaArn": options.pre_lambda or lambdas.pre(options.region, shown),
        "TaskTitle": options.title,
        "TaskDescription": options.description,
        "NumberOfHumanWorkersPerDataObject": manifest.copies,
        "TaskTimeLimitInSeconds": options.task_seconds,
        "MaxConcurrentTaskCount": MAX_TASKS,
        "AnnotationConsolidationConfig": {"AnnotationConsolidationLambdaArn": post},
    }
    if options.keywords:
        human["TaskKeywords"] = list(options.keywords)
    if options.available_hours is not None:
        human["TaskAvailabilityLifetimeInSeconds"] = round(options.available_hours * 3600)
    return human
