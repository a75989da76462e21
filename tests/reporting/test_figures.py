from dataclasses import replace
from xml.etree import ElementTree

import matplotlib
import pytest

from tasks.reporting import figures, svg


def test_draws_what_there_are_numbers_for(data):
    assert sorted(figures.curves(data.rounds)) == ["agreement", "labels", "log_loss", "money"]
    assert figures.curves(()) == {}
    cold = replace(data.rounds[0], summary=replace(data.last, metrics={}), gold_accuracy=None)
    assert sorted(figures.curves([cold])) == ["agreement"]
    assert figures.curves([replace(cold, alpha=None)]) == {}


def test_is_xml_that_takes_all_colours_and_fonts_from_the_page(data):
    for figure in figures.curves(data.rounds).values():
        ElementTree.fromstring(figure)
        assert "var(--accent)" in figure
        assert "font-family" not in figure
        assert "<style" not in figure
        assert not any(colour in figure for colour in svg.VARIABLES)


def test_names_within_the_figures_differ_between_them(data):
    names = [
        element.attrib["id"]
        for figure in figures.curves(data.rounds).values()
        for element in ElementTree.fromstring(figure).iter()
        if "id" in element.attrib
    ]
    assert names
    assert len(names) == len(set(names))


def test_every_round_is_a_point_at_its_own_place(data):
    def points(rounds, name):
        root = ElementTree.fromstring(figures.curves(rounds)[name])
        return [x for use in root.iter("use") if (x := float(use.attrib["x"]))]

    assert len(points(data.rounds, "log_loss")) == 3
    at = points(data.rounds, "labels")
    assert len(at) == 6
    assert at[:3] == at[3:] == sorted(at[:3])
    late = replace(data.rounds[2], summary=replace(data.last, labels=9999))
    moved = points((*data.rounds[:2], late), "labels")
    assert moved[1] - moved[0] < moved[2] - moved[1]


def test_a_users_own_settings_change_nothing(data):
    before = figures.curves(data.rounds)
    with matplotlib.rc_context({"lines.linewidth": 9, "font.size": 30, "svg.fonttype": "path"}):
        assert figures.curves(data.rounds) == before
        assert matplotlib.rcParams["font.size"] == 30


@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
def test_a_metric_without_an_interval_is_drawn(data, metric):
    summary = replace(data.last, metrics={"accuracy": {"value": 0.5}, metric: {"value": 0.5}})
    assert "labels" in figures.curves([replace(data.rounds[0], summary=summary)])
