"""Reading a batch: what its jobs have, how far they are, and what is new."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, NamedTuple

from tasks.domain.incoming import MalformedRecordError, Page, Parsed, Progress
from tasks.objects.store import Info, Objects
from tasks.vendors._ground_truth.answers import Answers, Record, fingerprint
from tasks.vendors._ground_truth.batch import Batch
from tasks.vendors._ground_truth.cursor import Cursor
from tasks.vendors._ground_truth.jobs import ENDED, Job
from tasks.vendors._ground_truth.manifest import Manifest
from tasks.vendors._ground_truth.output import OUTPUT, failures
from tasks.vendors._ground_truth.parsing import parse

PAGE = 200
"""Objects of one page."""
WHY = {
    "Completed": "it came to its end without an answer of everybody",
    "Stopped": "the labeling job was stopped",
    "Failed": "the labeling job failed",
}

Files = dict[int, list[Info]]


class Running(NamedTuple):
    """A manifest whose job is there."""

    manifest: Manifest
    job: Job


class Tally(NamedTuple):
    """How many answers an object has, and how many of them have a label."""

    all: int
    labelled: int


class Reading:
    """One batch, read.

    Parameters
    ----------
    running : sequence of Running
        Its jobs, in the order of their manifests.
    """

    def __init__(
        self,
        batch: Batch,
        objects: Objects,
        answers: Answers,
        running: list[Running],
        label_path: str,
    ) -> None:
        self._batch, self._objects, self._answers = batch, objects, answers
        self._running, self._label_path = running, label_path

    def page(self, body: Mapping[str, Any] | None) -> Page:
        """Give the objects whose files are not those of the cursor, at most `PAGE`."""
        cursor = Cursor.read(body)
        changed = list(self._changed(cursor))
        records: list[Record] = []
        for one, group in groupby(changed[:PAGE], key=lambda change: change[0]):
            files = {line: infos for _, line, infos in group}
            records += self._records(one, files)
            for line, infos in files.items():
                cursor.add(self._name(one), line, fingerprint(infos))
        more = len(changed) > PAGE
        if not more:
            records += self._newly_ended(cursor)
        return Page(tuple(records), cursor.to_body(), more)

    def everything(self) -> tuple[Record, ...]:
        """Give all records that there are."""
        records: list[Record] = []
        for one in self._running:
            files = self._answers.files(one.manifest)
            records += self._records(one, files) + self._ends(one, files)
        return tuple(records)

    def labelled(self) -> int:
        """Count the answers that have a label."""
        tallies = (self._tallies(one, self._answers.files(one.manifest)) for one in self._running)
        return sum(tally.labelled for by_line in tallies for tally in by_line)

    def progress(self, hours: float) -> Progress:
        """Count what was asked for, what is there, and what will not come."""
        expected = answered = gone = 0
        for one in self._running:
            copies, over = one.manifest.copies, self._over(one)
            for line, tally in enumerate(self._tallies(one, self._answers.files(one.manifest))):
                there = min(copies, tally.labelled)
                expected += copies
                answered += there
                gone += copies - there if line in over or tally.all >= copies else 0
        return Progress(expected, answered, hours, gone)

    def _changed(self, cursor: Cursor) -> Iterator[tuple[Running, int, list[Info]]]:
        for one in self._running:
            for line, files in self._answers.files(one.manifest).items():
                if not cursor.has(self._name(one), line, fingerprint(files)):
                    yield one, line, files

    def _newly_ended(self, cursor: Cursor) -> list[Record]:
        records: list[Record] = []
        for one in self._running:
            if one.job["LabelingJobStatus"] in ENDED and self._name(one) not in cursor.ended:
                records += self._ends(one, self._answers.files(one.manifest))
                cursor.ended.add(self._name(one))
        return records

    def _ends(self, one: Running, files: Files) -> list[Record]:
        if one.job["LabelingJobStatus"] not in ENDED:
            return []
        tallies, at = self._tallies(one, files), _utc(one.job["LastModifiedTime"])
        return [
            self._answers.ended(one.manifest, line, why, at)
            for line, why in self._over(one).items()
            if tallies[line].all < one.manifest.copies
        ]

    def _over(self, one: Running) -> dict[int, str]:
        """Say of which objects no more answers come, and why."""
        state = one.job["LabelingJobStatus"]
        failed = self._failures(one)
        if state not in ENDED:
            return failed
        why = str(one.job.get("FailureReason") or WHY[state])[:1000]
        return dict.fromkeys(range(len(one.manifest.keys)), why) | failed

    def _failures(self, one: Running) -> dict[int, str]:
        if not one.job.get("LabelCounters", {}).get("FailedNonRetryableError"):
            return {}
        place = self._batch.place
        blob = self._objects.get(place.name(place.output(self._name(one)) + OUTPUT))
        found = failures(blob.content) if blob else {}
        return {line: why for line, why in found.items() if line < len(one.manifest.keys)}

    def _tallies(self, one: Running, files: Files) -> list[Tally]:
        """Count the answers of each object."""
        found: dict[int, dict[str, bool]] = defaultdict(dict)
        for record in self._records(one, files):
            for answer in self._understood(record).answers:
                found[record["object"]][answer.answer_id] = answer.label is not None
        lines = (found[line].values() for line in range(len(one.manifest.keys)))
        return [Tally(len(answers), sum(answers)) for answers in lines]

    def _records(self, one: Running, files: Files) -> list[Record]:
        pairs = [(line, info) for line, infos in files.items() for info in infos]
        return self._answers.records(one.manifest, pairs)

    def _understood(self, record: Record) -> Parsed:
        try:
            return parse(record, self._label_path)
        except MalformedRecordError:
            return Parsed(())

    def _name(self, one: Running) -> str:
        return self._batch.job(one.manifest)


def hours_between(start: str, end: datetime) -> float:
    """Give the hours from an ISO 8601 time to another time; never negative."""
    return max(0.0, (end - datetime.fromisoformat(start)).total_seconds() / 3600)


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
