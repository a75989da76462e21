"""Run one stage's offline half in the current directory: ``python -m tasks <stage>``."""

import sys
from pathlib import Path

from tasks import campaign, pipeline
from tasks.domain.errors import UserError


def main(arguments: list[str]) -> int:
    """Run the stage that the command line names; 2 for a user's mistake."""
    if len(arguments) != 1 or arguments[0] not in pipeline.NAMES:
        sys.stderr.write(f"usage: python -m tasks {{{','.join(pipeline.NAMES)}}}\n")
        return 2
    try:
        here = campaign.find(Path.cwd())
        pipeline.compute(arguments[0], here, here.params())
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
