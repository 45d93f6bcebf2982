"""Images: what is read is what was written, and a wrong file is named."""

import functools as ft
import gzip
import hashlib
import os
import socket
import struct
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pooch
import pytest
from PIL import Image
from places import ROOT

from hopsim import datasets
from hopsim._common.files import machine_fault
from hopsim._common.notices import Notice
from hopsim.data.datasets import Images


TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
FILES = ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")
REAL = Path(os.environ.get("HOPSIM_DATA") or ROOT.parent / "shared" / "data")


def idx_bytes(array, code=8):
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, code, array.ndim]) + sizes + array.astype(TYPES[code]).tobytes()


def small_set(count=5):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, 3, 2)), np.arange(count) % 3


def write_set(folder, raw, labels):
    folder.mkdir(parents=True, exist_ok=True)
    for file, array in zip(FILES, (raw, labels), strict=True):
        (folder / file).write_bytes(gzip.compress(idx_bytes(array)))


def sums(folder):
    return {f: hashlib.sha256((folder / f).read_bytes()).hexdigest() for f in FILES}


# --- digits ---


def test_digits_are_the_bundled_ones():
    images = datasets.digits()
    assert images.pixels.shape == (1797, 64)
    assert images.shape == (8, 8)
    assert images.pixels.dtype == np.float64
    assert images.labels.dtype == np.int64
    assert images.pixels.sum() * 16 == 561718  # sixteenths add without rounding
    assert images.pixels.min() == 0
    assert images.pixels.max() == 1
    counts = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.bincount(images.labels).tolist() == counts


def test_import_is_light():
    code = (
        "import sys, hopsim.data.datasets; "
        "sys.exit(' '.join({'sklearn', 'pooch', 'PIL', 'jax'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip() == ""


# --- IDX files ---


@pytest.mark.parametrize("code", TYPES)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("shape", [(6,), (2, 3), (3, 2, 1), (0, 4)])
def test_idx_file_gives_back_what_was_written(tmp_path, code, pack, shape):
    array = np.arange(np.prod(shape)).reshape(shape) * 7 + 1
    path = tmp_path / "numbers.gz"  # the suffix decides nothing
    path.write_bytes(pack(idx_bytes(array, code)))
    read = datasets.read_idx(path)
    np.testing.assert_array_equal(read, array)
    assert read.shape == shape
    assert read.dtype == np.dtype(TYPES[code]).newbyteorder("=")
    assert read.dtype.isnative
    assert read.flags.writeable


def test_idx_path_may_be_a_string(tmp_path):
    (tmp_path / "raw").write_bytes(idx_bytes(np.array([3, 1])))
    assert datasets.read_idx(str(tmp_path / "raw")).tolist() == [3, 1]


@pytest.mark.parametrize("kept", range(20))
def test_idx_file_cut_short_is_named(tmp_path, kept):
    whole = idx_bytes(np.arange(8).reshape(2, 4))
    assert len(whole) == 20
    path = tmp_path / "cut"
    path.write_bytes(whole[:kept])
    with pytest.raises(ValueError, match=r"(?s)An IDX file .*cut.*fetch it again"):
        datasets.read_idx(path)


def test_idx_message_tells_declared_from_actual_size(tmp_path):
    path = tmp_path / "long"
    path.write_bytes(idx_bytes(np.arange(8).reshape(2, 4)) + b"x")
    with pytest.raises(ValueError, match=r"2 axes, of sizes \[2, 4\].* 20 .*holds 21"):
        datasets.read_idx(path)


def test_idx_header_of_impossible_size_is_refused_before_memory_is_asked(tmp_path):
    path = tmp_path / "vast"
    path.write_bytes(b"\0\0\x08\x03" + b"\xff" * 12)
    with pytest.raises(ValueError, match="4294967295"):
        datasets.read_idx(path)


@pytest.mark.parametrize(
    "head", [b"\0\1\x08\1", b"\0\0\x07\1", b"\0\0\x0a\1", b"\x89PNG", b"<htm"]
)
def test_wrong_magic_is_named(tmp_path, head):
    path = tmp_path / "other"
    path.write_bytes(head + b"\0\0\0\1" + b"\5")
    with pytest.raises(ValueError, match=f"begins with 00 00.*other.*{head.hex(' ')}"):
        datasets.read_idx(path)


@pytest.mark.parametrize("axes", [0, 33, 200])
def test_idx_file_has_axes_numpy_can_hold(tmp_path, axes):
    path = tmp_path / "axes"
    path.write_bytes(
        b"\0\0\x08" + bytes([axes]) + b"\0" * 4 * axes + b"\5" * (not axes)
    )
    with pytest.raises(ValueError, match="1 to 32 axes"):
        datasets.read_idx(path)


def test_garbled_gzip_is_named(tmp_path):
    path = tmp_path / "bad.gz"
    whole = gzip.compress(idx_bytes(np.arange(200)), mtime=0)
    flipped = bytearray(whole)
    flipped[40] ^= 0xFF
    for content in (whole[:-1], whole[:12], whole[:2], bytes(flipped), whole + b"x"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"must unpack to its end; .*bad\.gz"):
            datasets.read_idx(path)


# --- HOPSIM_DATA ---


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("mnist", "mnist"),
        ("fashion_mnist", "fashion_mnist"),
        ("kmnist", "kmnist_test"),
    ],
)
def test_data_folder_is_read_where_it_is_set(tmp_path, monkeypatch, name, folder):
    raw, labels = small_set()
    write_set(tmp_path / folder, raw, labels)
    monkeypatch.setenv("HOPSIM_DATA", str(tmp_path))
    images = datasets.idx_images(name, "test")
    np.testing.assert_array_equal(images.pixels, raw.reshape(5, 6) / 255)
    np.testing.assert_array_equal(images.labels, labels)
    assert images.pixels.dtype == np.float64
    assert images.labels.dtype == np.int64
    assert images.shape == (3, 2)


def test_the_outline_of_a_split_is_that_of_its_files(tmp_path, monkeypatch):
    raw, labels = np.zeros((5, 3, 4), np.uint8), np.array([1, 0, 1, 1, 7], np.uint8)
    write_set(tmp_path / "mnist", raw, labels)
    monkeypatch.setenv("HOPSIM_DATA", str(tmp_path))
    found = datasets.idx_outline("mnist", "test")
    assert found.counts == {0: 1, 1: 3, 7: 1}
    assert found.shape == (3, 4)


def test_file_missing_from_data_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("HOPSIM_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=r"HOPSIM_DATA .*mnist.train-images-idx3"):
        datasets.idx_images("mnist", "train")


@pytest.mark.parametrize(
    ("name", "split", "message"),
    [
        ("kmnist", "train", "checksums are known.*'train'; use another split"),
        ("mnist", "valid", "one of train, test; got 'valid'"),
        ("cifar", "test", "mnist, fashion_mnist, kmnist, mnist_small; got 'cifar'"),
    ],
)
def test_unknown_set_or_split_is_refused(name, split, message):
    with pytest.raises(ValueError, match=message):
        datasets.idx_images(name, split)


@pytest.mark.parametrize(
    ("raw", "labels", "message"),
    [
        (np.zeros((4, 3)), np.zeros(4), r"three axes.*t10k-images.*\(4, 3\)"),
        (np.zeros((4, 3, 2)), np.zeros(3), r"holds 4 images.*labels.*\(3,\)"),
        (np.zeros((4, 3, 2)), np.zeros((4, 1)), r"holds 4 images.*labels.*\(4, 1\)"),
    ],
)
def test_images_and_labels_must_match(tmp_path, monkeypatch, raw, labels, message):
    write_set(tmp_path / "mnist", raw, labels)
    monkeypatch.setenv("HOPSIM_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=message):
        datasets.idx_images("mnist", "test")


@pytest.mark.skipif(not (REAL / "mnist").is_dir(), reason=f"no real data in {REAL}")
@pytest.mark.parametrize(
    ("name", "total", "first"),
    [
        ("mnist", 264923200, [7, 2, 1, 0, 4]),
        ("fashion_mnist", 573469082, [9, 2, 1, 1, 6]),
        ("kmnist", 368966405, [2, 9, 3, 8, 3]),
    ],
)
def test_real_files_hold_ten_thousand_test_images(monkeypatch, name, total, first):
    monkeypatch.setenv("HOPSIM_DATA", str(REAL))
    source = datasets.SOURCES[name]
    for file in FILES:
        content = (REAL / source.folder / file).read_bytes()
        assert hashlib.sha256(content).hexdigest() == source.sha256[file]
    images = datasets.idx_images(name, "test")
    assert images.pixels.shape == (10000, 784)
    assert images.shape == (28, 28)
    assert np.rint(images.pixels * 255).sum() == total
    assert images.labels[:5].tolist() == first
    assert np.unique(images.labels).tolist() == list(range(10))


# --- fetching ---


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, and no way round the local server."""
    monkeypatch.delenv("HOPSIM_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "cache" / project)
    return tmp_path / "cache" / "hopsim"


@pytest.fixture
def served(tmp_path):
    """A folder with two small files, its address, and the requests it had."""

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            super().do_GET()

        def log_message(self, format, *args):
            pass

    asked = []
    write_set(tmp_path / "www", *small_set())
    handler = ft.partial(Handler, directory=str(tmp_path / "www"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield tmp_path / "www", f"http://127.0.0.1:{server.server_port}/", asked
        server.shutdown()
        thread.join()


def dead_address():
    with socket.socket() as free:  # closed again: nobody listens there
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/"


def set_source(monkeypatch, addresses, checksums):
    source = datasets.Source("mnist", addresses, checksums)
    monkeypatch.setitem(datasets.SOURCES, "mnist", source)


def test_files_are_fetched_once_and_kept(cache, served, monkeypatch):
    folder, address, asked = served
    set_source(monkeypatch, (address,), sums(folder))
    images = datasets.idx_images("mnist", "test")
    raw, labels = small_set()
    np.testing.assert_array_equal(images.pixels, raw.reshape(5, 6) / 255)
    np.testing.assert_array_equal(images.labels, labels)
    assert sorted(f.name for f in (cache / "mnist").iterdir()) == sorted(FILES)
    again = datasets.idx_images("mnist", "test")
    np.testing.assert_array_equal(again.pixels, images.pixels)
    assert asked == [f"/{file}" for file in FILES]


def test_addresses_are_tried_in_order(cache, served, monkeypatch):
    folder, address, asked = served
    nowhere = f"{address}nowhere/"
    set_source(monkeypatch, (dead_address(), nowhere, address), sums(folder))
    assert datasets.idx_images("mnist", "test").labels.tolist() == [0, 1, 2, 0, 1]
    first, second = FILES
    expected = ["/nowhere/" + first, "/" + first, "/nowhere/" + second, "/" + second]
    assert asked == expected


def test_wrong_checksum_leaves_nothing_in_the_cache(cache, served, monkeypatch):
    folder, address, _ = served
    set_source(monkeypatch, (address,), sums(folder) | {FILES[0]: "0" * 64})
    with pytest.raises(OSError, match=rf"(?s)SHA-256.*{address}.*hash.*HOPSIM_DATA"):
        datasets.idx_images("mnist", "test")
    assert list(cache.rglob("*.gz")) == []
    assert [f for f in cache.rglob("*") if f.is_file()] == []


def test_garbled_mirror_is_passed_over(cache, served, monkeypatch):
    folder, address, _ = served
    checksums = sums(folder)
    write_set(folder / "garbled", *small_set(4))
    set_source(monkeypatch, (f"{address}garbled/", address), checksums)
    assert len(datasets.idx_images("mnist", "test").labels) == 5


def test_garbled_file_in_the_cache_is_fetched_again(cache, served, monkeypatch):
    folder, address, _ = served
    set_source(monkeypatch, (address,), sums(folder))
    (cache / "mnist").mkdir(parents=True)
    (cache / "mnist" / FILES[0]).write_bytes(b"half a fi")
    assert len(datasets.idx_images("mnist", "test").labels) == 5


def test_all_addresses_that_failed_are_listed(cache, monkeypatch):
    first, second = dead_address(), dead_address()
    set_source(monkeypatch, (first, second), dict.fromkeys(FILES, "0" * 64))
    with pytest.raises(OSError, match="mnist/t10k-images") as caught:
        datasets.idx_images("mnist", "test")
    message = str(caught.value)
    assert message.index(first) < message.index(second)
    assert "Set HOPSIM_DATA" in message


def test_a_failed_download_is_one_sentence_with_its_remedy(cache, monkeypatch):
    address = dead_address()
    set_source(monkeypatch, (address,), dict.fromkeys(FILES, "0" * 64))
    with pytest.raises(OSError) as caught:
        datasets.idx_images("mnist", "test")
    told = str(caught.value)
    assert told == machine_fault(caught.value)
    assert told.isprintable()
    assert len(told) < 400
    assert "HTTPConnectionPool" not in told


def test_the_cache_is_tried_before_anything_is_fetched(cache, served, monkeypatch):
    folder, address, asked = served
    set_source(monkeypatch, (address,), sums(folder))
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "mnist").write_text("in the way")
    with pytest.raises(
        ValueError, match=r"copy of mnist cannot be made .* HOPSIM_DATA"
    ):
        datasets.idx_images("mnist", "test")
    assert not asked


def test_every_source_has_whole_checksums_and_addresses():
    for source in datasets.SOURCES.values():
        assert source.addresses or source.folder == "mnist_small"  # given by hand
        assert all(address.endswith("/") for address in source.addresses)
        assert all(len(bytes.fromhex(sum_)) == 32 for sum_ in source.sha256.values())


# --- image folders ---


def save(path, array, mode=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(array)).convert(mode or "L").save(path)


def test_every_subfolder_is_a_class(tmp_path):
    grey = np.arange(6, dtype=np.uint8).reshape(2, 3)
    for name, start in [("b/2.png", 20), ("b/10.png", 30), ("a/x.bmp", 10)]:
        save(tmp_path / name, grey + np.uint8(start))
    (tmp_path / "a" / "notes.txt").write_text("not an image")
    (tmp_path / ".cache").mkdir()
    with pytest.warns(Notice, match=r"passed over .*: notes\.txt$"):
        images = datasets.image_folder(tmp_path)
    expected = grey.ravel() + np.array([[10], [20], [30]])
    np.testing.assert_array_equal(images.pixels, expected / 255)
    assert images.labels.tolist() == [0, 1, 1]
    assert images.labels.dtype == np.int64
    assert images.shape == (2, 3)


def test_classes_count_their_numbers(tmp_path):
    for label in range(12):
        save(tmp_path / str(label) / "i.png", np.full((1, 1), label, np.uint8))
    images = datasets.image_folder(tmp_path)
    np.testing.assert_array_equal(images.labels, np.rint(images.pixels[:, 0] * 255))


def test_images_directly_in_the_folder_are_of_class_zero(tmp_path):
    for name in ("b1.png", "1.png", "10b.PNG", "9.png"):
        save(tmp_path / name, np.full((1, 2), len(name), np.uint8))
    images = datasets.image_folder(str(tmp_path))
    assert images.labels.tolist() == [0, 0, 0, 0]
    assert np.rint(images.pixels[:, 0] * 255).tolist() == [5, 5, 7, 6]


@pytest.mark.parametrize("suffix", datasets.SUFFIXES)
def test_every_kind_of_image_is_read(tmp_path, suffix):
    save(tmp_path / f"grey{suffix}", np.full((8, 8), 51, np.uint8))
    pixels = datasets.image_folder(tmp_path).pixels
    np.testing.assert_allclose(pixels, 0.2, atol=2 / 255)  # jpeg may be off by one


@pytest.mark.parametrize(
    ("mode", "colour", "grey"),
    [
        ("RGB", (255, 0, 0), 76 / 255),  # 0.299 of 255: the luma of red
        ("RGBA", (0, 0, 0, 0), 1.0),  # all transparent: white paper
        ("RGBA", (0, 0, 0, 255), 0.0),
        ("LA", (0, 0), 1.0),
        ("1", 1, 1.0),
        ("P", 0, 0.0),
        ("I;16", 13107, 0.2),  # 16 bits are not clipped to 8
    ],
)
def test_every_mode_becomes_grey_in_unit_range(tmp_path, mode, colour, grey):
    Image.new(mode, (2, 1), colour).save(tmp_path / "one.png")
    np.testing.assert_allclose(datasets.image_folder(tmp_path).pixels, grey, atol=1e-15)


def test_floating_point_image_is_refused(tmp_path):
    Image.new("F", (2, 1), 0.5).save(tmp_path / "real.tif")
    with pytest.raises(ValueError, match=r"real\.tif is not: floating-point"):
        datasets.image_folder(tmp_path)


ORIENTED = {  # what a tag says was done to a picture -> how a viewer shows it again
    1: lambda x: x,
    2: np.fliplr,
    3: lambda x: np.rot90(x, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda x: np.rot90(x, -1),
    7: lambda x: np.rot90(x.T, 2),
    8: np.rot90,
}


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])  # without loss
@pytest.mark.parametrize("tag", ORIENTED)
def test_images_are_turned_as_every_viewer_shows_them(tmp_path, tag, suffix):
    raw = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
    exif = Image.Exif()
    exif[0x0112] = tag
    Image.fromarray(raw).save(tmp_path / f"one{suffix}", exif=exif, lossless=True)
    images = datasets.image_folder(tmp_path)
    shown = ORIENTED[tag](raw)
    assert images.shape == shown.shape
    np.testing.assert_allclose(images.pixels[0] * 255, shown.ravel(), atol=1e-9)


def test_images_are_known_by_their_bytes(tmp_path):
    grey = np.full((4, 4), 51, np.uint8)
    for name, form in (("a", "PNG"), ("b.dat", "WEBP"), ("c.txt", "PPM")):
        Image.fromarray(grey).save(tmp_path / name, format=form)
    assert datasets.image_folder(tmp_path).pixels.shape == (3, 16)


def test_all_but_a_few_files_that_are_no_images_are_named(tmp_path):
    for k in range(8):
        (tmp_path / f"{k}.heic").write_bytes(b"no form of Pillow's")
    save(tmp_path / "one.png", np.zeros((2, 3), np.uint8))
    with pytest.warns(Notice, match=r"0\.heic, 1\.heic, .*4\.heic and 3 more"):
        datasets.image_folder(tmp_path)


def test_images_are_bounded_in_pixels(tmp_path, monkeypatch):
    save(tmp_path / "one.png", np.zeros((5, 3), np.uint8))
    monkeypatch.setattr(datasets, "MOST_PIXELS", 14)
    with pytest.raises(ValueError, match=r"one\.png is not: it has 3 x 5 pixels.* 14"):
        datasets.image_folder(tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(datasets, "MOST_PIXELS_OF_FOLDER", 29)
    save(tmp_path / "two.png", np.zeros((5, 3), np.uint8))
    with pytest.raises(ValueError, match=r"29 pixels together, got 2 of 15"):
        datasets.image_folder(tmp_path)


def test_images_of_two_sizes_are_both_named(tmp_path):
    save(tmp_path / "a" / "one.png", np.zeros((2, 3), np.uint8))
    save(tmp_path / "b" / "two.png", np.zeros((3, 2), np.uint8))
    message = r"one\.png has \(2, 3\), .*two\.png has \(3, 2\); resize"
    with pytest.raises(ValueError, match=message):
        datasets.image_folder(tmp_path)


def test_unreadable_image_is_named(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (40, 40), np.uint8)
    save(tmp_path / "good.png", noise)
    whole = (tmp_path / "good.png").read_bytes()
    for content in (b"", b"no image", whole[:20], whole[:40], whole[:900]):
        (tmp_path / "torn.png").write_bytes(content)
        with pytest.raises(ValueError, match=r"must be readable.*torn\.png is not"):
            datasets.image_folder(tmp_path)


def test_folder_without_images_is_refused(tmp_path):
    with pytest.raises(ValueError, match="found none in"):
        datasets.image_folder(tmp_path)
    save(tmp_path / "a" / "one.png", np.zeros((2, 3), np.uint8))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"found none in .*empty"):
        datasets.image_folder(tmp_path)
    with pytest.raises(ValueError, match="nowhere is none"):
        datasets.image_folder(tmp_path / "nowhere")


def test_images_beside_classes_are_refused(tmp_path):
    save(tmp_path / "a" / "one.png", np.zeros((2, 3), np.uint8))
    save(tmp_path / "stray.png", np.zeros((2, 3), np.uint8))
    with pytest.raises(ValueError, match=r"not both; found .*stray\.png beside .*a;"):
        datasets.image_folder(tmp_path)


# --- select ---


@pytest.fixture
def nine():
    """Labels 2 0 1 2 0 1 2 0 1; each image is its own number."""
    labels = (np.arange(9) + 2) % 3
    return Images(np.arange(9.0)[:, None] / 10, labels, (1, 1))


def numbers(images):
    assert images.shape == (1, 1)
    found = np.rint(images.pixels[:, 0] * 10).astype(int)
    np.testing.assert_array_equal(images.labels, (found + 2) % 3)  # labels move along
    return found.tolist()


def test_first_images_of_every_class_come_class_by_class(nine):
    assert numbers(datasets.select(nine, per_class=2)) == [1, 4, 2, 5, 0, 3]


def test_classes_come_in_the_order_wanted(nine):
    assert numbers(datasets.select(nine, per_class=1, classes=[2, 0])) == [0, 1]
    assert numbers(datasets.select(nine, classes=(2, 0))) == [0, 1, 3, 4, 6, 7]


def test_count_takes_the_first_overall(nine):
    assert numbers(datasets.select(nine, count=4)) == [0, 1, 2, 3]
    assert numbers(datasets.select(nine, count=3, classes=[0, 1])) == [1, 2, 4]


def test_neither_number_takes_all(nine):
    assert numbers(datasets.select(nine)) == list(range(9))


def test_generator_chooses_without_replacement(nine):
    seen = set()
    for seed in range(50):
        rng = np.random.default_rng(seed)
        a, b, c, d, e, f = numbers(datasets.select(nine, per_class=2, generator=rng))
        assert a < b  # sorted within the class, hence no image twice
        assert c < d
        assert e < f
        assert {c, d} < {2, 5, 8}
        assert {e, f} < {0, 3, 6}
        seen.add((a, b))
    assert seen == {(1, 4), (1, 7), (4, 7)}


def test_generator_with_count_keeps_the_order_of_images(nine):
    rng = np.random.default_rng(3)
    chosen = numbers(datasets.select(nine, count=5, generator=rng))
    assert chosen == sorted(set(chosen))
    assert len(chosen) == 5


def test_same_seed_gives_same_choice(nine):
    one, two = (
        numbers(datasets.select(nine, count=5, generator=np.random.default_rng(7)))
        for _ in range(2)
    )
    assert one == two


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"per_class": 4}, "found 3 of class 0, asked for 4"),
        ({"per_class": 0}, "found 3 of class 0, asked for 0"),
        ({"count": 10}, "found 9 of the chosen classes together, asked for 10"),
        ({"count": -1}, "asked for -1"),
        ({"count": 4, "classes": [1]}, "found 3 .*asked for 4"),
        ({"per_class": 2, "classes": [1, 7]}, "found 0 images of class 7, asked for 2"),
        ({"classes": [1, 1]}, r"named once, got \[1, 1\]"),
        ({"classes": []}, r"one label or more.*got \[\]"),
        ({"per_class": 1, "count": 1}, "got both"),
    ],
)
def test_what_cannot_be_chosen_is_refused(nine, asked, message):
    with pytest.raises(ValueError, match=message):
        datasets.select(nine, **asked)


def test_selection_is_a_copy(nine):
    datasets.select(nine).pixels[:] = 0
    assert nine.pixels[5, 0] == 0.5
