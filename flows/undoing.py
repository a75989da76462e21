"""``labelloop undo``: do it, tell MLflow, write the report, and say what it means."""

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from tasks import actions
from tasks.undo import Request, Undoing
from tasks.undo import undo as do


def undo(directory: Path, request: Request, console: Console) -> None:
    """Throw the last closed round away, and say what it means."""
    done = do(directory, request)
    missed = actions.catch_up(directory)["missed"]
    actions.publish(directory)
    for line in (*_told(done), *(f"made up for later: {one}" for one in missed)):
        console.print(line, markup=False, highlight=False)


def _told(done: Undoing) -> Iterator[str]:
    already = "was undone already" if done.again else "is undone"
    yield f"round {done.round} {already}: its labels are not trained on any more"
    start = (
        "nothing but the known labels"
        if done.standing is None
        else f"the snapshot of round {done.standing}"
    )
    yield f"  the next round starts from {start}, and has a number of its own"
    yield f"  {done.cost:.2f} stays spent; its answers are kept, and believed no more"
    asked = "may be" if done.ask_again else "are not"
    yield f"  the items that it asked {asked} asked again"
