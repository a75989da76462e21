"""``labelloop replay``: which rounds, and how the outcome is told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from flows.replay import RoundReplay
from flows.replay import replay as do_again
from tasks.domain import state
from tasks.domain.errors import CampaignError
from tasks.work import look_at


def replay(
    directory: Path,
    round_number: int | None,
    all_rounds: bool,
    console: Console | None,
    print_json: Callable[[Any], None],
) -> bool:
    """Replay rounds; gives whether every byte was equal.

    Parameters
    ----------
    console : Console or None
        Where to tell people; None to print JSON.

    Raises
    ------
    CampaignError
        No round is closed, or not the one that is asked for.
    """
    closed = state.closed_rounds(look_at(directory).ledger.entries())
    if not closed:
        raise CampaignError("has no closed round to replay", where=str(directory))
    if round_number is not None and round_number not in closed:
        fix = f"closed are 0 to {closed[-1]}"
        raise CampaignError(f"round {round_number} is not closed", where=str(directory), fix=fix)
    chosen = closed if all_rounds else [closed[-1] if round_number is None else round_number]
    found = do_again(directory.resolve(), chosen, watch=_teller(console))
    if console is None:
        print_json(found.to_json())
    return found.equal


def _teller(console: Console | None) -> Callable[[RoundReplay], None]:
    def tell(done: RoundReplay) -> None:
        if console is None:
            return
        outcome = "equal" if done.equal else "DIFFERENT"
        console.print(f"round {done.round}: {outcome}", markup=False, highlight=False)
        for stage in done.stages:
            if not stage.equal:
                console.print(f"  {stage.stage}: {stage.why}", markup=False, highlight=False)
                for row in stage.differing:
                    console.print(f"    {row}", markup=False, highlight=False)

    return tell
