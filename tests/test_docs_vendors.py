"""What docs/vendors says is what the code says."""

import ast
import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from tasks import registry

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs" / "vendors"
EXAMPLE = ROOT / "examples" / "labelloop-kiosk"
PAGE = (DOCS / "your_own.md").read_text()
SOURCE = "\n".join(
    path.read_text() for path in sorted(EXAMPLE.rglob("*")) if path.suffix in (".py", ".toml")
)
BLOCKS = re.findall(r"```(?:python|toml)\n(.*?)```", PAGE, re.DOTALL)
NEEDED: dict[str, dict[str, Any]] = {
    "bucket": {"url": "s3://bucket/work"},
    "label_studio": {"url": "https://studio.example.org"},
    "ground_truth": {
        "url": "s3://bucket",
        "region": "eu-west-1",
        "role_arn": "arn:aws:iam::123456789012:role/labels",
        "workteam_arn": "arn:aws:sagemaker:eu-west-1:123456789012:workteam/private-crowd/us",
    },
}
"""Options without which a vendor cannot be."""
YES = {True: "yes", False: "no"}


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_the_code_that_is_shown_is_the_examples(block: str) -> None:
    assert block in SOURCE


def test_the_example_is_as_short_as_its_page_says() -> None:
    tree = ast.parse((EXAMPLE / "labelloop_kiosk" / "vendor.py").read_text())
    told = int(re.search(r"# .* in (\d+) lines", PAGE)[1])  # type: ignore[index]
    assert 0.9 * told <= len(code_lines(tree)) <= told


def code_lines(tree: ast.AST) -> set[int]:
    """Give the numbers of the lines that are no imports, docstrings, comments or blanks."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if (
            not isinstance(node, ast.stmt)
            or is_text
            or isinstance(node, ast.Import | ast.ImportFrom)
        ):
            continue
        body = getattr(node, "body", None)
        last = body[0].lineno - 1 if body else node.end_lineno or node.lineno
        lines |= set(range(node.lineno, max(node.lineno, last) + 1))
        lines |= {one.lineno for one in getattr(node, "decorator_list", [])}
    return lines


@pytest.mark.parametrize("name", registry.names("vendors"))
def test_every_vendor_has_its_page_and_its_row(name: str) -> None:
    abilities = registry.build("vendors", name, NEEDED.get(name)).capabilities
    accepted = "accepts" in {field.name for field in fields_of(name)}
    row = [f"`{name}`", str(abilities.max_tasks), str(abilities.max_copies or "any")]
    row += [YES[abilities.prelabels]]
    for ability in ("extend", "cancel", "decide"):
        row.append("by agreement" if accepted else YES[getattr(abilities, ability)])
    row.append(YES[abilities.events])
    index = (DOCS / "README.md").read_text()
    assert f"| {' | '.join(row)} |\n" in index
    assert f"]({name}.md)" in index
    assert (DOCS / f"{name}.md").exists()


@pytest.mark.parametrize("name", registry.names("vendors"))
def test_every_option_is_on_the_vendors_page(name: str) -> None:
    page = (DOCS / f"{name}.md").read_text()
    assert not [
        field.name for field in fields_of(name) if not re.search(rf"\b{field.name}\b", page)
    ]


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.stem)
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(((?!http)[^)#]+)", path.read_text())
    assert not [link for link in links if not (DOCS / link).exists()]


def fields_of(name: str) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(registry.component("vendors", name))
