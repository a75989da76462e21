"""A batch as a vendor gets it: its specification and its tasks."""

import json
from collections.abc import Mapping

import pandas as pd

from tasks.delivery.payloads import PRELABEL
from tasks.domain.errors import CapabilityMissingError
from tasks.domain.outgoing import BatchSpec, Capabilities, FieldKind, Prelabel, Task
from tasks.params import FeaturesParams, Params


def spec(name: str, rows: pd.DataFrame, params: Params) -> BatchSpec:
    """Say what a batch of some tasks is."""
    return BatchSpec(
        name=name,
        classes=tuple(params.campaign.classes),
        fields=kinds(params.vendor.send, params.features),
        copies=int(rows["copies"].max()) if len(rows) else 1,
        tasks=len(rows),
        prelabels=params.push.prelabels,
    )


def kinds(send: list[str], features: FeaturesParams) -> Mapping[str, FieldKind]:
    """Say how each field is shown, by what the model takes it for."""
    return {
        name: "text" if name in features.text else "image" if name in features.image else "value"
        for name in send
    }


def tasks_of(rows: pd.DataFrame, payloads: Mapping[str, str], *, pseudonyms: bool) -> list[Task]:
    """Make the vendor's tasks of rows with key, item_id, copy and copies.

    They are in the order of their keys, which are hashes: so nobody can tell gold by its place.

    Parameters
    ----------
    payloads : mapping of str to str
        Canonical JSON by item.
    pseudonyms : bool
        Whether the vendor knows an item by the task's key alone.
    """
    ordered = rows.sort_values("key")
    columns = (ordered[name] for name in ("key", "item_id", "copy", "copies"))
    tasks = []
    for key, item_id, copy, copies in zip(*columns, strict=True):
        content = json.loads(payloads[item_id])
        guess = content.pop(PRELABEL, None)
        shown = key if pseudonyms else item_id
        prelabel = Prelabel(**guess) if guess else None
        tasks.append(Task(key, shown, content, int(copies), int(copy), prelabel))
    return tasks


def refuse_missing(name: str, can: Capabilities, params: Params, most_copies: int) -> None:
    """Raise a `CapabilityMissingError` if a vendor cannot do what params.yaml asks for."""
    wants = {
        "push.prelabels: it cannot show the model's guess": params.push.prelabels
        and not can.prelabels,
        "collect.at_deadline: it cannot withdraw what it has": params.collect.at_deadline
        in ("withdraw", "resend")
        and not can.cancel,
        f"{most_copies} answers of one item: it gives at most {can.max_copies}": can.max_copies
        is not None
        and most_copies > can.max_copies,
    }
    for what, missing in wants.items():
        if missing:
            fix = "change that, or take another vendor"
            raise CapabilityMissingError(what, where=f"the vendor {name}", fix=fix)
