"""A SageMaker server on loopback that knows labeling jobs, and nothing else.

There is no such server to be had. It speaks SageMaker's protocol (JSON 1.1, the operation in
``X-Amz-Target``), checks each request against the service model of botocore, and reads and writes
a real S3 as Ground Truth does. Signatures are not checked, keys are::

    with SageMakerServer(s3.client(), keys={"AKIA..."}) as server:
        client = boto3.client("sagemaker", endpoint_url=server.url, region_name="us-east-1")
"""

import json
import re
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from sagemaker_jobs import Bucket, Job, Request
from sagemaker_model import RefusedError, check

ACCOUNT = "123456789012"
REGION = "us-east-1"
TEAM = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:workteam/private-crowd/foresters"
VENDORS_TEAM = f"arn:aws:sagemaker:{REGION}:222222222222:workteam/vendor-crowd/wood"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ground-truth"
LONGEST = 28_800
KEY = re.compile(r"Credential=([^/]+)/")


class SageMakerServer:
    """Labeling jobs of one account in one region.

    Attributes
    ----------
    jobs : dict of str to Job
        By their names in lower case: SageMaker does not tell them apart.
    most : int
        Jobs that may run at a time.
    denied : dict of str to str
        Errors to give instead, by operation.
    unlisted : set of str
        Jobs that a list does not have yet, by their names in lower case.
    """

    def __init__(self, s3: Any, keys: set[str]) -> None:
        self.keys, self.jobs, self.most = keys, dict[str, Job](), 1000
        self.denied: dict[str, str] = {}
        self.unlisted: set[str] = set()
        self._bucket, self._lock = Bucket(s3), threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def settle(self) -> None:
        """Let happen what takes a while."""
        for job in list(self.jobs.values()):
            job.settle()

    def call(self, operation: str, body: Any, authorization: str) -> Request:
        """Do what a request asks."""
        key = KEY.search(authorization)
        if not key:
            raise RefusedError("MissingAuthenticationToken", "Missing Authentication Token", 403)
        if key[1] not in self.keys:
            raise RefusedError("UnrecognizedClientException", "The security token is invalid.")
        if operation in self.denied:
            raise RefusedError(self.denied[operation], f"not authorized to perform: {operation}")
        check(operation, body)
        with self._lock:
            done: Request = getattr(self, f"_{operation}", self._unknown)(body)
        return done

    def _unknown(self, body: Request) -> Request:
        raise RefusedError("UnknownOperationException", "this server knows labeling jobs only")

    def _CreateLabelingJob(self, body: Request) -> Request:  # noqa: N802
        name, human = body["LabelingJobName"], body["HumanTaskConfig"]
        if name.lower() in self.jobs:
            raise RefusedError("ResourceInUse", f"Labeling Job {name} already exists")
        if sum(job.state == "InProgress" for job in self.jobs.values()) >= self.most:
            raise RefusedError("ResourceLimitExceeded", "the account's limit is reached")
        if re.search("-(metadata|ref)$", body["LabelAttributeName"]):
            raise RefusedError("ValidationException", "LabelAttributeName has a bad ending")
        if human["TaskTimeLimitInSeconds"] > LONGEST:
            raise RefusedError("ValidationException", f"TaskTimeLimitInSeconds is over {LONGEST}")
        arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:labeling-job/{name.lower()}"
        self.jobs[name.lower()] = Job(body, arn, self._bucket, datetime.now(UTC))
        return {"LabelingJobArn": arn}

    def _DescribeLabelingJob(self, body: Request) -> Request:  # noqa: N802
        return self._job(body).describe()

    def _StopLabelingJob(self, body: Request) -> Request:  # noqa: N802
        self._job(body).stop()
        return {}

    def _ListLabelingJobs(self, body: Request) -> Request:  # noqa: N802
        part = body.get("NameContains", "").lower()
        names = sorted(name for name in self.jobs.keys() - self.unlisted if part in name)
        begin, size = int(body.get("NextToken", 0)), body.get("MaxResults", 10)
        page = [self.jobs[name].summary() for name in names[begin : begin + size]]
        more = {"NextToken": str(begin + size)} if begin + size < len(names) else {}
        return {"LabelingJobSummaryList": page} | more

    def _DescribeWorkteam(self, body: Request) -> Request:  # noqa: N802
        if body["WorkteamName"] != TEAM.rpartition("/")[2]:
            raise RefusedError("ValidationException", "No Workteam found")
        pool = {"UserPool": "us-east-1_1", "UserGroup": "g", "ClientId": "c"}
        team = {"WorkteamName": body["WorkteamName"], "WorkteamArn": TEAM, "Description": "d"}
        members = [{"CognitoMemberDefinition": pool}]
        return {"Workteam": team | {"MemberDefinitions": members}}

    def _DescribeSubscribedWorkteam(self, body: Request) -> Request:  # noqa: N802
        if body["WorkteamArn"] != VENDORS_TEAM:
            raise RefusedError("ValidationException", "No Workteam found")
        return {"SubscribedWorkteam": {"WorkteamArn": VENDORS_TEAM, "SellerName": "s"}}

    def _job(self, body: Request) -> Job:
        job = self.jobs.get(body["LabelingJobName"].lower())
        if job is None:
            raise RefusedError("ResourceNotFound", "Requested resource not found.")
        return job

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_POST(self) -> None:
                operation = self.headers.get("X-Amz-Target", "").removeprefix("SageMaker.")
                content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                try:
                    asker = self.headers.get("Authorization", "")
                    status, body = 200, server.call(operation, json.loads(content), asker)
                except RefusedError as error:
                    status = error.status
                    body = {"__type": error.code, "message": error.message}
                self._reply(status, json.dumps(body).encode())

            def _reply(self, status: int, content: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler
