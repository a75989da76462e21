"""A server that quotes what it was sent, and words that give a terminal orders."""

import base64
import io
from pathlib import Path
from urllib.parse import quote

import pytest
from support import Done, change_params, facts, labelloop
from wiretap import Answer, Heard, Wiretap

from flows.terminal import Terminal
from tasks.audit import mlflow_client
from tasks.audit.mlflow_client import TrackingError
from tasks.domain import blotting
from tasks.domain.blotting import BLOT, blotted, remember
from tasks.domain.errors import CampaignError, RejectedItemError, VendorError
from tasks.domain.escapes import visible
from tasks.domain.outgoing import VendorContext
from tasks.vendors.label_studio import LabelStudio

SECRET = "p/a+ss w\u00f6rd-0123456789"
TOKEN = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blotting, "_forms", set())
    blotting._pattern.cache_clear()


def quoting(heard: Heard) -> Answer:
    """Answer as servers do that print the request in their error."""
    return Answer(400, f"bad request: {heard.headers}".encode())


def test_an_error_that_quotes_the_token_is_kept_without_it(
    campaign: Path, scripted: Wiretap
) -> None:
    scripted.answer = quoting
    options = {"url": scripted.url, "attempts": 1}
    change_params(campaign, {"vendor": {"name": "label_studio", "options": options}})
    for command in (["check"], ["check", "--json"], ["run", "--no-prefect"], ["audit"]):
        done: Done = labelloop("-C", campaign, *command, LABEL_STUDIO_TOKEN=TOKEN)
        assert TOKEN not in f"{done.out}{done.err}"
    assert scripted.overheard(TOKEN)
    assert TOKEN not in str(facts(campaign))


def test_an_answer_that_quotes_the_token_is_kept_without_it(
    scripted: Wiretap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_TOKEN", TOKEN)
    scripted.answer = lambda heard: Answer(200, f'{{"release": "1.{TOKEN}"}}'.encode())
    account = LabelStudio(url=scripted.url).connect(
        VendorContext("trees", ("a",), 1.0, 1, tmp_path, tmp_path)
    )
    assert TOKEN not in str(account._server.version())
    account.disconnect()


def test_a_token_that_was_exchanged_is_blotted_too(
    scripted: Wiretap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    personal, access = "aaaaaaaa.bbbbbbbb.cccccccc", "the.exchanged.token"
    monkeypatch.setenv("LABEL_STUDIO_TOKEN", personal)

    def answer(heard: Heard) -> Answer:
        if heard.target.endswith("/refresh/"):
            return Answer(200, f'{{"access": "{access}"}}'.encode())
        return quoting(heard)

    scripted.answer = answer
    account = LabelStudio(url=scripted.url, attempts=1).connect(
        VendorContext("trees", ("a",), 1.0, 1, tmp_path, tmp_path)
    )
    with pytest.raises(VendorError) as caught:
        account.preflight()
    account.disconnect()
    assert scripted.overheard(access)
    assert access not in str(caught.value)
    assert BLOT in str(caught.value)


@pytest.mark.parametrize("secret", ["MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_PASSWORD"])
def test_mlflow_passes_on_no_secret(
    secret: str, scripted: Wiretap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "somebody")
    monkeypatch.setenv(secret, TOKEN)
    basic = base64.b64encode(f"somebody:{TOKEN}".encode()).decode()
    body = f'{{"error_code": "X", "message": "you sent {TOKEN} or {basic}"}}'
    scripted.answer = lambda heard: Answer(400, body.encode())
    with pytest.raises(TrackingError) as caught:
        mlflow_client.prepare(tmp_path, scripted.url)
    assert "you sent" in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert basic not in str(caught.value)


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        quote(SECRET, safe=""),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        base64.b64encode(b"user:" + SECRET.encode() + b"!!").decode(),
        base64.b64encode(b"me:" + SECRET.encode()).decode(),
    ],
)
def test_a_secret_is_known_in_its_usual_spellings(written: str) -> None:
    assert blotted(written) == written
    remember(SECRET)
    assert BLOT in blotted(f"you sent {written}, which is wrong")
    assert SECRET not in str(CampaignError(f"you sent {SECRET}", where=SECRET, fix=SECRET))
    assert SECRET not in RejectedItemError({"k": f"no: {SECRET}"}).reasons["k"]


def test_short_words_are_no_secrets() -> None:
    remember("label")
    remember("")
    assert blotted("the label of an item") == "the label of an item"


ESCAPE = "\x1b]0;owned\x07\x1b[2J\x9b31mred\u202egnp.exe\u2066\rover"


def test_orders_to_a_terminal_are_shown_as_text() -> None:
    shown = visible(ESCAPE)
    assert not set(shown) & set("\x1b\x07\x9b\u202e\u2066\r")
    assert shown.startswith(r"\x1b]0;owned\x07\x1b[2J\x9b31mred\u202egnp.exe\u2066")
    assert visible("a\tb\nc ö 漢字") == "a\tb\nc ö 漢字"


def test_what_a_vendor_says_gives_the_terminal_no_orders(campaign: Path, scripted: Wiretap) -> None:
    scripted.answer = lambda heard: Answer(400, ESCAPE.encode())
    options = {"url": scripted.url, "attempts": 1}
    change_params(campaign, {"vendor": {"name": "label_studio", "options": options}})
    done = labelloop("-C", campaign, "check", LABEL_STUDIO_TOKEN=TOKEN)
    assert r"\x1b[2J" in done.out
    assert not set(done.out + done.err) & set("\x1b\x07\x9b\u202e\u2066\r")


def test_the_console_shows_its_own_colours_and_nobody_elses() -> None:
    out = io.StringIO()
    console = Terminal(file=out, force_terminal=True, color_system="standard", soft_wrap=True)
    remember(TOKEN)
    console.print(f"[red]ours[/red] {TOKEN}")
    console.print(ESCAPE, markup=False, highlight=False)
    assert "\x1b[31mours" in out.getvalue()
    assert r"\x1b[2J" in out.getvalue()
    assert "\x1b[2J" not in out.getvalue()
    assert TOKEN not in out.getvalue()
