"""The notebooks run from the first cell to the last, and show what they say."""

import nbclient
import nbformat
import pytest
from places import ROOT


NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks_that_hold_outputs():
    assert [path.stem for path in NOTEBOOKS] == [
        "a_lagrangian_of_my_own",
        "ten_minutes_with_model_b",
    ]
    for path in NOTEBOOKS:
        cells = nbformat.read(path, as_version=4).cells
        outputs = [out for cell in cells for out in cell.get("outputs", ())]
        assert any("image/png" in out.get("data", {}) for out in outputs)
        assert not any(out.output_type == "error" for out in outputs)
        assert str(ROOT) not in path.read_text(encoding="utf-8")


@pytest.mark.claims
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_draws(path, tmp_path):
    book = nbformat.read(path, as_version=4)
    drawn = pictures_in(book)
    client = nbclient.NotebookClient(
        book, timeout=600, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()  # raises what a cell raises
    assert pictures_in(book) == drawn > 0
    assert not list(tmp_path.iterdir())  # it leaves nothing behind


def pictures_in(book):
    """How many pictures the cells of a notebook have put out."""
    outputs = [out for cell in book.cells for out in cell.get("outputs", ())]
    return sum("image/png" in out.get("data", {}) for out in outputs)
