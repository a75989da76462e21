"""Let the packages here be imported without being installed."""

import sys
from pathlib import Path

sys.path[:0] = [str(path.parent) for path in sorted(Path(__file__).parent.glob("*/pyproject.toml"))]
