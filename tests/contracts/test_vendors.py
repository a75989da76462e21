"""Every vendor keeps the laws of `labelloop_contracts.vendor`, in a test module named after it."""

import ast
from pathlib import Path

import pytest
from contracts.exemptions import EXEMPT
from labelloop_contracts.vendor import VendorLaws

from tasks import registry

ROOT = Path(__file__).parents[2]
PLACES = ("tests", "examples")


def subclasses(path):
    """List the classes of a module that are `VendorLaws` with a world of their own."""
    tree = ast.parse(path.read_text())
    return [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and node.name.startswith("Test")
        and any(ast.unparse(base).split(".")[-1] == "VendorLaws" for base in node.bases)
        and any(isinstance(one, ast.FunctionDef) and one.name == "world" for one in node.body)
    ]


def under_the_laws():
    """Name the vendors that a ``test_<name>_laws.py`` puts under the laws."""
    modules = (path for place in PLACES for path in (ROOT / place).rglob("test_*_laws.py"))
    return {
        path.stem.removeprefix("test_").removesuffix("_laws")
        for path in modules
        if subclasses(path)
    }


@pytest.mark.parametrize("name", registry.names("vendors"))
def test_every_vendor_is_under_the_laws(name):
    assert name in under_the_laws(), f"give {name} a test_{name}_laws.py with a VendorLaws"


def test_exemptions_are_of_vendors_that_there_are():
    assert EXEMPT.keys() <= set(registry.names("vendors"))


def test_there_are_at_least_as_many_laws_as_were_asked_for():
    assert len([name for name in dir(VendorLaws) if name.startswith("test_")]) >= 60
