"""Ground Truth: jobs at a server that keeps SageMaker's rules, files in a real S3."""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from contracts.exemptions import EXEMPT
from faults import (
    CutBefore,
    CutResponse,
    ErrorBody,
    Exchange,
    Fault,
    Proxy,
    ServerError,
    Throttled,
    TimeoutAfter,
    Wire,
)
from labelloop_contracts.world import (
    CAMPAIGN,
    CLASSES,
    PRICE,
    CannotHappenError,
    Trouble,
    World,
)
from sagemaker import REGION, ROLE, TEAM, SageMakerServer
from sagemaker_jobs import Job
from servers import S3Server
from wire import compose

from tasks import registry
from tasks.domain.outgoing import Outgoing, Reference, VendorContext

KEY, SECRET = "GROUND_TRUTH_KEY", "GROUND_TRUTH_SECRET"
FAULTS: Mapping[str, Callable[[], Fault]] = {
    "cut_before": CutBefore,
    "timeout_after": TimeoutAfter,
    "cut_response": CutResponse,
    "throttled": Throttled,
    "server_error": ServerError,
    "error_body": ErrorBody,
}
PUTTING = {"PUT", "DELETE"}
MAKING = {"SageMaker.CreateLabelingJob", "SageMaker.StopLabelingJob"}
DENIAL = b"<Error><Code>InvalidAccessKeyId</Code><Message>inactive</Message></Error>"

Where = Literal["both", "bucket", "jobs"]


def is_write(exchange: Exchange) -> bool:
    target = exchange.headers.get("x-amz-target", "")
    return target in MAKING if target else exchange.method in PUTTING


@dataclass(frozen=True)
class Inactive(Fault):
    """S3's word that a key is not active."""

    kind = "inactive"

    def suffer(self, wire: Wire) -> bool:
        return wire.reply(compose(403, DENIAL))


@dataclass
class Plan:
    """Faults for the next calls at either server; `left` is counted over both."""

    make: Callable[[], Fault]
    writes: bool
    left: int

    def __call__(self, exchange: Exchange) -> Fault | None:
        if self.left < 1 or (self.writes and not is_write(exchange)):
            return None
        self.left -= 1
        return self.make()


class GroundTruthWorld(World):
    """One AWS account.

    Parameters
    ----------
    trouble_at : {"both", "bucket", "jobs"}
        Which of the two wires goes wrong when a law asks for it.
    """

    exempt = EXEMPT["ground_truth"]

    def __init__(
        self,
        s3: S3Server,
        home: Path,
        setenv: Callable[[str, str], None],
        trouble_at: Where = "both",
        **options: Any,
    ) -> None:
        self.s3, self._home, self._stack, self._trouble_at = s3, home, ExitStack(), trouble_at
        setenv(KEY, s3.owner.access_key)
        setenv(SECRET, s3.owner.secret_key)
        self.secrets = (s3.owner.secret_key,)
        self.bucket = s3.fresh_bucket()
        self.sagemaker = SageMakerServer(s3.client(), {s3.owner.access_key})
        self._stack.enter_context(self.sagemaker)
        port = int(s3.url.rpartition(":")[2])
        self.files = self._stack.enter_context(Proxy("127.0.0.1", port))
        self.jobs = self._stack.enter_context(Proxy("127.0.0.1", self.sagemaker.port))
        usual = {
            "url": f"s3://{self.bucket}/campaigns",
            "region": REGION,
            "role_arn": ROLE,
            "workteam_arn": TEAM,
            "access_key": KEY,
            "secret_key": SECRET,
            "s3_endpoint": self.files.url,
            "sagemaker_endpoint": self.jobs.url,
            "wait_seconds": 2.0,
        }
        self.vendor = registry.build("vendors", "ground_truth", usual | options)
        self._now: datetime | None = None
        self._clock = datetime.now(UTC)

    def end(self) -> None:
        self._stack.close()

    def connect(self, outgoing: Outgoing | None = None):
        more = {} if outgoing is None else {"outgoing": outgoing}
        # A folder of its own: no reader may need what another has kept.
        home = self._home / secrets.token_hex(4)
        truth = home / "truth.parquet"
        context = VendorContext(CAMPAIGN, CLASSES, PRICE, 11, home, truth, **more)
        return self.vendor.connect(context)

    def answer(self, reference: Reference, key: str, annotator: str, label: str) -> None:
        self._submit(reference, key, annotator, {"crowd-classifier": {"label": label}})

    def leave_empty(self, reference: Reference, key: str, annotator: str) -> None:
        self._submit(reference, key, annotator, {"crowd-classifier": {}})

    def expire(self, reference: Reference, key: str) -> None:
        job, line = self._task(reference, key)
        reason = "ClientError: the task expired before enough workers had answered"
        job.conclude(line, {"label-metadata": {"failure-reason": reason, "human-annotated": "yes"}})

    def pass_time(self) -> None:
        self.sagemaker.settle()
        self._clock += timedelta(seconds=1)

    @contextmanager
    def same_instant(self) -> Iterator[None]:
        self._now = datetime.now(UTC)
        yield
        self._now = None

    def predict(self, reference: Reference, key: str, label: str) -> None:
        job, line = self._task(reference, key)
        told = {"class-name": label, "human-annotated": "no", "confidence": 0.99}
        job.conclude(line, {"label": 0, "label-metadata": told})

    def add_foreign_task(self, reference: Reference) -> None:
        """Put answers for an object into a job's folder that its manifest does not have."""
        job = self._ours(reference)[0]
        job.answer(
            77, "private.us-east-1.stranger", {"crowd-classifier": {"label": "ash"}}, self._moment()
        )

    def reuse_ids(self, reference: Reference) -> None:
        """Objects are numbered from 0 in each job."""

    def delete_batch(self, reference: Reference) -> None:
        client = self.s3.client()
        for one in self._listed(reference):
            client.delete_object(Bucket=self.bucket, Key=one)

    def unacceptable(self) -> Mapping[str, Any]:
        return {"note": "long " * 20_001, "height": 1}

    @contextmanager
    def trouble(self, kind: Trouble, *, writes: bool = True, times: int = 1) -> Iterator[None]:
        chosen = {"both": (self.files, self.jobs), "bucket": (self.files,), "jobs": (self.jobs,)}
        with ExitStack() as stack:
            plan = None if kind == "down" else Plan(FAULTS[kind], writes, times)
            for wire in chosen[self._trouble_at]:
                if plan is None:
                    stack.enter_context(wire.down())
                else:
                    stack.callback(wire.calm, wire.follow(plan))
            yield

    def revoke(self) -> None:
        self.sagemaker.keys.clear()
        self.files.follow(lambda exchange: Inactive())

    def renew(self) -> None:
        self.sagemaker.keys.add(self.s3.owner.access_key)
        self.files.calm()

    def event(self, reference: Reference) -> tuple[Mapping[str, str], bytes]:
        event = {
            "version": "0",
            "id": "111e1111-11d1-111f-b111-1111b11dcb11",
            "detail-type": "SageMaker Ground Truth Labeling Job State Change",
            "source": "aws.sagemaker",
            "account": "123456789012",
            "time": "2026-10-06T12:26:13Z",
            "region": REGION,
            "resources": [self._ours(reference)[0].arn],
            "detail": {"LabelingJobStatus": "Completed"},
        }
        return {"content-type": "application/json"}, json.dumps(event).encode()

    def count_tasks(self, reference: Reference) -> int:
        """Count the objects of all jobs, however often a key is among them."""
        self.sagemaker.settle()
        return sum(len(job.rows) for job in self._ours(reference))

    def payload(self, reference: Reference, key: str) -> Mapping[str, Any]:
        job, line = self._task(reference, key)
        return job.rows[line]["payload"]

    def count_writes(self) -> int:
        exchanges = [*self.files.exchanges, *self.jobs.exchanges]
        return sum(
            is_write(one) and one.forwarded > 0 and (one.status or 200) < 300 for one in exchanges
        )

    def stored(self) -> bytes:
        return b"\n".join(one.body for one in [*self.files.exchanges, *self.jobs.exchanges])

    def _submit(self, reference: Reference, key: str, annotator: str, content: Any) -> None:
        job, line = self._task(reference, key)
        job.answer(line, f"private.{REGION}.{annotator}", content, self._moment())

    def _moment(self) -> datetime:
        if self._now is not None:
            return self._now
        self._clock += timedelta(milliseconds=137)
        return self._clock

    def _task(self, reference: Reference, key: str) -> tuple[Job, int]:
        self.sagemaker.settle()
        for job in self._ours(reference):
            for line, row in enumerate(job.rows):
                if row["key"] == key:
                    return job, line
        raise CannotHappenError

    def _ours(self, reference: Reference) -> list[Job]:
        folder = f"{reference['url']}/{reference['batch']}/"
        found = []
        for job in list(self.sagemaker.jobs.values()):
            source = job.request["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"]
            if source.startswith(folder):
                found.append(job)
        return found

    def _listed(self, reference: Reference) -> list[str]:
        pages = self.s3.client().get_paginator("list_objects_v2")
        prefix = f"campaigns/{reference['batch']}/"
        listing = pages.paginate(Bucket=self.bucket, Prefix=prefix)
        return [one["Key"] for page in listing for one in page.get("Contents", [])]
