"""Records for other programs: tidy tables, netCDF, and JSON."""

import importlib.util
import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from command_line import hopsim_cli

from hopsim.records import flags, join_points, Record
from hopsim.runs.export import export, summary_json, tables


def test_every_variable_is_in_one_table_with_its_dimensions(tiny):
    found = dict(tables(tiny))
    told = found["variables"].set_index("variable")
    assert {*told.index} >= {*tiny.data.data_vars} - {"time"}
    assert told.loc["energy", "dimensions"] == "probe time"
    assert told.loc["ending", "meaning"].startswith("0 = ")
    energies = found["probe-time"].set_index(["probe", "time"])["energy"]
    np.testing.assert_array_equal(energies.to_numpy(), tiny["energy"].values.ravel())
    assert energies.loc[(2, 2.5)] == tiny["energy"].values[2, 2]
    assert found["scalars"]["solver"][0] == str(tiny["solver"].values)
    assert any(title.startswith("step_log.") for title in found)


def test_a_sweep_has_a_column_of_what_is_swept(swept):
    table = dict(tables(swept))["beta-probe"]
    assert [*table["beta"].unique()] == [0.5, 1.0, 2.0]
    assert [*table.columns][:3] == ["beta", "probe", "label"]
    assert len(table) == 12


def test_padding_is_no_row(tiny):
    few = tiny.data.isel(probe=slice(0, 2))
    joined = join_points([few, tiny.data], ["few", "all"])
    record = Record(joined.assign_attrs(tiny.attrs))
    table = dict(tables(record))["label-probe"]
    assert table.groupby("label").size().to_dict() == {"few": 2, "all": 4}
    assert not [c for c in table if c.endswith("_count")]


def test_files_are_called_after_the_run_and_its_dimensions(tiny, tmp_path):
    result = hopsim_cli("export", tiny.path, "--csv", "--into", tmp_path / "new")
    assert result.exit_code == 0, result.output
    files = sorted((tmp_path / "new").iterdir())
    assert sorted(result.stdout.split()) == [str(file) for file in files]
    stem = f"tiny-{tiny.attrs['hash']}"
    table = pd.read_csv(tmp_path / "new" / f"{stem}.probe.csv")
    np.testing.assert_array_equal(table["match"], tiny["match"])
    (file,) = export(tiny, "netcdf", tmp_path)
    assert file.name == f"{stem}.nc"
    with xr.open_dataset(file) as data:
        np.testing.assert_array_equal(
            data["energy"].sel(time=2.5), tiny["energy"].values[:, 2]
        )


def test_parquet_needs_its_library(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    result = hopsim_cli("export", tiny.path, "--parquet", "--into", tmp_path)
    assert result.exit_code == 2
    assert "`pip install pyarrow`, or export with --csv" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_parquet_holds_the_same_tables(tiny, tmp_path):
    pytest.importorskip("pyarrow")
    files = export(tiny, "parquet", tmp_path)
    for file, (_, table) in zip(files, tables(tiny), strict=True):
        pd.testing.assert_frame_equal(pd.read_parquet(file), table)


@pytest.mark.parametrize("words", [[], ["--csv", "--netcdf"]])
def test_a_run_is_exported_in_one_form(tiny, words):
    result = hopsim_cli("export", tiny.path, *words)
    assert result.exit_code == 2
    assert "give --csv, --parquet or --netcdf" in result.stderr


def test_a_place_that_cannot_be_is_told(tiny, tmp_path):
    (tmp_path / "file").touch()
    result = hopsim_cli("export", tiny.path, "--csv", "--into", tmp_path / "file")
    assert result.exit_code == 2
    assert "name another directory with --into" in result.stderr


def test_a_summary_as_json_says_all_that_the_page_says(tiny):
    result = hopsim_cli("show", tiny.path, "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told["passed"] is True
    assert told["checks_line"] == "3 of 3 checks hold"
    assert told["attributes"]["resolved"]["name"] == "tiny"
    assert [v["statement"] for v in told["checks"]] == [
        v.statement for v in tiny.verdicts
    ]
    page = hopsim_cli("show", tiny.path).stdout
    for term, text in told["summary"]:
        assert f"{term:<14} {text}" in page


def test_json_has_no_number_that_is_none(tiny):
    odd = tiny.data.assign_attrs(tiny.attrs | {"ratio": np.nan})
    told = json.loads(summary_json(Record(odd)), parse_constant=pytest.fail)
    assert told["attributes"]["ratio"] is None
    assert flags(["a"])["flag_meanings"] == "a"
