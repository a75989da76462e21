"""Figures as SVG that lies in the page itself and takes its colours from it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# matplotlib knows no CSS variables: each stands as a colour that nothing else has.
INK, MUTED, LINE = "#010a01", "#010a02", "#010a03"
FIRST, SECOND = "#010a04", "#010a05"
VARIABLES = {INK: "ink", MUTED: "muted", LINE: "line", FIRST: "accent", SECOND: "second"}
SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"
FONT = re.compile(r"font-family: [^;\"]*;? ?")


@contextmanager
def drawing(salt: str) -> "Iterator[None]":
    """Set matplotlib up alike everywhere, whatever the user's own settings are."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "svg.hashsalt": salt,
                "svg.fonttype": "none",
                "text.parse_math": False,
                "font.size": 10,
                "axes.edgecolor": LINE,
                "axes.labelcolor": MUTED,
                "text.color": INK,
                "xtick.color": MUTED,
                "ytick.color": MUTED,
            }
        )
        yield


def axes(width: float, height: float) -> "tuple[Figure, Axes]":
    """Make a figure of so many inches with one quiet pair of axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor="none")
    plot = figure.add_subplot(facecolor="none")
    plot.spines[["top", "right", "left"]].set_visible(False)
    plot.grid(axis="y", color=LINE, linewidth=0.8)
    plot.tick_params(length=0, pad=5)
    plot.set_axisbelow(True)
    plot.locator_params(axis="y", nbins=5)
    return figure, plot


def inline(figure: "Figure", title: str) -> Markup:
    """Write a figure as an ``<svg>`` element without metadata, namespaces or unused names."""
    sink = BytesIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(sink, format="svg", metadata=nothing)
    # S314: the XML is matplotlib's own, and holds no text from outside.
    root = ElementTree.fromstring(sink.getvalue())  # noqa: S314
    _strip(root)
    for name in ("width", "height"):
        del root.attrib[name]
    root.attrib |= {"role": "img", "aria-label": title}
    text = FONT.sub("", ElementTree.tostring(root, encoding="unicode"))
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var(--{variable})")
    return Markup(text)  # noqa: S704 - as above


def _strip(root: ElementTree.Element) -> None:
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{SVG}metadata", f"{SVG}style"):
                parent.remove(child)
    used = {element.attrib.get(LINK, "").lstrip("#") for element in root.iter()}
    for element in root.iter():
        element.tag = element.tag.removeprefix(SVG)
        element.text, element.tail = (element.text or "").strip(), None
        if element.tag != "clipPath" and element.attrib.get("id") not in used:
            element.attrib.pop("id", None)
        if LINK in element.attrib:
            element.attrib["href"] = element.attrib.pop(LINK)
