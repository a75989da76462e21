"""The laws of `tasks.domain.ports.StopRule`, for every rule that can be named."""

import copy
import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import registry
from tasks.domain.outlook import Outlook, RoundSummary

OPTIONS: dict[str, dict[str, object]] = {"max_rounds": {"rounds": 3}}
"""For rules that have an option without a default."""

every_rule = pytest.mark.parametrize("name", registry.names("stopping"))
law = settings(max_examples=60, deadline=None)
money = st.floats(0, 1e6)
share = st.floats(0, 1)


def build(name):
    return registry.build("stopping", name, OPTIONS.get(name))


@st.composite
def metrics(draw):
    names = draw(st.lists(st.sampled_from(["accuracy", "macro_f1", "log_loss"]), unique=True))
    ends = {name: sorted(draw(st.tuples(share, share, share))) for name in names}
    return {
        name: {"low": low, "value": value, "high": high}
        for name, (low, value, high) in ends.items()
    }


@st.composite
def outlooks(draw):
    count = draw(st.integers(1, 6))
    spent = sorted(draw(st.lists(money, min_size=count, max_size=count)))
    rounds = tuple(
        RoundSummary(number, draw(metrics()), 10 * number, 12 * number, spent[number])
        for number in range(count)
    )
    budget = draw(st.none() | money)
    return Outlook(rounds, budget, draw(money), draw(st.integers(0, 1000)))


@every_rule
@given(outlook=outlooks())
@law
def test_gives_one_sentence_either_way_and_changes_nothing(name, outlook):
    before = copy.deepcopy(outlook)
    rule = build(name)
    verdict = rule.verdict(outlook)
    assert outlook == before
    assert rule.verdict(outlook) == verdict == build(name).verdict(outlook)
    assert isinstance(verdict.fires, bool)
    assert len(verdict.reason) > 10
    assert verdict.reason == verdict.reason.strip()
    assert "\n" not in verdict.reason
    assert ". " not in verdict.reason
    assert not verdict.reason.endswith(".")


@every_rule
@given(outlook=outlooks(), more=money, extra=st.integers(1, 1000))
@law
def test_more_money_and_more_items_are_no_reason_to_stop(name, outlook, more, extra):
    rule = build(name)
    if rule.verdict(outlook).fires:
        return
    richer = None if outlook.budget is None else outlook.budget + more
    roomier = dataclasses.replace(outlook, budget=richer, candidates=outlook.candidates + extra)
    assert not rule.verdict(roomier).fires
    assert not rule.verdict(dataclasses.replace(outlook, budget=None)).fires
    cheaper = dataclasses.replace(outlook, next_batch_cost=outlook.next_batch_cost / 2)
    assert not rule.verdict(cheaper).fires


@every_rule
def test_does_not_fire_on_a_campaign_that_has_just_begun(name):
    poor = {"accuracy": {"low": 0.2, "value": 0.3, "high": 0.4}}
    begun = Outlook((RoundSummary(0, poor, 20, 20, 1.0),), 100.0, 1.0, candidates=1000)
    assert not build(name).verdict(begun).fires


@every_rule
@given(outlook=outlooks())
@law
def test_says_in_a_phrase_how_to_go_on_after_it_fired(name, outlook):
    rule = build(name)
    if not rule.verdict(outlook).fires:
        return
    told = rule.go_on(outlook)
    assert told == build(name).go_on(outlook)
    assert len(told) > 10
    assert told == told.strip().removesuffix(".")
    assert "\n" not in told
    assert ". " not in told


@every_rule
def test_is_a_frozen_dataclass(name):
    rule = build(name)
    assert type(rule).__dataclass_params__.frozen
    assert rule == build(name)
