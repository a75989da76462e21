"""The calls to SageMaker."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError

from tasks.domain.errors import TransientError, VendorError, VendorRefusedError
from tasks.domain.outgoing import Outgoing
from tasks.objects.client import CONNECT_SECONDS, Connection, new_client, time_of
from tasks.objects.errors import FOREIGN, code_of, mapped
from tasks.objects.patience import patiently, translated
from tasks.objects.store import Access
from tasks.trust import places
from tasks.vendors._ground_truth.errors import (
    TAKEN,
    is_missing,
    may_have_happened,
    of_sagemaker,
    unknown,
)

if TYPE_CHECKING:
    from tasks.vendors.ground_truth import GroundTruth

READS = 4
"""How often a read is tried in all."""
STATES = {"Initializing", "InProgress", "Completed", "Failed", "Stopping", "Stopped"}
ENDED = {"Completed", "Failed", "Stopped"}
"""States in which no more answers come."""
VENDORS_TEAM = ":workteam/vendor-crowd/"
"""In the ARN of a team that a vendor of the AWS Marketplace provides."""

Job = Mapping[str, Any]
T = TypeVar("T")


class Jobs:
    """Labeling jobs of one account and region."""

    def __init__(self, options: "GroundTruth", outgoing: Outgoing) -> None:
        self._options, self._outgoing = options, outgoing
        self._access = Access(
            options.sagemaker_endpoint, options.region, options.access_key, options.secret_key
        )
        self._connection = Connection(self._open)
        self._date: datetime | None = None

    def create(self, request: Mapping[str, Any]) -> bool:
        """Make a job; False if there is one of its name.

        Raises
        ------
        OutcomeUnknownError
            Perhaps it was made.
        """
        name = request["LabelingJobName"]
        try:
            reply = self._noted(self._client.create_labeling_job(**request))
        except FOREIGN as error:
            if code_of(error) in TAKEN:
                return False
            raise self._failed_write(error, "make", name) from error
        if not isinstance(reply.get("LabelingJobArn"), str):
            raise unknown("make", name, "a reply that is not SageMaker's")
        return True

    def describe(self, name: str) -> Job | None:
        """Say what is known of a job; None if there is none."""
        return self._ask("read", name, lambda: self._describe(name))

    def find(self, stem: str) -> dict[str, Job]:
        """List the jobs whose names begin with `stem`, by their names.

        The newest may be missing.
        """
        return self._ask("list", stem, lambda: self._list(stem))

    def stop(self, name: str) -> None:
        """Stop a job; does nothing to one that has ended, or is being stopped."""
        if self._is_over(name):
            return
        try:
            self._noted(self._client.stop_labeling_job(LabelingJobName=name))
        except FOREIGN as error:
            if not (code_of(error) == "ValidationException" and self._is_over(name)):
                raise self._failed_write(error, "stop", name) from error

    def _is_over(self, name: str) -> bool:
        job = self.describe(name)
        return job is None or job["LabelingJobStatus"] in ENDED | {"Stopping"}

    def check_team(self) -> None:
        """Raise a `VendorError` unless the work team is there and the key may look at jobs."""
        arn, client = self._options.workteam_arn, self._client
        team = arn.rpartition("/")[2]

        def describe() -> Any:
            # A vendor's team is of the vendor's account; ours has a subscription to it.
            if VENDORS_TEAM in arn:
                return self._noted(client.describe_subscribed_workteam(WorkteamArn=arn))
            return self._noted(client.describe_workteam(WorkteamName=team))

        self._ask("read", team, describe)
        self._ask("list", team, lambda: self._noted(client.list_labeling_jobs(MaxResults=1)))

    def now(self) -> datetime:
        """Tell the time by SageMaker's last reply."""
        return self._date or datetime.now(UTC)

    def close(self) -> None:
        """Let go of connections."""
        self._connection.close()

    @property
    def _client(self) -> Any:
        return self._connection.client

    def _open(self) -> Any:
        wait = self._options.wait_seconds
        try:
            client = new_client(
                "sagemaker",
                self._access,
                places.origin(self._options.sagemaker),
                connect_timeout=min(CONNECT_SECONDS, wait),
                read_timeout=wait,
            )
        except BotoCoreError as error:
            raise self._mapped(error, "open", "") from error
        except ValueError as error:
            where = "vendor.options.sagemaker_endpoint"
            raise VendorRefusedError(str(error), where=where) from None
        for operation in ("CreateLabelingJob", "StopLabelingJob"):
            hook = self._telling(f"POST SageMaker.{operation}")
            client.meta.events.register(f"before-call.sagemaker.{operation}", hook)
        return client

    def _telling(self, target: str) -> Callable[..., None]:
        def tell(params: Mapping[str, Any], **_: Any) -> None:
            self._outgoing(target, bytes(params["body"]))

        return tell

    def _ask(self, action: str, name: str, call: Callable[[], T]) -> T:
        told = partial(self._mapped, action=action, name=name)
        return patiently(READS, translated(call, FOREIGN, told))

    def _describe(self, name: str) -> Job | None:
        try:
            reply = self._noted(self._client.describe_labeling_job(LabelingJobName=name))
        except FOREIGN as error:
            if is_missing(error):
                return None
            raise
        return _checked(reply, name)

    def _list(self, stem: str) -> dict[str, Job]:
        found: dict[str, Job] = {}
        pages = self._client.get_paginator("list_labeling_jobs").paginate(
            NameContains=stem, SortBy="Name", SortOrder="Ascending", MaxResults=100
        )
        for page in pages:
            for job in self._noted(page).get("LabelingJobSummaryList", []):
                found[str(job.get("LabelingJobName", "")).lower()] = _checked(job, stem)
        return found

    def _noted(self, reply: Any) -> Any:
        self._date = time_of(reply) or self._date
        return reply

    def _failed_write(self, error: Exception, action: str, name: str) -> VendorError:
        if may_have_happened(error):
            return unknown(action, name, code_of(error) or type(error).__name__)
        return self._mapped(error, action, name)

    def _mapped(self, error: Exception, action: str, name: str) -> VendorError:
        where = f"SageMaker {self._options.region} {name}".rstrip()
        if own := of_sagemaker(error, action, where):
            return own
        return mapped(error, action, where, self._access)


def _checked(job: Any, name: str) -> Job:
    if job.get("LabelingJobStatus") in STATES and isinstance(job.get("LastModifiedTime"), datetime):
        checked: Job = job
        return checked
    raise TransientError("replied what is not SageMaker's", where=f"SageMaker {name}")
