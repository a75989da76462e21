"""Where labelloop prints, so that words of others cannot give orders to the terminal."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from tasks.domain.blotting import blotted
from tasks.domain.escapes import visible


class Terminal(Console):
    """A console that shows control characters as text, and no secret at all."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Make a text of a string; before it is coloured, which would cut a secret in pieces."""
        return super().render_str(blotted(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render as a console does; what it is controlled by itself stays."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(visible(segment.text), segment.style)
