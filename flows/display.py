"""What a run shows while it goes on: the stage that is at work, and a line per round."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from flows.round import Facts, Watch
from flows.words import reopened
from tasks import campaign as at
from tasks.domain.strict_json import json_in

WORDS = {
    "reopen": "asking the stop rules again",
    "begin": "opening the round",
    "pool": "reading the pool",
    "open": "laying out the last snapshot",
    "validate": "validating the data",
    "train": "training the query model",
    "score": "scoring the pool",
    "push": "making the batch",
    "deliver": "sending the batch",
    "subscribe": "registering the webhook",
    "look": "asking for answers",
    "collect": "checking answers",
    "settle": "settling the cost",
    "release": "closing old batches",
    "review": "turning answers into labels",
    "evaluate": "measuring on the holdout",
    "stop": "asking the stop rules",
    "close": "versioning the snapshot",
    "catch_up": "telling MLflow and the remote",
    "publish": "writing the report",
}
HEADER = (
    "round  labels  answers    spent  accuracy [95% interval]  baseline  macro-F1  alpha   gold"
)


class Display:
    """Keeps a spinner line while a run goes on and prints a line when a round is closed.

    Parameters
    ----------
    console : Console
    directory : Path
        The campaign.
    """

    def __init__(self, console: Console, directory: Path) -> None:
        self.console = console
        self.directory = directory.resolve()
        self._live: Live | None = None
        self._headed = False
        self._aside: dict[str, bool] = {}

    @contextmanager
    def running(self) -> Iterator[Watch]:
        """Show progress inside the block; gives the function to tell it to."""
        with Live(console=self.console, transient=True, refresh_per_second=8) as live:
            self._live = live
            yield self.told

    def say(self, words: str) -> None:
        """Show what is being done."""
        if self._live and self.console.is_terminal:
            self._live.update(Spinner("dots", Text(words)))

    def told(self, step: str, facts: Facts) -> None:
        """Take in that an action begins or has ended."""
        number = facts.get("round_number", facts.get("round"))
        place = f"round {number}: " if number is not None else ""
        if facts["state"] == "running":
            self.say(place + WORDS.get(step, step))
            if step == "look":
                self._tell_aside(place)
        elif step == "look" and not facts["done"]:
            self.say(f"{place}{facts['answered']} of {facts['expected']} answers are in")
            if "set_aside" in facts:
                lines = facts["set_aside"]
                self._aside = {said: self._aside.get(said, False) for said in lines}
        elif step == "reopen":
            self._reopened(facts)
        elif step == "close":
            self._line(facts["round_number"])
        elif step == "away":
            words = f"the vendor is away, and is asked again until it is back: {facts['error']}"
            self.console.print(words, style="yellow", markup=False, highlight=False)
        elif step == "back":
            self.console.print("the vendor is back", markup=False, highlight=False)
        elif step == "catch_up":
            for missed in facts["missed"]:
                self.console.print(f"made up for later: {missed}", style="yellow", markup=False)

    def _tell_aside(self, place: str) -> None:
        """Tell once what is set aside, while a run waits on; a run that ends tells it all."""
        for said in [said for said, is_told in self._aside.items() if not is_told]:
            self._aside[said] = True
            words = f"{place}set aside, no answer so far: {said}"
            self.console.print(words, style="yellow", markup=False, highlight=False)

    def _reopened(self, facts: Facts) -> None:
        if facts["goes_on"] and facts["changes"]:
            self.console.print(reopened(facts["changes"]), markup=False, highlight=False)

    def _line(self, number: int) -> None:
        history = {record["round"]: record for record in json_in(self.directory / at.HISTORY)}
        if not self._headed:
            self.console.print(HEADER, style="dim", markup=False, highlight=False)
            self._headed = True
        self.console.print(line(history[number]), markup=False, highlight=False)


def line(record: dict[str, Any]) -> str:
    """Write one closed round as a row beneath `HEADER`.

    The baseline is the accuracy of always answering the largest class.
    """
    accuracy = record["metrics"].get("accuracy")
    measured = (
        f"{accuracy['value']:.3f} [{accuracy['low']:.3f}, {accuracy['high']:.3f}]"
        if accuracy
        else "no model yet"
    )
    macro, alone = (
        record["metrics"].get(name, {}).get("value") for name in ("macro_f1", "baseline/accuracy")
    )
    return (
        f"{record['round']:>5}  {record['labels']:>6}  {record['answers']:>7}  "
        f"{record['spent']:>7.2f}  {measured:<23}  {_number(alone):>8}  {_number(macro):>8}  "
        f"{_number(record['alpha']):>5}  {_number(record['gold_accuracy']):>5}"
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
