"""What was set aside is told at once, with its place and what to do, until somebody mends it."""

import json
from pathlib import Path

import pytest
from files_office import Office, ask_files
from support import change_params, labelloop

from flows.words import LINES
from tasks import campaign as at

pytestmark = pytest.mark.integration


def run(campaign: Path) -> str:
    done = labelloop("-C", campaign, "run", "--no-prefect", "--rounds", "1")
    assert done.code == 0, done.err
    return done.out


def said(campaign: Path, item: str) -> dict[str, str]:
    """Give what every command says that tells of what was set aside."""
    return {
        "status": labelloop("-C", campaign, "status").out,
        "why": labelloop("-C", campaign, "why", item).out,
        "report": (campaign / at.REPORT).read_text(),
    }


def test_a_bad_row_is_told_at_once_with_file_row_column_and_what_to_do(campaign):
    ask_files(campaign)
    run(campaign)
    office = Office(campaign)
    wrong = {"row_3": {"label": "ashh"}, "row_5": {"annotator": ""}, "row_7": {"label": "?"}}
    office.give_back(**wrong)
    out = run(campaign)
    places = (f"{office.folder.name}/labelled/ann.csv, row {n}" for n in (3, 5, 7))
    third, fifth, seventh = places
    class_, nobody = (
        f"{third}, column 'label': 'ashh' is no class; write one of ash, birch, cedar",
        f"{fifth}, column 'annotator': there is a label but nothing under 'annotator'; fill it in",
    )
    assert "3 records are set aside" in out
    assert class_ in out
    assert nobody in out
    assert f"{seventh}: no class was given (skipped); give one if it was left out by" in out
    told = said(campaign, office.tasks[1]["item_id"])
    assert class_ in told["status"]
    assert class_ in told["why"]
    assert nobody not in told["why"]
    assert "&#39;ashh&#39; is no class" in told["report"]
    assert f"{fifth}, column" in told["report"]
    waiting = json.loads(labelloop("-C", campaign, "status", "--json").out)["waiting"]
    assert waiting["set_aside"] == len(waiting["records"]) == 3
    assert {one["fix"] for one in waiting["records"]} >= {"fill it in"}

    office.give_back(row_5={"annotator": ""}, row_7={"label": "?"})
    out = run(campaign)
    assert class_ not in out
    assert nobody in out
    told = said(campaign, office.tasks[1]["item_id"])
    assert not [name for name, text in told.items() if "ashh" in text]

    office.give_back()
    assert "set aside" not in run(campaign)
    assert "set aside" not in labelloop("-C", campaign, "why", office.tasks[3]["item_id"]).out


def test_other_vendors_records_have_a_place_and_a_cure_too(campaign):
    unruly = {"unknown_class_rate": 1.0, "skip_rate": 0.2, "hours_per_look": 7.0}
    change_params(campaign, {"vendor": {"options": unruly}})
    run(campaign)
    out = labelloop("-C", campaign, "status").out
    waiting = json.loads(labelloop("-C", campaign, "status", "--json").out)["waiting"]
    assert waiting["set_aside"] > LINES
    assert all(one["fix"] for one in waiting["records"])
    assert "answer stray-" in out
    assert "choose one of ash, birch, cedar" in out
    assert f"and {waiting['set_aside'] - LINES} more: report.html" in out
