import os
import pickle
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tasks.reporting.data import Given, ReportData, State
from tasks.reporting.formats import MINUS
from tasks.reporting.page import render

VOID = {"meta", "img", "br"}


class Reader(HTMLParser):
    """Reads a page strictly: what is opened is closed, in order, and no name is given twice."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.attributes, self.ids = [], [], [], []
        self.words, self.cells, self.rows = [], None, []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, text):
        if "style" not in self.open:
            self.words.append(text)
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += text

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


VARIANTS = {
    "whole": lambda data: data,
    "new": lambda data: ReportData("new"),
    "opened": lambda data: replace(
        data,
        state=State("running", 0),
        rounds=(replace(data.rounds[0], summary=None, queries=(), shares=(), classes={}),),
    ),
    "cold start": lambda data: replace(
        data, rounds=(replace(data.rounds[0], summary=replace(data.last, metrics={})),)
    ),
    "one measured": lambda data: replace(data, rounds=data.rounds[:1]),
    "no gold": lambda data: replace(
        data, rounds=tuple(replace(one, gold_accuracy=None) for one in data.rounds)
    ),
    "one answer each": lambda data: replace(
        data, rounds=tuple(replace(one, alpha=None, gold_accuracy=None) for one in data.rounds)
    ),
    "waiting": lambda data: replace(
        data,
        state=State("awaiting_labels", 2),
        reserved=2.5,
        rounds=(*data.rounds[:2], replace(data.rounds[2], summary=None)),
    ),
    "no budget": lambda data: replace(data, budget=None),
    "budget of nothing": lambda data: replace(data, budget=0.0),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_is_well_formed_and_names_everything_once(data, variant):
    reader = Reader(render(VARIANTS[variant](data)))
    assert len(reader.ids) == len(set(reader.ids))
    targets = {value[1:] for _, name, value in reader.attributes if name == "href"}
    assert targets <= set(reader.ids)


def test_hostile_values_are_text(hostile):
    page = render(hostile)
    reader = Reader(page)
    assert "script" not in reader.tags
    assert page.count("<script") == 0
    assert not {name for _, name, _ in reader.attributes if name.startswith("on")}
    assert reader.text.count("<script>alert('x')</script>\"'&{{ 7 * 7 }}\ufffd\ufffd") > 20
    assert not set("\x00\u202e") & set(page)


def test_nothing_is_loaded_from_anywhere(page, hostile):
    for text in (page, render(hostile)):
        reader = Reader(text)
        loading = {"script", "link", "iframe", "object", "embed", "base", "form", "image"}
        assert not loading & set(reader.tags)
        assert not re.search(r"(https?:)?//\w|@import|url\((?!#)", text)
        sources = {value.split(":")[0] for _, name, value in reader.attributes if name == "src"}
        assert sources == {"data"}
        assert sources == {"data"}
        links = {value for _, name, value in reader.attributes if name == "href"}
        assert {link for link in links if not link.startswith("#")} == set()
        policy = next(value for _, name, value in reader.attributes if "default-src" in value)
        assert "default-src 'none'" in policy


def test_the_same_data_give_the_same_bytes_in_any_process(data, page):
    assert render(data) == page
    program = (
        "import pickle, sys; from tasks.reporting.page import render; "
        "sys.stdout.buffer.write(render(pickle.load(sys.stdin.buffer)).encode())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=pickle.dumps(data),
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "7"},
    )
    assert done.stdout.decode() == page


def test_the_numbers_are_those_of_the_data(data, page):
    rows = Reader(page).rows
    first = ["0.712 [0.691, 0.731]", "0.702", "0.812", "0.912", "0"]
    assert ["0", "11", "1,200", "24", "3.50", *first] in rows
    last = ["0.812 [0.791, 0.831]", "0.802", "0.832", "0.912", "2"]
    assert ["2", "13", "1,220", "26", "5.50", *last] in rows
    assert ["ann", "1,234", "7", "0.857", "0.923", "4.2"] in rows
    assert ["unknown class", "2", "1, 2"] in rows
    assert ["never sent", "1", "2"] in rows
    digest = data.rounds[1].files["snapshot/labels.parquet"]
    assert ["snapshot/labels.parquet", "1 B", digest.md5, digest.sha256] in rows


def test_the_head_says_where_the_campaign_is(data, page):
    text = Reader(page).text
    reason = "the next batch would cost more than is left"
    assert f"Stopped after round 2 by budget : {reason}." in text
    assert "Labels 1,220 26 answers in 3 rounds" in text
    assert "Spent 5.50 of 20.00" in text
    assert "0.812 95% interval [0.791, 0.831]" in text
    waiting = Reader(render(VARIANTS["waiting"](data))).text
    assert "Round 2 is waiting for its labels" in waiting
    assert "Spent 4.50 of 20.00, 2.50 reserved" in waiting


def test_every_query_is_shown_with_its_reason(page):
    text = Reader(page).text
    assert "the two best guesses are close" in text
    assert f"#1 margin {0.98765 - 0.01:.4g} p 1 item-001" in text
    assert "ash 0.876" in text
    assert "ash 0.431 birch 0.417" in text
    assert "no label yet" in text
    assert "no longer in the pool" in text
    assert "8 more items in this batch" in text
    assert "first guess right for 1 of 2" in text


def test_only_the_newest_batch_is_unfolded(page):
    assert re.findall(r'<details id="(\S+)" class="batch"( open)?>', page) == [
        ("round-2", " open"),
        ("round-1", ""),
        ("round-0", ""),
    ]


def test_a_label_that_was_not_foreseen_stands_out(data):
    def cards(label, status="labelled"):
        queries = [replace(data.rounds[2].queries[0], given=Given(label, 0.9, status))]
        rounds = (replace(data.rounds[2], queries=tuple(queries)),)
        return render(replace(data, rounds=rounds)).count('class="card surprise"')

    assert cards("birch") == 1
    assert cards("ash") == 0
    assert cards("birch", "low_confidence") == 0


def test_the_rest_is_told(page):
    text = Reader(page).text
    for words in (
        "Of 2 expectations, 1 did not hold.",
        "warn duplicates pool, 2 rows the same twice item-7, item-8",
        "stop budget the next batch would cost more than is left",
        "go on max_rounds 3 of 30 rounds are done",
        "Ledger entries 57",
        "MLflow experiment forest",
        "git tag round-0001 · MLflow run round-0001 · closed 2026-03-02 09:30 UTC",
        "numpy 2",
        'record 5, item item-2, a.csv, row 4: unknown class; choose another {"label":"elm"}',
    ):
        assert words in text


def test_numbers_below_zero_have_a_minus(data):
    rounds = (replace(data.rounds[0], alpha=-0.25),)
    assert f"{MINUS}0.250" in Reader(render(replace(data, rounds=rounds))).text
