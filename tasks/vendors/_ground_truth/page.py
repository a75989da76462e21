"""What annotators see: the classes, and the page that offers them."""

import hashlib
import html
from collections.abc import Sequence

from tasks.domain.files import canonical_json
from tasks.vendors._ground_truth.lambdas import Shown

ELEMENT: dict[Shown, str] = {"text": "crowd-classifier", "image": "crowd-image-classifier"}
"""The crowd element of each page, and its name in answers."""

# Ground Truth escapes what stands in double braces by itself.
TEXT = """\
<classification-target style="white-space: pre-wrap">{{ task.input.taskObject }}\
</classification-target>"""
SOURCE: dict[Shown, str] = {
    "text": "",
    "image": ' src="{{ task.input.taskObject | grant_read_access }}"',
}
PAGE = """\
<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
<crowd-form>
  <%(element)s name="%(element)s" header="%(title)s"%(source)s
    categories="{{ task.input.labels | to_json | escape }}">
    %(body)s
    <full-instructions header="%(title)s">%(description)s</full-instructions>
    <short-instructions>%(description)s</short-instructions>
  </%(element)s>
</crowd-form>
"""


def page(shown: Shown, title: str, description: str) -> bytes:
    """Make the page, in Liquid."""
    parts = {
        "element": ELEMENT[shown],
        "source": SOURCE[shown],
        "body": TEXT if shown == "text" else "",
        "title": _escaped(title),
        "description": _escaped(description),
    }
    return (PAGE % parts).encode()


def page_name(content: bytes) -> str:
    """Name a page by its content, so that another page never takes its place."""
    return f"page-{hashlib.sha256(content).hexdigest()[:12]}.liquid.html"


def categories(classes: Sequence[str]) -> bytes:
    """Make the file of classes."""
    labels = [{"label": name} for name in classes]
    return canonical_json({"document-version": "2018-11-28", "labels": labels}).encode()


def _escaped(text: str) -> str:
    # A brace could begin an instruction of the template.
    return html.escape(text).replace("{", "&#123;").replace("}", "&#125;")
