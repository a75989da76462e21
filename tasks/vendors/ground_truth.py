"""Amazon SageMaker Ground Truth: labeling jobs for a work team of yours or of an AWS partner."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field

from tasks.domain.incoming import Hint, Parsed
from tasks.domain.needs import Need
from tasks.domain.outgoing import Capabilities, VendorContext
from tasks.objects.needs import of_store, with_keys
from tasks.objects.store import Access
from tasks.trust import places
from tasks.vendors._ground_truth.lambdas import refuse_unknown_region
from tasks.vendors._ground_truth.names import MAX_COPIES, MAX_TASKS, refuse_bad_place

if TYPE_CHECKING:
    from tasks.vendors._ground_truth.account import GroundTruthAccount

Endpoint = Annotated[str, Field(pattern=r"^(https?://.+)?$"), AfterValidator(places.checked)]
ROLE = r"^arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+$"
TEAM = r"^arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:workteam/.+$"
LAMBDA = r"^(arn:aws[a-z\-]*:lambda:[a-z0-9\-]*:[0-9]{12}:function:.+)?$"
KEYWORD = r"^[A-Za-z0-9]+( [A-Za-z0-9]+)*$"
TITLE = "^[\t\n\r -\ud7ff\ue000-\ufffd]*$"
"""SageMaker's own: among others it has no emoji."""
NAME = r"^[A-Za-z_][A-Za-z0-9_]*$|^$"

Keyword = Annotated[str, Field(min_length=1, max_length=30, pattern=KEYWORD)]


@dataclass(frozen=True)
class GroundTruth:
    """The vendor: manifests and answers in a bucket, one labeling job for each part of a batch.

    One text or image with one class for each item is what Ground Truth has pages for; anything
    else needs `template`, `pre_lambda`, `post_lambda` and `label_path`. What is needed at AWS, and
    what it costs, is in docs/vendors/ground_truth.md.

    Attributes
    ----------
    url : str
        ``s3://bucket`` or ``s3://bucket/prefix``, in the region of the jobs.
    region : str
        Such as ``eu-west-1``.
    role_arn : str
        The role that Ground Truth takes to read and write the bucket.
    workteam_arn : str
        Who answers.
    title, description : str
        What annotators read before they begin; at most 128 and 255 characters.
    keywords : tuple of str
        At most 5, for finding the job among others.
    task_seconds : int
        That an annotator has for one item, 30 to 28800.
    available_hours : float or None
        How long an item waits for annotators, at most 720; None for Ground Truth's own (720).
    template : str
        ``s3://`` address of a page of your own (Liquid); empty for labelloop's.
    pre_lambda, post_lambda : str
        ARNs of your own functions; empty for those that AWS has for one class of a text or image.
    label_path : str
        Where in an answer's ``answerContent`` the class stands, names with dots between; empty for
        that of Ground Truth's own pages.
    kms_key : str
        Encrypts what Ground Truth writes; empty for none.
    access_key, secret_key : str
        NAMES of the environment variables that hold them; empty for boto3's own search.
    s3_endpoint, sagemaker_endpoint : str
        Addresses of interface endpoints of a VPC; empty for the public ones.
    wait_seconds : float
        For the reply to one call.
    """

    url: Annotated[str, AfterValidator(refuse_bad_place)]
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
    role_arn: Annotated[str, Field(pattern=ROLE, max_length=2048)]
    workteam_arn: Annotated[str, Field(pattern=TEAM, max_length=256)]
    title: Annotated[str, Field(min_length=1, max_length=128, pattern=TITLE)] = (
        "Choose the class that fits"
    )
    description: Annotated[str, Field(pattern="^.+$", max_length=255)] = (
        "Look at the item and choose the one class that fits it best."
    )
    keywords: Annotated[tuple[Keyword, ...], Field(max_length=5)] = ("classification",)
    task_seconds: Annotated[int, Field(ge=30, le=28_800)] = 600
    available_hours: Annotated[float | None, Field(ge=60 / 3600, le=720)] = None
    template: Annotated[str, Field(pattern=r"^(s3://[^/]+/.+)?$", max_length=1024)] = ""
    pre_lambda: Annotated[str, Field(pattern=LAMBDA, max_length=2048)] = ""
    post_lambda: Annotated[str, Field(pattern=LAMBDA, max_length=2048)] = ""
    label_path: Annotated[str, Field(pattern=r"^([^.]+(\.[^.]+)*)?$")] = ""
    kms_key: Annotated[str, Field(pattern=r"^[a-zA-Z0-9:/_-]*$", max_length=2048)] = ""
    access_key: Annotated[str, Field(pattern=NAME)] = ""
    secret_key: Annotated[str, Field(pattern=NAME)] = ""
    s3_endpoint: Endpoint = ""
    sagemaker_endpoint: Endpoint = ""
    wait_seconds: Annotated[float, Field(gt=0, le=600)] = 60.0

    def __post_init__(self) -> None:
        if bool(self.access_key) != bool(self.secret_key):
            raise ValueError("access_key and secret_key go together")
        if not (self.pre_lambda and self.post_lambda):
            refuse_unknown_region(self.region)

    @property
    def capabilities(self) -> Capabilities:
        """What Ground Truth can do."""
        return Capabilities(max_tasks=MAX_TASKS, max_copies=MAX_COPIES, cancel=True, events=True)

    def connect(self, context: VendorContext) -> "GroundTruthAccount":
        """Open the campaign's account; speaks with nobody yet."""
        from tasks.vendors._ground_truth.account import GroundTruthAccount

        return GroundTruthAccount(self, context)

    @property
    def access(self) -> Access:
        """How to come into the bucket."""
        return Access(self.s3_endpoint, self.region, self.access_key, self.secret_key)

    @property
    def sagemaker(self) -> str:
        """Where SageMaker is."""
        top = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        return self.sagemaker_endpoint or f"https://api.sagemaker.{self.region}.{top}"

    def needs(self) -> tuple[Need, ...]:
        """Name the bucket and SageMaker, with their keys."""
        place = places.origin(self.sagemaker)
        field = "sagemaker_endpoint" if self.sagemaker_endpoint else "region"
        return of_store(self.url, self.access, "s3_endpoint") + with_keys(place, self.access, field)

    def parse(self, record: Mapping[str, Any]) -> Parsed:
        """Understand one record.

        Raises
        ------
        tasks.domain.incoming.MalformedRecordError
            It is no answer of a known object, or has no annotator, time or readable content.
        """
        from tasks.vendors._ground_truth.parsing import parse

        return parse(record, self.label_path)

    def parse_event(self, headers: Mapping[str, str], body: bytes) -> Hint:
        """Understand an EventBridge event of a labeling job, plain or in an SNS envelope.

        Raises
        ------
        tasks.domain.incoming.MalformedRecordError
            It is something else.
        """
        from tasks.vendors._ground_truth.events import parse_event

        return parse_event(body)
