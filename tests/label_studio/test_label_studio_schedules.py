"""The whole life of batches on a real Label Studio, through random schedules of faults."""

from collections.abc import Callable
from pathlib import Path

import pytest
from faults import Proxy
from label_studio.label_studio_world import LabelStudioWorld
from label_studio_server import LabelStudioServer
from schedules import play

PARTS, EACH = 75, 4


@pytest.mark.parametrize("part", range(PARTS))
def test_the_books_balance_after_every_schedule(
    server: LabelStudioServer,
    proxy: Proxy,
    home: Path,
    part: int,
    record_property: Callable[[str, object], None],
) -> None:
    world = LabelStudioWorld(server, proxy, home, page=50)

    tally = play(world, [proxy], range(part * EACH, (part + 1) * EACH), home)

    record_property("tally", ["label_studio", tally.to_json()])
    assert tally.schedules == EACH
