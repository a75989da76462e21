"""Items come as spreadsheets and cameras leave them, with ids or without."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import PIL.Image
import pyarrow.parquet as pq
import pytest
from support import SMALL, advance, change_params, in_process, items, labelloop

from tasks import params

pytestmark = pytest.mark.integration
SIZES = ("--holdout", "40", "--gold", "6")


def frame() -> pd.DataFrame:
    # A workbook's writer keeps 16 digits.
    return items().round(6).assign(label=lambda f: f["label"].replace("ash", "frêne"))


def write(path: Path, **options: object) -> None:
    frame().to_csv(path, index=False, **options)  # type: ignore[call-overload]


WAYS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "semicolons, decimal commas, BOM, CRLF": (
        "items.csv",
        lambda path: write(path, sep=";", decimal=",", encoding="utf-8-sig", lineterminator="\r\n"),
    ),
    "cp1252": ("items.csv", lambda path: write(path, sep=";", decimal=",", encoding="cp1252")),
    "UTF-16 with tabs": ("items.csv", lambda path: write(path, sep="\t", encoding="utf-16")),
    "TSV": ("items.tsv", lambda path: write(path, sep="\t")),
    "workbook": ("items.xlsx", lambda path: frame().to_excel(path, index=False)),
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plain")
    write(folder / "items.csv")
    done = labelloop("init", folder / "made", "--pool", folder / "items.csv", *SIZES)
    assert done.code == 0, done
    return folder / "made"


@pytest.mark.parametrize("way", WAYS)
def test_however_a_spreadsheet_saves_items_they_are_the_same(
    plain: Path, tmp_path: Path, way: str
) -> None:
    name, save = WAYS[way]
    save(tmp_path / name)
    done = labelloop("init", tmp_path / "made", "--pool", tmp_path / name, *SIZES)
    assert done.code == 0, done
    for file in ("pool", "holdout", "gold", "truth"):
        ours, theirs = (root / f"data/{file}.parquet" for root in (tmp_path / "made", plain))
        assert pq.read_table(ours).equals(pq.read_table(theirs)), file
    read_as = "items.csv is not UTF-8 and was read as cp1252, as in"
    assert (read_as in done.out) == (way == "cp1252")


def photos(folder: Path, nested: bool) -> None:
    rng = np.random.default_rng(5)
    for number in range(60):
        label = ("dark", "light")[number % 2]
        place = folder / label if nested else folder
        place.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 140, (8, 8)) + 110 * (number % 2)
        PIL.Image.fromarray(pixels.astype(np.uint8)).save(place / f"{number:02d}.png")


def test_a_folder_of_images_with_folders_of_classes_becomes_a_campaign(tmp_path: Path) -> None:
    photos(tmp_path / "photos", nested=True)
    sizes = ("--holdout", "20", "--gold", "4")
    done = labelloop("init", tmp_path / "made", "--pool", tmp_path / "photos", *sizes)
    assert done.code == 0, done
    assert "ids       digests of the items' contents" in done.out
    found = params.load(tmp_path / "made" / "params.yaml")
    assert found.campaign.classes == ["dark", "light"]
    assert (found.pool.id, found.vendor.send) == (None, ["image"])
    assert found.features.columns == ["image"]
    change_params(tmp_path / "made", {**SMALL, "stop": {"max_rounds": {"rounds": 1}}})
    assert in_process(advance, tmp_path / "made") == 0


def test_images_without_classes_and_with_their_names_as_ids(tmp_path: Path) -> None:
    photos(tmp_path / "photos", nested=False)
    options = ("--holdout", "9", "--gold", "0", "--classes", "dark,light", "--id", "file")
    done = labelloop("init", tmp_path / "made", "--pool", tmp_path / "photos", *options)
    assert done.code == 0, done
    ids = pq.read_table(tmp_path / "made/data/pool.parquet")["item_id"].to_pylist()
    assert set(ids) < {path.name for path in (tmp_path / "photos").iterdir()}
    assert params.load(tmp_path / "made" / "params.yaml").pool.label is None


def test_without_a_column_of_ids_the_same_rows_are_one_item_and_that_is_said(
    tmp_path: Path,
) -> None:
    rows = items().drop(columns="item_id")
    other = rows.iloc[[7]].assign(label="birch" if rows["label"][7] == "ash" else "ash")
    pd.concat([rows, rows.iloc[[3, 5]], other]).to_csv(tmp_path / "items.csv", index=False)
    done = labelloop("init", tmp_path / "made", "--pool", tmp_path / "items.csv", *SIZES)
    assert done.code == 0, done
    assert "3 rows repeat others in all but the label, and are the same items" in done.out
    assert "1 of these have rows of different classes, and count as not known" in done.out
    assert "3 rows repeat others" in labelloop("-C", tmp_path / "made", "check").out
