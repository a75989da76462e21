"""`labelloop prefect` shows the server that runs use, to who started it."""

import re
import signal
from pathlib import Path

import httpx
import pytest
from prefect_server import prepared
from processes import HANG_SECONDS, ids, labelloop_process, wait_until
from support import labelloop

from flows import home

TOLD = re.compile(r"Prefect's pages: (\S+)\npassword: (\S+)\nuntil Ctrl-C\n")


@pytest.mark.integration
def test_what_it_tells_opens_the_pages(campaign: Path, tmp_path: Path) -> None:
    prepared(home.of(campaign))
    for how in (signal.SIGINT, signal.SIGTERM):
        pages_open_until(how, campaign, tmp_path / "log")


def pages_open_until(how: signal.Signals, campaign: Path, log: Path) -> None:
    with labelloop_process(campaign, "prefect", log=log) as showing:
        pages, password = wait_until(lambda: TOLD.fullmatch(log.read_text()), showing, log).groups()
        assert "<html" in httpx.get(pages, follow_redirects=True, timeout=HANG_SECONDS).text
        auth = httpx.BasicAuth(*password.split(":"))
        for how_so, status in ((None, 401), (auth, 200)):
            asked = httpx.post(
                f"{pages}/api/flow_runs/filter", json={}, auth=how_so, timeout=HANG_SECONDS
            )
            assert asked.status_code == status
        showing.send_signal(how)
        assert showing.wait(HANG_SECONDS) == 0
    assert TOLD.fullmatch(log.read_text())
    assert ids(campaign) == []


def test_with_a_server_of_ones_own_it_names_that(campaign: Path) -> None:
    own = "https://prefect.example.org/api"
    done = labelloop("-C", campaign, "prefect", PREFECT_API_URL=own)
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert own in done.err
