"""What a model's archive says it holds, checked before any object is made of it.

skops asks of each object whether its type is trusted, and then lets the file decide how the object
is made. Here both are one question: a type may be made in the one way in which skops writes it. So
no file calls a constructor with arguments of its own, and no native code gets numbers that it
believes unseen: LightGBM's trees are checked, and what else would need such a check is refused.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from tasks.modeling import arrays, boosters
from tasks.modeling.broken import demand, expect, from_json
from tasks.modeling.canonical import SCHEMA

PLAIN = r"builtins\.(?:str|int|float|bool|list|dict)|collections\.OrderedDict"
NUMPY_SCALAR = r"numpy\.(?:(?:u?int|float)(?:8|16|32|64)|bool|str_)"
OF_SKLEARN = (
    r"sklearn\.(?:calibration|compose|decomposition|discriminant_analysis|dummy|feature_extraction"
    r"|feature_selection|impute|linear_model|model_selection|naive_bayes|neural_network|pipeline"
    r"|preprocessing)\.[A-Za-z_.]+"
)
"""Models of scikit-learn that only multiply numbers; others give them to native code unseen."""
OURS = (
    r"tasks\.modeling\.(?:columns\.Vectors|images\.Pixels|words\.Words)"
    r"|lightgbm\.basic\.Booster|lightgbm\.sklearn\.LGBMClassifier"
)
WAYS = {
    "DTypeNode": r"numpy\.dtype",
    "DefaultDictNode": r"collections\.defaultdict",
    "DictNode": r"builtins\.dict|collections\.OrderedDict",
    "FunctionNode": r"tasks\.modeling\.columns\.(?:categories|numbers|texts)",
    "JsonNode": r"builtins\.str",
    "ListNode": r"builtins\.list",
    "NdArrayNode": rf"numpy\.ndarray|{NUMPY_SCALAR}",
    "ObjectNode": rf"{OF_SKLEARN}|{OURS}",
    "SetNode": r"builtins\.set",
    "SliceNode": r"builtins\.slice",
    "TupleNode": r"builtins\.tuple",
    "TypeNode": rf"{PLAIN}|{NUMPY_SCALAR}",
}
"""How skops writes an object, and of which types it may be."""
ALLOWED = {way: re.compile(types) for way, types in WAYS.items()}
NAMES = frozenset({"__class__", "__module__", "__loader__"})
NOTHING, CONTENT = frozenset[str](), frozenset({"content"})
MORE = {
    "DictNode": CONTENT | {"key_types"},
    "FunctionNode": NOTHING,
    "JsonNode": CONTENT | {"is_json"},
    "TypeNode": NOTHING,
}
"""What a node has beside `NAMES`, if it is not its content alone."""
OF_NUMBERS, OF_OBJECTS = frozenset({"type", "file"}), CONTENT | {"type", "shape"}
OF_THE_WHOLE = frozenset({"protocol", "_skops_version"})
MOST = {"FunctionNode": 10_000, "ObjectNode": 10_000, "NdArrayNode": 100_000}
"""Of objects that take far more memory than their lines in the archive."""
MOST_NODES, MOST_BRACKETS = 500_000, 3_000_000
DEEPEST = 100
MOST_TIMES = 16
"""So many times as long as the archive's files may be what its objects take from them."""
ALONE = ("null", "1")
"""As many threads or processes as a model may ask for."""

Node = Mapping[str, Any]


def check(files: Mapping[str, bytes]) -> None:
    """Refuse an archive that a library might not survive, or that is no model of ours.

    Parameters
    ----------
    files : mapping of str to bytes
        What is in it, by name (`tasks.modeling.archive.files`).

    Raises
    ------
    BrokenModelError
        It is none of ours.
    """
    from skops.io._protocol import PROTOCOL

    schema = files[SCHEMA]
    # Each takes many times as much memory as its two characters do.
    demand(sum(map(schema.count, (b"{", b"["))) <= MOST_BRACKETS, "it holds too many objects")
    whole = expect(dict, from_json(schema, "what it holds"))
    # An older one would let an object be made in an older, less careful way.
    demand(whole.get("protocol") == PROTOCOL, "it is not of the protocol that skops writes")
    counted: Counter[str] = Counter()
    taken, level = 0, [{name: whole[name] for name in whole if name not in OF_THE_WHOLE}]
    for _ in range(DEEPEST):
        counted.update(_checked(node) for node in level)
        taken += sum(arrays.check(node["file"], files) for node in level if "file" in node)
        level = [child for node in level for child in _children(node)]
    demand(not level, "its objects are nested too deeply")
    demand(taken <= MOST_TIMES * sum(map(len, files.values())), "it asks for its files too often")
    for way, most in MOST.items():
        demand(counted[way] <= most, f"it holds more than {most} objects of one way")
    demand(counted.total() <= MOST_NODES, f"it holds more than {MOST_NODES} objects")


def _checked(node: Any) -> str:
    """Check a node by itself; gives its way of being made."""
    demand(isinstance(node, dict) and node.keys() >= NAMES, "it holds what is no object")
    way, kind = str(node["__loader__"]), f"{node['__module__']}.{node['__class__']}"
    made = way in ALLOWED and ALLOWED[way].fullmatch(kind)
    demand(made, f"it holds a {kind}, made as a {way}, which no model of ours does")
    demand(node.keys() - NAMES == _more(node, way), f"it spells a {kind} otherwise than skops does")
    if way == "DictNode":
        _check_threads(expect(dict, node["content"]))
    if kind == boosters.BOOSTER:
        boosters.check(node["content"])
    if kind == boosters.CLASSIFIER:
        boosters.check_classifier(node["content"])
    return way


def _more(node: Node, way: str) -> frozenset[str]:
    if way == "NdArrayNode":
        return OF_NUMBERS if node.get("type") == "numpy" else OF_OBJECTS
    return MORE.get(way, CONTENT)


def _check_threads(entries: Mapping[str, Any]) -> None:
    for name in ("n_jobs", "num_threads"):
        asked = entries.get(name, {"content": "1"})
        demand(expect(dict, asked).get("content") in ALONE, f"it asks for more than one of {name}")


def _children(node: Node) -> Iterator[Any]:
    way, content = node["__loader__"], node.get("content")
    if way in ("ListNode", "SetNode", "TupleNode") or "shape" in node:
        yield from expect(list, content)
    elif way in ("DictNode", "DefaultDictNode"):
        yield from expect(dict, content).values()
    elif way in ("ObjectNode", "DTypeNode"):
        yield content
    elif way == "JsonNode":
        expect(str, content)
    elif way == "SliceNode":
        ends = expect(dict, content).values()
        demand(all(end is None or type(end) is int for end in ends), "it slices by no number")
    yield from (node[name] for name in ("key_types", "shape") if name in node)
