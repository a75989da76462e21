"""An item's story, in words."""

from collections.abc import Iterator

from tasks.audit.rounds import Row
from tasks.audit.why import Story
from tasks.delivery.aside import line

KINDS = {
    "pool": "an item of the pool",
    "holdout": "an item of the holdout: it measures, and is never queried or trained on",
    "gold": "a gold item: its class is known, and measures annotators",
    "waiting": "an item that was added, and is in the pool from the next round on",
    "gone": "once an item of the pool, and no longer in it",
}
TAGS = 12
"""Digits of a digest that are shown."""


def tell(story: Story) -> str:
    """Write a story for the terminal."""
    return "\n".join(
        [
            f"{story.item_id}: {KINDS[story.kind]}",
            *_considered(story),
            *(f"  {_push(row)}" for row in story.pushes),
            *(f"  {_answer(row)}" for row in story.answers),
            *(f"  {_imported(row)}" for row in story.imported),
            f"  label: {_label(story)}",
            *_trained(story),
            *_undone(story),
        ]
    )


def _considered(story: Story) -> Iterator[str]:
    for row in story.considered:
        outcome = "chosen" if row["selected"] else "not chosen"
        score = f"score {row['score']:.4g}, cut-off {row['cutoff']:.4g}"
        chance = f"inclusion probability {row['inclusion_probability']:.4g}"
        model = f"model {row['model_digest'][:TAGS]}" if row["model_digest"] else "no model yet"
        yield f"  round {row['round']}: {outcome} by {row['strategy']}, rank {row['rank']}, {score}"
        yield f"    {row['reason']} ({chance}, {model})"
    if story.not_recorded:
        numbers = ", ".join(str(number) for number in story.not_recorded)
        which = "round" if len(story.not_recorded) == 1 else "rounds"
        yield f"  {which} {numbers}: scored, below the runners-up"
    if not story.considered and not story.not_recorded and story.kind == "pool":
        yield "  no round has scored it"


def _push(row: Row) -> str:
    many = "1 answer" if row["copies"] == 1 else f"{row['copies']} answers"
    what = f"round {row['round']}: {many} asked for as {row['role']}"
    if row["task_id"] is None:
        return f"{what}, not received by the vendor"
    gone = f", {row['withdrawn']} of them withdrawn" if row["withdrawn"] else ""
    if row["deleted"]:
        gone += f"; the batch was deleted at the vendor, and {row['deleted']}"
    sent = f"sent to {row['vendor']} for {row['price']:g} each at {row['sent_at']}"
    return f"{what}, {sent} (task {row['task_id']}){gone}"


def _answer(row: Row) -> str:
    if row["quarantined"]:
        said = line(row.get("place") or "", row["quarantined"], row.get("fix") or "")
        return f"round {row['round']}: set aside, {said}"
    late = ", late" if row["late"] else ""
    late += ", not believed since that round is undone" if row["undone"] else ""
    revision = f", revision {row['revision']}" if row["revision"] else ""
    said = f"{row['annotator_id']} said {row['label']!r}"
    if row["label"] is None:
        said = f"{row['annotator_id']}'s answer was taken back"
    return f"round {row['round']}: {said} at {row['answered_at']}{revision}{late}"


def _imported(row: Row) -> str:
    if row["counts_from"] is not None:
        on = f"imported from {row['source']} on round {row['counts_from']}"
    else:
        on = f"imported from {row['source']}, counts from the next round on"
    who = f" by {row['annotator_id']}" if row["annotator_id"] else ""
    said = f"{row['label']!r}{who} with confidence {row['confidence']:g}"
    return f"{on}: {said} ({row['file']} row {row['row']})"


def _label(story: Story) -> str:
    if story.label is None:
        return "none: what gold is was known before" if story.kind == "gold" else "none yet"
    return str(story.label["how"])


def _trained(story: Story) -> Iterator[str]:
    if story.trained_in:
        yield "  trained on it: " + ", ".join(
            f"round {row['round']} ({row['model_digest'][:TAGS]})"
            + (", undone" if row["undone"] else "")
            for row in story.trained_in
        )


def _undone(story: Story) -> Iterator[str]:
    """Say what became of the rounds that asked for the item and were thrown away."""
    asked = {row["round"] for row in story.pushes}
    for number, body in story.undone.items():
        if number in asked:
            again = "may be" if body["ask_again"] else "is not"
            told = f"what it asked is paid and {again} asked again"
            yield f"  round {number} is undone ({body['reason']}): {told}"
