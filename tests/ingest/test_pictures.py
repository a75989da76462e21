import io
from pathlib import Path

import PIL.Image
import pytest

from tasks.domain.errors import DataError
from tasks.ingest.readers import read


def image(kind: str = "PNG", shade: int = 9) -> bytes:
    content = io.BytesIO()
    PIL.Image.new("L", (4, 4), shade).save(content, kind)
    return content.getvalue()


def put(root: Path, **files: bytes) -> Path:
    for name, content in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def test_folders_are_classes_and_what_lies_beside_them_has_none(tmp_path: Path) -> None:
    put(tmp_path, cat__a_dot_png=image(), dog__a_dot_JPG=image("JPEG"), b_dot_png=image())
    put(tmp_path, _dot_DS_Store=b"x", cat__Thumbs_dot_db=b"x")
    (shard,) = read(tmp_path)
    assert shard.table.select(["file", "label"]).to_pylist() == [
        {"file": "b.png", "label": None},
        {"file": "cat/a.png", "label": "cat"},
        {"file": "dog/a.JPG", "label": "dog"},
    ]
    assert shard.table["image"][0].as_py() == image()


def test_without_folders_there_is_no_label(tmp_path: Path) -> None:
    (shard,) = read(put(tmp_path, a_dot_png=image()))
    assert shard.table.column_names == ["file", "image"]


def test_names_are_composed(tmp_path: Path) -> None:
    (tmp_path / "cafe\u0301").mkdir()
    (tmp_path / "cafe\u0301" / "1.png").write_bytes(image())
    (shard,) = read(tmp_path)
    assert shard.table["label"].to_pylist() == ["caf\u00e9"]


BAD = {
    "items": ({"items_dot_csv": b"x\n1\n"}, "items.csv: is no image (.csv)"),
    "GIF": ({"b_dot_png": b"GIF89a"}, "b.png: is not PNG or JPEG"),
    "empty": ({"b_dot_png": b""}, "b.png: is empty"),
    "deep": ({"cat__x__b_dot_png": image()}, "cat/x: is a folder in the folder of a class"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_image_is_refused(tmp_path: Path, case: str) -> None:
    files, expected = BAD[case]
    with pytest.raises(DataError) as caught:
        read(put(tmp_path, a_dot_png=image(), **files))
    assert expected in str(caught.value)
