"""Two machines wait for the same round: wherever one halts, and the other goes on, they agree."""

import functools
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from delivery.campaigns import desk, desks, ledger, make, params
from halting import Halt
from support import START

from tasks import campaign as at
from tasks import collect, push
from tasks.campaign import Campaign
from tasks.delivery import inbox, legs, pages
from tasks.domain import state
from tasks.params import Params

SLOW = {
    "name": "simulated",
    "send": ["height"],
    "price": 0.1,
    "pseudonyms": False,
    "options": {
        "start": START,
        "late_rate": 0.5,
        "late_hours": 60.0,
        "revise_rate": 0.4,
        "hours_per_look": 8.0,
    },
}
LATE = {"deadline_hours": 24.0}
FALLBACK = {"name": "simulated", "price": 0.3, "options": {"start": START}}
POLICIES = {
    "wait": LATE | {"at_deadline": "wait"},
    "take": LATE,
    "withdraw": LATE | {"at_deadline": "withdraw"},
    "resend": LATE | {"at_deadline": "resend", "fallback": FALLBACK},
}
MADE = (at.INBOX, at.EXPORT, at.EGRESS, at.SENT, at.ANSWERS, at.QUARANTINE)


def start(folder: Path, given: Params) -> tuple[Campaign, Campaign]:
    """Give two machines a round that is sent; the ledger and the vendor are not on them."""
    one = make(folder / "one")
    push.run(one, given)
    push.deliver(one, given, ledger(one), desk(one, given))
    apart = shutil.ignore_patterns(at.LEDGER, at.PRIVATE)
    other = Campaign(Path(shutil.copytree(one.root, folder / "other", ignore=apart)))
    other.path(at.LEDGER).symlink_to(one.path(at.LEDGER), target_is_directory=True)
    for shared in one.private.iterdir():
        (other.private / shared.name).symlink_to(shared)
    return one, other


def look(campaign: Campaign, given: Params) -> bool:
    """Look as `tasks.actions.look` does."""
    entries = ledger(campaign).entries()
    leg = legs.current(entries, 0)
    if not legs.is_sent(entries, 0, leg):
        push.deliver(campaign, given, ledger(campaign), desk(campaign, given, leg=leg))
    looked = collect.look(campaign, given, ledger(campaign), desks(campaign, given))
    if looked.resend:
        push.deliver(campaign, given, ledger(campaign), desk(campaign, given, leg=2))
    return looked.done


def wait(campaign: Campaign, given: Params) -> None:
    while not look(campaign, given):
        pass
    collect.run(campaign, given)
    collect.settle(campaign, given, ledger(campaign), desks(campaign, given))
    collect.release(campaign, given, ledger(campaign), desks(campaign, given))


def assert_one_story(one: Campaign, other: Campaign) -> None:
    entries = ledger(one).entries()
    kinds = [entry.kind for entry in entries if entry.round == 0]
    for kind in ("collected", "settled"):
        assert kinds.count(kind) == 1
    assert max(n for n, kind in enumerate(kinds) if kind in inbox.KINDS) < kinds.index("collected")
    assert len(pages.lines(one.path(at.INBOX), 0)) == sum(kinds.count(kind) for kind in inbox.KINDS)
    assert kinds.count("batch_sent") == legs.current(entries, 0)
    for name in MADE:
        assert one.path(name).read_bytes() == other.path(name).read_bytes(), name
    assert state.is_collected(entries, 0)


@pytest.mark.parametrize(
    ("policy", "meanwhile"),
    [
        ("take", wait),
        pytest.param("withdraw", wait, marks=pytest.mark.long),
        pytest.param("take", look, marks=pytest.mark.long),
        pytest.param("withdraw", look, marks=pytest.mark.long),
        pytest.param("wait", look, marks=pytest.mark.long),
        pytest.param("wait", wait, marks=pytest.mark.long),
        pytest.param("resend", look, marks=pytest.mark.long),
        pytest.param("resend", wait, marks=pytest.mark.long),
    ],
)
def test_wherever_one_halts_and_the_other_goes_on_they_agree(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, policy: str, meanwhile: Callable[..., object]
) -> None:
    given = params(vendor=SLOW, collect=POLICIES[policy])
    never = halted(monkeypatch, tmp_path / "undisturbed", given, meanwhile, -1)
    assert never.passed > 15
    for wanted in range(never.passed):
        halted(monkeypatch, tmp_path / str(wanted), given, meanwhile, wanted)
        shutil.rmtree(tmp_path / str(wanted))


def halted(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    given: Params,
    meanwhile: Callable[..., object],
    wanted: int,
) -> Halt:
    one, other = start(folder, given)
    halt = Halt(wanted.__eq__, functools.partial(meanwhile, other, given))
    with monkeypatch.context() as patch:
        halt.install(patch)
        wait(one, given)
    wait(other, given)
    assert_one_story(one, other)
    return halt
