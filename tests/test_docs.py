"""Documentation that a change leaves behind fails here."""

import re
from pathlib import Path

import pytest
import typer

from flows.cli import app
from tasks import registry

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
ALL = "\n".join(path.read_text() for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
KINDS = ("strategies", "learners", "aggregators", "stopping", "vendors")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme(command: str) -> None:
    assert re.search(rf"labelloop (-C \S+ )?{command}\b", README)


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`labelloop (?:-C \S+ )?(\w+)", ALL))))
def test_no_other_command_is_spoken_of(command: str) -> None:
    assert command in COMMANDS


@pytest.mark.parametrize(("kind", "name"), [(k, n) for k in KINDS for n in registry.names(k)])
def test_every_component_is_documented(kind: str, name: str) -> None:
    assert f"`{name}`" in ALL


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(((?!http)[^)#]+)", README))))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()
