"""What annotators see: the labeling setup of a project, and a task's data for it."""

import json
import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import quoteattr

from tasks.domain.outgoing import BatchSpec, FieldKind, Task
from tasks.vendors._label_studio import images
from tasks.vendors._label_studio.records import CONTROL, KEY

COPIES = "labelloop_copies"
"""Where a task's data say how many answers it wants."""
TABLE = "shown_table"
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")

Fields = Mapping[str, FieldKind]


def setup(spec: BatchSpec, question: str) -> str:
    """Write the labeling setup as XML; all that comes from outside is escaped."""
    tags = [tag for name, kind, place in _places(spec.fields) for tag in _tags(name, kind, place)]
    if _table(spec.fields) or not tags:
        tags.append(f'<Table name="{TABLE}" value="${TABLE}"/>')
    first = next((place for _, _, place in _places(spec.fields)), TABLE)
    if question:
        tags.append(f"<Header size='4' value={quoteattr(question)}/>")
    choices = "".join(f"<Choice value={quoteattr(one)}/>" for one in spec.classes)
    control = f'<Choices name="{CONTROL}" toName="{first}" choice="single" required="true">'
    return f"<View>{''.join(tags)}{control}{choices}</Choices></View>"


def data(task: Task, fields: Fields) -> dict[str, Any]:
    """Make a task's data: its key, its payload unchanged, and what is shown of it.

    Raises
    ------
    ValueError
        A field is missing, or cannot be shown as it is to be; the message names it.
    """
    _refuse_unwritable(task.payload)
    for name in fields:
        if name not in task.payload:
            raise ValueError(f"field {name!r} is missing")
    payload = dict(task.payload)
    values = {name: _cell(payload[name]) for name in _table(fields)}
    table = {TABLE: values or {"item": task.item_id}} if values or not fields else {}
    return {
        KEY: task.key,
        COPIES: task.copies,
        "item_id": task.item_id,
        "payload": payload,
        **{place: _shown(name, kind, payload[name]) for name, kind, place in _places(fields)},
        **table,
    }


def prediction(task: Task, fields: Fields) -> dict[str, Any]:
    """Make a task's pre-label in Label Studio's form; empty if it has none."""
    if task.prelabel is None:
        return {}
    first = next((place for _, _, place in _places(fields)), TABLE)
    chosen = {"choices": [task.prelabel.label]}
    region = {"from_name": CONTROL, "to_name": first, "type": "choices", "value": chosen}
    made = {
        "model_version": task.prelabel.model,
        "score": task.prelabel.score,
        "result": [{"id": "guess", **region}],
    }
    return {"predictions": [made]}


def _places(fields: Fields) -> list[tuple[str, FieldKind, str]]:
    # Names of columns may hold what the setup's own syntax would read as something else.
    return [
        (name, kind, f"shown_{number}")
        for number, (name, kind) in enumerate(fields.items(), start=1)
        if kind != "value"
    ]


def _table(fields: Fields) -> list[str]:
    return [name for name, kind in fields.items() if kind == "value"]


def _tags(name: str, kind: FieldKind, place: str) -> list[str]:
    tag = {"text": "Text", "image": "Image"}[kind]
    heading = f"<Header size='6' value={quoteattr(name.lstrip('$'))}/>"
    return [heading, f'<{tag} name="{place}" value="${place}"/>']


def _shown(name: str, kind: FieldKind, value: Any) -> str:
    if kind == "image":
        try:
            return images.shown(value)
        except ValueError as error:
            raise ValueError(f"field {name!r} {error}") from None
    if isinstance(value, dict | list):
        raise ValueError(f"field {name!r} is no text")
    return _cell(value)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _refuse_unwritable(payload: Mapping[str, Any]) -> None:
    try:
        text = json.dumps(payload, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (ValueError, TypeError):
        raise ValueError("is not plain JSON in UTF-8") from None
    if NUL.search(text):
        raise ValueError("has a NUL character, which databases do not take")
