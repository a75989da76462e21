"""Names: where a batch lies in the bucket, and what its jobs are called."""

import hashlib
import re
from dataclasses import dataclass

from tasks.objects.store import refuse_bad_url

MAX_COPIES = 9
"""Workers for one object, by Ground Truth's own limit."""
MAX_TASKS = 1000
"""Of one job: as many as Ground Truth has at work at one time, so that a job is one iteration."""
ATTRIBUTE = "label"
"""Where a job writes its own conclusion in the output manifest."""

MANIFEST = re.compile(r"manifests/(\d{5})\.jsonl")
RESPONSE = re.compile(r"annotations/worker-response/iteration-\d{1,6}/(\d{1,9})/[^/]+\.json")


def refuse_bad_place(url: str) -> str:
    """Give the URL back if it is of a bucket; raises a `ValueError`."""
    if not refuse_bad_url(url).startswith("s3://"):
        raise ValueError("is no s3://bucket/prefix")
    return url.rstrip("/")


@dataclass(frozen=True)
class Place:
    """A batch's folder in the bucket; names are relative to `url`.

    Attributes
    ----------
    url : str
        Of bucket and prefix, without a slash at its end.
    batch : str
    """

    url: str
    batch: str

    def name(self, name: str) -> str:
        """Give the name of one of its files."""
        return f"{self.batch}/{name}"

    def uri(self, name: str) -> str:
        """Give the whole address of one of its files."""
        return f"{self.url}/{self.name(name)}"

    def manifest(self, number: int) -> str:
        """Name the input manifest of one of its jobs."""
        return f"manifests/{number:05d}.jsonl"

    def output(self, job: str) -> str:
        """Name the folder that a job writes to."""
        return f"output/{job}/"

    @property
    def stem(self) -> str:
        """What the names of all its jobs begin with; of no other batch of account and region.

        Upper and lower case are the same to SageMaker, so the digest alone tells batches apart.
        """
        word = re.sub(r"[^a-z0-9]+", "-", self.batch.lower()).strip("-")[:24].strip("-")
        digest = hashlib.sha256(f"{self.url}\n{self.batch}".encode()).hexdigest()[:16]
        return f"{word or 'labelloop'}-{digest}"

    def job(self, number: int, digest: str) -> str:
        """Name the job of a manifest: at most 63 characters.

        The digest of the manifest is in it, since a job outlives a batch that somebody deleted.
        """
        return f"{self.stem}-{number:05d}-{digest[:8]}"
