"""People who fill in the spreadsheets of the `files` vendor."""

import csv
from pathlib import Path

import yaml

from tasks import campaign as at
from tasks.versions import git


class Office:
    """People who fill in the file of the round that waits."""

    def __init__(self, campaign: Path) -> None:
        (self.folder,) = (campaign / ".labelloop" / "files").iterdir()
        path = self.folder / "to_label-001.csv"
        with path.open(encoding="utf-8-sig", newline="") as file:
            self.tasks = list(csv.DictReader(file))

    def give_back(self, **changes: dict[str, str]) -> None:
        """Return the file, with some rows (by number, as a spreadsheet counts) changed."""
        rows = [
            {**row, "label": "ash", "annotator": f"ann-{row['copy']}"}
            | changes.get(f"row_{number}", {})
            for number, row in enumerate(self.tasks, start=2)
        ]
        with (self.folder / "labelled" / "ann.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def ask_files(campaign: Path) -> None:
    """Let people with a spreadsheet be asked."""
    path = campaign / at.PARAMS
    params = yaml.safe_load(path.read_text())
    params["vendor"] |= {"name": "files", "options": {}}
    path.write_text(yaml.safe_dump(params))
    git.commit(campaign, "Ask people with a spreadsheet", [at.PARAMS])
