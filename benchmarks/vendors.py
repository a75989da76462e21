"""What a batch costs at a real Label Studio: by the vendor, and by label-studio-sdk.

Needs Label Studio's own environment: `make test-label-studio` makes it.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import vendors_rows as rows  # noqa: E402
from faults import Proxy  # noqa: E402
from label_studio_server import ENVIRONMENT, TEMPLATE, LabelStudioServer  # noqa: E402

from tasks.domain.outgoing import BatchSpec, Task, VendorContext  # noqa: E402
from tasks.vendors.label_studio import LabelStudio  # noqa: E402

CHUNK = 1000
COPIES = 3
FEW = 100
"""Tasks of the small batch, and of those that change after the first pull."""
POLLS = 5


class Clock:
    """Seconds and requests of each piece of work, by its name."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self.table: dict[str, tuple[float, int]] = {}

    def run(self, name: str, work: Callable[[], Any]) -> Any:
        """Do it once."""
        before, began = len(self._proxy.exchanges), time.perf_counter()
        result = work()
        seconds = time.perf_counter() - began
        self.table[name] = (seconds, len(self._proxy.exchanges) - before)
        return result

    def poll(self, name: str, work: Callable[[], Any]) -> None:
        """Do it some times; the median counts."""
        taken = []
        for _ in range(POLLS):
            self.run(name, work)
            taken.append(self.table[name])
        self.table[name] = (statistics.median(one for one, _ in taken), taken[0][1])


@contextmanager
def sdk(url: str, token: str) -> Iterator[Callable[..., Any]]:
    """Start a process with the SDK, ready to take orders."""
    command = [ENVIRONMENT / "bin/python", ROOT / "benchmarks/vendors_sdk.py", url, token]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as it:
        assert it.stdin
        assert it.stdout
        ready, told = json.loads(it.stdout.readline()), it.stdin
        print(f"the SDK takes {ready['seconds']:.1f} s to import")

        def order(do: str, **more: Any) -> Any:
            told.write(json.dumps({"do": do, **more}) + "\n")
            told.flush()
            return json.loads(it.stdout.readline())["result"]  # type: ignore[union-attr]

        yield order
        told.close()


class Ours:
    """The vendor, with one batch of each size."""

    def __init__(self, url: str, home: Path) -> None:
        self.vendor = LabelStudio(url=url)
        context = VendorContext("bench", ("ash", "birch"), 0.1, 1, home, home / "truth")
        self.account = self.vendor.connect(context)

    def push(self, name: str, items: int) -> Any:
        """Make a batch and send it."""
        spec = BatchSpec(name, ("ash", "birch"), {"text": "text"}, COPIES, items)
        reference = self.account.ensure_batch(spec)
        tasks = [
            Task(f"{name}-{n:06d}", str(n), {"text": f"item {n}"}, COPIES) for n in range(items)
        ]
        for begin in range(0, items, CHUNK):
            self.account.submit(reference, tasks[begin : begin + CHUNK])
        return reference

    def pull(self, reference: Any, cursor: Any = None) -> tuple[int, Any]:
        """Fetch and understand all that is there after a cursor."""
        answers, more = 0, True
        while more:
            page = self.account.fetch(reference, cursor)
            answers += sum(len(self.vendor.parse(one).answers) for one in page.records)
            cursor, more = page.cursor, page.more
        return answers, cursor


def measure(items: int, server: LabelStudioServer, proxy: Proxy, home: Path) -> Clock:
    """Do everything once by either."""
    clock, database = Clock(proxy), server.folder / TEMPLATE
    token = server.owner.headers["Authorization"].removeprefix("Token ")
    os.environ["LABEL_STUDIO_TOKEN"] = token
    ours = Ours(proxy.url, home)
    with sdk(proxy.url, token) as order:
        batch = clock.run("push, ours", lambda: ours.push("many", items))
        push = {"items": items, "chunk": CHUNK, "copies": COPIES}
        project = clock.run("push, SDK", lambda: order("push", **push))
        small = ours.push("few", FEW)
        for number in (batch["project"], project, small["project"]):
            rows.answer(database, server.owner, number, COPIES)
        clock.poll("poll, ours", lambda: ours.account.poll(batch))
        clock.poll("poll, SDK", lambda: order("poll", project=project))
        clock.poll(f"poll of {FEW} tasks, ours", lambda: ours.account.poll(small))
        answers, cursor = clock.run("pull, ours", lambda: ours.pull(batch))
        assert answers == items * COPIES
        assert clock.run("pull, SDK", lambda: order("pull", project=project)) == answers
        assert clock.run("export, SDK", lambda: order("export", project=project)) == answers
        rows.touch(database, batch["project"], FEW)
        some, _ = clock.run(f"{FEW} changes, ours", lambda: ours.pull(batch, cursor))
        assert some == FEW * COPIES
    ours.account.disconnect()
    return clock


def report(clock: Clock, items: int) -> None:
    """Print what it took."""
    print(f"\n{items} items, {COPIES} answers each\n")
    for name, (seconds, requests) in clock.table.items():
        print(f"{name:24} {seconds:8.2f} s {requests:6d} requests")

    def ratio(what: str, one: str, other: str) -> None:
        print(f"{what:48} {clock.table[one][0] / clock.table[other][0]:6.2f}")

    total = {
        who: sum(clock.table[f"{what}, {who}"][0] for what in ("push", "poll", "pull"))
        for who in ("ours", "SDK")
    }
    print()
    for what in ("push", "poll", "pull"):
        ratio(f"{what}: ours / SDK", f"{what}, ours", f"{what}, SDK")
    ratio("pull: ours / SDK's export", "pull, ours", "export, SDK")
    print(f"{'push, poll and pull: ours / SDK':48} {total['ours'] / total['SDK']:6.2f}")
    ratio("what changed: ours / SDK, which pulls all", f"{FEW} changes, ours", "pull, SDK")
    ratio(f"poll: {items} tasks / {FEW} tasks", "poll, ours", f"poll of {FEW} tasks, ours")


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=10_000)
    items = parser.parse_args().items
    with (
        tempfile.TemporaryDirectory() as folder,
        LabelStudioServer(Path(folder) / "server") as server,
        Proxy("127.0.0.1", server.port) as proxy,
    ):
        report(measure(items, server, proxy, Path(folder)), items)


if __name__ == "__main__":
    main()
