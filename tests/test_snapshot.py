import pytest

from tasks import snapshot


@pytest.mark.parametrize(
    ("path", "is_own"),
    [
        ("ledger/00000003.json", True),
        ("dvc.lock", True),
        ("data/source.dvc", True),
        ("round.json", True),
        ("params.yaml", False),
        ("ledger-notes.md", False),
        ("round.json.orig", False),
        ("suites/pool.json", False),
        ("data/added/more-1234abcd.csv.dvc", True),
        ("data/imported/.gitignore", True),
        ("data/notes.txt", False),
    ],
)
def test_only_what_labelloop_writes_may_change_uncommitted(path: str, is_own: bool) -> None:
    assert snapshot.own(path) == is_own
