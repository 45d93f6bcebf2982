"""Arrays from files: every form, what names promise, limits, stacks and labels."""

import gzip
import os
import tracemalloc
import zipfile

import h5py
import numpy as np
import pytest
import xarray as xr
from damaged import idx_bytes

from hopsim._common.notices import Notice
from hopsim._common.streams import Stream
from hopsim.data import files
from hopsim.data.files import array_names, read_array
from hopsim.data.sources import file, given, images
from hopsim.data.stacks import read_stack
from hopsim.scenario.scenario import load_scenario


RNG = np.random.default_rng(0)
ROWS = RNG.standard_normal((5, 6))
STACK = RNG.integers(0, 256, (5, 2, 3), np.uint8)
LABELS = np.array([3, 1, 4, 1, 5])


def memories(path, **settings):
    return file(Stream(0), str(path), **settings)


# --- forms ---


def write(path, x, name="xi"):
    """The array in the form that a suffix names."""
    if path.suffix == ".npy":
        np.save(path, x)
    elif path.suffix == ".npz":
        np.savez_compressed(path, **{name: x})
    elif path.suffix == ".h5":
        with h5py.File(path, "w") as made:
            made[name] = x
    else:
        engine = "scipy" if path.stem == "classic" else "h5netcdf"
        axes = tuple(f"axis_{k}" for k in range(x.ndim))
        xr.Dataset({name: (axes, x)}).to_netcdf(path, engine=engine)
    return path


FORMS = ["a.npy", "a.npz", "a.h5", "a.nc", "classic.nc"]


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_back_what_was_written(tmp_path, name):
    path = write(tmp_path / name, ROWS)
    np.testing.assert_array_equal(read_array(path), ROWS)
    np.testing.assert_array_equal(memories(path, count=2).values, ROWS[:2])


@pytest.mark.parametrize("name", FORMS[:3])
@pytest.mark.parametrize("dtype", [">f8", "<f2", ">i4", "u1"])
def test_every_byte_order_is_read(tmp_path, name, dtype):
    x = np.arange(6).reshape(2, 3).astype(dtype)
    found = memories(write(tmp_path / name, x)).values
    np.testing.assert_array_equal(found, x.astype(float))
    assert found.dtype.isnative


def test_fortran_order_is_kept(tmp_path):
    np.save(tmp_path / "a.npy", np.asfortranarray(ROWS))
    np.testing.assert_array_equal(read_array(tmp_path / "a.npy"), ROWS)


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".nc", ".h5", ".gz"])
@pytest.mark.parametrize("held", [".npy", ".npz", ".h5"])
def test_a_name_that_promises_another_form_is_refused(tmp_path, suffix, held):
    write(tmp_path / f"a{held}", ROWS)
    path = tmp_path / f"b{suffix}"
    path.write_bytes((tmp_path / f"a{held}").read_bytes())
    if suffix == held or {suffix, held} == {".nc", ".h5"}:
        np.testing.assert_array_equal(read_array(path), ROWS)
        return
    with pytest.raises(ValueError, match="its name promises "):
        read_array(path)


def test_a_pipe_or_a_device_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "a.npy")
    for path in (tmp_path / "a.npy", "/dev/zero", tmp_path):
        with pytest.raises(ValueError, match="There is no file"):
            read_array(path)


def test_arrays_of_groups_are_named_with_their_group(tmp_path):
    path = tmp_path / "usps.h5"
    with h5py.File(path, "w") as made:
        for k, part in enumerate(("train", "test")):
            made[f"{part}/data"] = STACK + np.uint8(k)
            made[f"{part}/target"] = LABELS
    assert set(array_names(path)) >= {"train/data", "test/target"}
    found = memories(path, variable="test/data", binary=True)
    assert found.image == (2, 3)
    assert found.labels.tolist() == LABELS.tolist()
    with pytest.raises(ValueError, match=r"holds .*train/data.*; name one of them as"):
        read_array(path)


def test_times_are_no_memories(tmp_path):
    days = (("time", "place"), np.ones((2, 3)), {"units": "days since 2000-01-01"})
    xr.Dataset({"xi": days}).to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    with pytest.raises(ValueError, match="xi holds times"):
        read_array(tmp_path / "a.nc")


def test_missing_values_are_named_by_their_row(tmp_path):
    x = np.arange(6.0).reshape(3, 2)
    x[1, 0] = np.nan
    data = xr.Dataset({"xi": (("memory", "feature"), x)})
    filled = {"xi": {"_FillValue": -9999, "dtype": "i4"}}
    data.to_netcdf(tmp_path / "a.nc", engine="h5netcdf", encoding=filled)
    np.save(tmp_path / "a.npy", x)
    for name in ("a.nc", "a.npy"):
        with pytest.raises(ValueError, match=r"1 of 3 rows .*row 1 holds nan in col"):
            memories(tmp_path / name)


# --- limits ---


def refused_at_once(path, message):
    """A file is refused, and next to nothing was unpacked."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=message):
            read_array(path)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 2**24


def test_an_archive_that_unpacks_to_gigabytes_is_refused_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MOST_NUMBERS", 2**24)  # of 2^27
    count = 2**24 + 2**20
    path = tmp_path / "bomb.npz"
    head = {"descr": "|u1", "fortran_order": False, "shape": (count, 1)}
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xi.npy", "w") as member,
    ):
        np.lib.format.write_array_header_1_0(member, head)
        for _ in range(count // 2**20):
            member.write(bytes(2**20))
    assert path.stat().st_size < count / 500
    refused_at_once(path, r"unpacks to 17825792 numbers, and the limit is")


def test_what_follows_the_declared_numbers_is_not_unpacked(tmp_path):
    path = tmp_path / "bomb.gz"
    with gzip.GzipFile(path, "wb") as packed:
        packed.write(idx_bytes(np.zeros((3, 3))))
        for _ in range(32):
            packed.write(bytes(2**20))
    refused_at_once(path, "makes at least 21 bytes, and holds more")


def test_a_packed_file_that_declares_too_much_is_refused_at_once(tmp_path):
    path = tmp_path / "vast.gz"
    path.write_bytes(gzip.compress(b"\0\0\x08\x03" + b"\x00\x00\xff\xff" * 3))
    refused_at_once(path, r"unpacks to 281462092005375 numbers.* 134217728 \(2\^27")
    with h5py.File(tmp_path / "vast.h5", "w") as made:
        made.create_dataset("xi", (2**30, 2**30), "f4", chunks=(64, 64))
    refused_at_once(tmp_path / "vast.h5", r"unpacks to 1152921504606846976|more than")
    with h5py.File(tmp_path / "scale.h5", "w") as made:
        made["xi"] = ROWS
        made.create_dataset("axis", (2**40,), "f4", chunks=(64,)).make_scale("axis")
    refused_at_once(tmp_path / "scale.h5", "unpacks to 1099511627776")


def test_what_a_file_holds_unpacked_has_no_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MOST_NUMBERS", 10)
    for name in ("a.npy", "a.h5"):
        np.testing.assert_array_equal(read_array(write(tmp_path / name, ROWS)), ROWS)


def test_more_than_one_array_in_a_file_is_noticed(tmp_path):
    with open(tmp_path / "a.npy", "wb") as made:
        np.save(made, ROWS)
        np.save(made, ROWS)
    with pytest.raises(ValueError, match="declares 368 bytes and holds 736"):
        read_array(tmp_path / "a.npy")


# --- stacks of images, and labels ---


@pytest.mark.parametrize("channel", [None, 1, -1])
def test_a_stack_of_bytes_becomes_memories_as_a_folder_does(tmp_path, channel):
    from PIL import Image

    (tmp_path / "folder").mkdir()
    for k, one in enumerate(STACK):
        Image.fromarray(one).save(tmp_path / "folder" / f"{k}.png")
    stack = STACK if channel is None else np.expand_dims(STACK, channel)
    np.savez(tmp_path / "mnist.npz", x_train=stack, y_train=LABELS)
    ours = memories(tmp_path / "mnist.npz", variable="x_train")
    theirs = images(Stream(0), str(tmp_path / "folder"))
    np.testing.assert_array_equal(ours.values, theirs.values)
    np.testing.assert_array_equal(ours.offset, theirs.offset)
    assert ours.image == theirs.image == (2, 3)
    assert ours.labels.tolist() == LABELS.tolist()


def test_a_stack_of_other_numbers_stays_as_it_is(tmp_path):
    spins = np.where(STACK > 99, 1, -1)
    np.save(tmp_path / "a.npy", spins)
    found = memories(tmp_path / "a.npy")
    np.testing.assert_array_equal(found.values, spins.reshape(5, 6))
    assert found.image == (2, 3)
    assert found.labels is None
    with pytest.raises(ValueError, match=r"lie in \[0, 1\], got int64 from -1 to 1"):
        memories(tmp_path / "a.npy", binary=True)


def test_labels_choose_and_are_found_where_they_are_named(tmp_path):
    (tmp_path / "images-idx3-ubyte").write_bytes(idx_bytes(STACK))
    (tmp_path / "labels-idx1-ubyte").write_bytes(idx_bytes(LABELS))
    np.save(tmp_path / "other.npy", [[0.0], [0], [1], [1], [0]])
    path = tmp_path / "images-idx3-ubyte"
    assert memories(path).labels.tolist() == LABELS.tolist()
    found = memories(path, labels="other.npy", per_class=2, binary=True)
    assert found.labels.tolist() == [0, 0, 1, 1]
    chosen = STACK.reshape(5, 6)[[0, 1, 2, 3]]
    np.testing.assert_array_equal(found.values, np.where(chosen > 127, 1, -1))
    for labels, message in (
        ("images-idx3-ubyte", "one label for each of the 5 items, got shape"),
        ("nowhere.npy", "There is no file 'nowhere.npy': looked for '/"),
    ):
        with pytest.raises(ValueError, match=message):
            memories(path, labels=labels)
    np.save(tmp_path / "rows.npy", ROWS)
    with pytest.raises(ValueError, match="per_class = 1 needs to know the classes"):
        memories(tmp_path / "rows.npy", per_class=1)


def test_what_is_called_labels_but_is_none_is_left_alone(tmp_path):
    np.savez(tmp_path / "a.npz", x=ROWS, y=np.eye(5))
    assert read_stack(tmp_path / "a.npz", "x").labels is None


def test_blank_and_identical_data_are_told_of(tmp_path):
    np.save(tmp_path / "a.npy", ROWS[[0, 1, 0]])
    with pytest.warns(Notice, match=r"a\.npy: 1 of 3 rows repeat .*row 2, .* row 0"):
        memories(tmp_path / "a.npy")
    with pytest.warns(Notice, match="1 of 2 rows are blank"):
        given(Stream(0), [[0.0, 0.0], [1.0, 2.0]])


# --- where scenarios look ---


def scenario(place, **source):
    said = ", ".join(f'{key} = "{value}"' for key, value in source.items())
    (place / "x.toml").write_text(
        f'name = "x"\nnetwork.kind = "model_b"\nnetwork.memories = {{ {said} }}\n'
        'probes.kind = "random"\n'
    )
    (setting,) = load_scenario(place / "x.toml").settings()
    return setting.patterns


def test_data_are_looked_for_beside_the_scenario_first(tmp_path, monkeypatch):
    here, there = tmp_path / "here", tmp_path / "there"
    for place, scale in ((here, 1), (there, 2)):
        (place / "data").mkdir(parents=True)
        np.save(place / "data" / "xi.npy", scale * ROWS)
        np.save(place / "labels.npy", scale * LABELS)
    monkeypatch.chdir(there)
    asked = {"kind": "file", "path": "data/xi.npy", "labels": "labels.npy"}
    found = scenario(here, **asked)
    np.testing.assert_array_equal(found.values, ROWS)
    assert found.labels is not None
    np.testing.assert_array_equal(found.labels, LABELS)
    (here / "data" / "xi.npy").unlink()  # then in the working directory
    np.testing.assert_array_equal(scenario(here, **asked).values, 2 * ROWS)
    monkeypatch.setenv("HOME", str(there))
    found = scenario(here, kind="file", path="~/data/xi.npy")
    np.testing.assert_array_equal(found.values, 2 * ROWS)


@pytest.mark.parametrize(("kind", "key"), [("file", "path"), ("images", "folder")])
def test_what_is_nowhere_is_told_with_all_places(tmp_path, monkeypatch, kind, key):
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    with pytest.raises(ValueError, match="looked for ") as caught:
        scenario(tmp_path, kind=kind, **{key: "none"})
    assert str(tmp_path / "none") in str(caught.value)
    assert str(tmp_path / "cwd" / "none") in str(caught.value)
