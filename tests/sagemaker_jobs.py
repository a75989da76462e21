"""A labeling job and its workers: what Ground Truth does with a manifest, and what it writes.

Files are named and made as the developer guide says ("Labeling job output data").
"""

import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError
from sagemaker_model import RefusedError

LINE = 100_000
ITERATION = "iteration-1"
OVER = {"Completed", "Failed", "Stopped"}

Request = dict[str, Any]


class Bucket:
    """S3, by whole addresses."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def read(self, uri: str) -> bytes | None:
        try:
            return self._client.get_object(**_place(uri))["Body"].read()
        except ClientError:
            return None

    def write(self, uri: str, value: Any) -> None:
        content = value if isinstance(value, bytes) else json.dumps(value).encode()
        self._client.put_object(**_place(uri), Body=content)


def _place(uri: str) -> dict[str, str]:
    parts = urlsplit(uri)
    return {"Bucket": parts.netloc, "Key": parts.path.lstrip("/")}


@dataclass
class Job:
    """One labeling job.

    Attributes
    ----------
    rows : list of dict
        The lines of its manifest.
    answers : dict of int to list
        By line, what workers said of it.
    outcomes : dict of int to dict
        By line, what the output manifest has beside the row.
    files : dict of str to list
        What is in each file of answers.
    """

    request: Request
    arn: str
    bucket: Bucket
    made: datetime
    state: str = "Initializing"
    reason: str = ""
    changed: datetime | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    outcomes: dict[int, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    lock: Any = field(default_factory=threading.RLock)

    @property
    def name(self) -> str:
        return self.request["LabelingJobName"]

    @property
    def copies(self) -> int:
        return self.request["HumanTaskConfig"]["NumberOfHumanWorkersPerDataObject"]

    @property
    def folder(self) -> str:
        return f"{self.request['OutputConfig']['S3OutputPath'].rstrip('/')}/{self.name}"

    def start(self) -> None:
        """Look at the files that it needs; fail as Ground Truth does, after the request."""
        try:
            self._read()
            self._move("InProgress")
        except ValueError as error:
            self._move("Failed", f"ClientError: {error}")

    def settle(self) -> None:
        """Let happen what takes a while."""
        with self.lock:
            if self.state == "Initializing":
                self.start()
            if self.state == "Stopping":
                self._move("Stopped")
                self._publish()

    def stop(self) -> None:
        if self.state in OVER:
            raise RefusedError("ValidationException", f"the job is in the state {self.state}")
        self._move("Stopping")

    def answer(self, line: int, worker: str, content: Any, at: datetime) -> None:
        """Let a worker submit; what is there afterwards is all in the bucket."""
        with self.lock:
            self.settle()
            self.answers.setdefault(line, []).append(_answer(worker, content, at))
            self._write_responses(line, at)
            if line >= len(self.rows):
                return
            if len(self.answers[line]) >= self.copies:
                self._consolidate(line, at)
            self._publish()

    def conclude(self, line: int, said: dict[str, Any]) -> None:
        """Write a conclusion that no worker had a part in."""
        with self.lock:
            self.settle()
            self.outcomes[line] = said
            self._publish()

    def describe(self) -> Request:
        body = self.request | {
            "LabelingJobArn": self.arn,
            "LabelingJobStatus": self.state,
            "LabelCounters": self._counters(),
            "CreationTime": self.made.timestamp(),
            "LastModifiedTime": (self.changed or self.made).timestamp(),
            "JobReferenceCode": "0" * 8,
        }
        if self.state == "Completed":
            body["LabelingJobOutput"] = {"OutputDatasetS3Uri": f"{self.folder}/{OUTPUT}"}
        return body | ({"FailureReason": self.reason} if self.reason else {})

    def summary(self) -> Request:
        """Describe it as a list does."""
        body, human = self.describe(), self.request["HumanTaskConfig"]
        names = ("LabelingJobArn", "LabelingJobStatus", "LabelCounters", "CreationTime")
        names += ("LastModifiedTime", "LabelingJobName", "InputConfig", "FailureReason")
        return {name: body[name] for name in names if name in body} | {
            "WorkteamArn": human["WorkteamArn"]
        }

    def _read(self) -> None:
        categories = self._file(self.request.get("LabelCategoryConfigS3Uri", ""))
        labels = [one["label"] for one in json.loads(categories)["labels"]]
        if len(labels) < 2 or len(set(labels)) < len(labels):
            raise ValueError("there must be two label categories, and no two the same")
        page = self._file(self.request["HumanTaskConfig"]["UiConfig"].get("UiTemplateS3Uri", ""))
        if b"<crowd-form>" not in page:
            raise ValueError("the template has no crowd-form")
        source = self.request["InputConfig"]["DataSource"]["S3DataSource"]["ManifestS3Uri"]
        for line in self._file(source).decode().splitlines():
            self.rows.append(_row(line))
        if not self.rows:
            raise ValueError("the manifest is empty")

    def _file(self, uri: str) -> bytes:
        content = self.bucket.read(uri)
        if content is None:
            raise ValueError(f"cannot read {uri!r}")
        return content

    def _move(self, state: str, reason: str = "") -> None:
        self.state, self.reason, self.changed = state, reason, datetime.now(UTC)

    def _write_responses(self, line: int, at: datetime) -> None:
        # A file is named by the second, so answers of one second are in one file.
        name = f"{line}/{at:%Y-%m-%d_%H:%M:%S}.json"
        self.files.setdefault(name, []).append(self.answers[line][-1])
        uri = f"{self.folder}/annotations/worker-response/{ITERATION}/{name}"
        self.bucket.write(uri, {"answers": self.files[name]})

    def _consolidate(self, line: int, at: datetime) -> None:
        row, name = self.rows[line], self.request["LabelAttributeName"]
        shown = {"content": row["source"]} if "source" in row else {"s3Uri": row["source-ref"]}
        annotations = [
            {
                "workerId": one["workerId"],
                "annotationData": {"content": json.dumps(one["answerContent"])},
            }
            for one in self.answers[line]
        ]
        asked = [{"datasetObjectId": str(line), "dataObject": shown, "annotations": annotations}]
        folder = f"{self.folder}/annotations/consolidated-annotation/consolidation-request"
        self.bucket.write(f"{folder}/{ITERATION}/{at:%Y-%m-%d_%H:%M:%S}.json", asked)
        label = next(iter(self.answers[line][0]["answerContent"].values()), {}).get("label")
        self.outcomes[line] = {
            name: 0,
            f"{name}-metadata": {
                "class-name": label,
                "job-name": f"labeling-job/{self.name}",
                # One worker's word is worth nothing to Ground Truth.
                "confidence": 0.0 if self.copies == 1 else 0.8,
                "type": "groundtruth/text-classification",
                "human-annotated": "yes",
                "creation-date": at.replace(tzinfo=None).isoformat(),
            },
        }

    def _publish(self) -> None:
        rows = [row | self.outcomes.get(line, {}) for line, row in enumerate(self.rows)]
        content = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
        self.bucket.write(f"{self.folder}/{OUTPUT}", content)
        if len(self.outcomes) == len(self.rows) and self.state == "InProgress":
            self._move("Completed")

    def _counters(self) -> dict[str, int]:
        told = [self.outcomes[line][self._metadata] for line in self.outcomes]
        failed = sum("failure-reason" in one for one in told)
        machine = sum(one.get("human-annotated") == "no" for one in told)
        return {
            "TotalLabeled": len(told) - failed,
            "HumanLabeled": len(told) - failed - machine,
            "MachineLabeled": machine,
            "FailedNonRetryableError": failed,
            "Unlabeled": len(self.rows) - len(told),
        }

    @property
    def _metadata(self) -> str:
        return f"{self.request['LabelAttributeName']}-metadata"


OUTPUT = "manifests/output/output.manifest"


def _row(line: str) -> dict[str, Any]:
    if len(line) > LINE:
        raise ValueError(f"a line of the manifest has more than {LINE} characters")
    row = json.loads(line)
    if ("source" in row) == ("source-ref" in row):
        raise ValueError("a line of the manifest has not exactly one of source and source-ref")
    return row


def _answer(worker: str, content: Any, at: datetime) -> dict[str, Any]:
    return {
        "acceptanceTime": _time(at - timedelta(seconds=40)),
        "answerContent": content,
        "submissionTime": _time(at),
        "timeSpentInSeconds": 38.25,
        "workerId": worker,
        "workerMetadata": {
            "identityData": {
                "identityProviderType": "Cognito",
                "issuer": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_123456789",
                "sub": f"sub-of-{worker}",
            }
        },
    }


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
