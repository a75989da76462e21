"""EventBridge's word that a labeling job has changed, plain or in an SNS envelope."""

import json
import re
from collections.abc import Mapping
from typing import Any

from tasks.domain.incoming import Hint, MalformedRecordError

JOB = re.compile(r"arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:\d{12}:labeling-job/([a-zA-Z0-9-]{1,63})")
KINDS = "SageMaker Ground Truth Labeling Job"
"""What the event's kind begins with: job and task state changes."""
LONGEST = 1 << 18


def parse_event(body: bytes) -> Hint:
    """Understand an event; raises `MalformedRecordError`.

    The batch is named by its job.
    """
    event = _object(body)
    if "Message" in event and "TopicArn" in event:
        if event.get("Type") in ("SubscriptionConfirmation", "UnsubscribeConfirmation"):
            return Hint()
        event = _object(event["Message"])
    kind = event.get("detail-type")
    if event.get("source") != "aws.sagemaker" or not str(kind).startswith(KINDS):
        raise MalformedRecordError("it is no event of a labeling job")
    return Hint(_job(event))


def _job(event: Mapping[str, Any]) -> str | None:
    named, detail = event.get("resources"), event.get("detail")
    places = [str(one) for one in named] if isinstance(named, list) else []
    if isinstance(detail, Mapping):
        places.append(str(detail.get("labeling-job-arn", "")))
    found = (JOB.fullmatch(place) for place in places)
    return next((match[1] for match in found if match), None)


def _object(text: Any) -> Mapping[str, Any]:
    if not isinstance(text, bytes | str) or len(text) > LONGEST:
        raise MalformedRecordError("it is no event: not a text of at most 256 KB")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise MalformedRecordError("it is no event: not JSON") from None
    if not isinstance(value, Mapping):
        raise MalformedRecordError("it is no event: not an object")
    return value
