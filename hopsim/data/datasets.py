"""Labelled images: the bundled digits, MNIST-like IDX files, image folders.

Every source returns `Images`: pixels in [0, 1], one row for each image, and labels.
`patterns` makes memories of them (signs, centring).

Sources and licences: `digits` [UCI Optical Recognition of Handwritten Digits, from
scikit-learn; CC BY 4.0], `mnist` [LeCun & Cortes; usually cited as CC BY-SA 3.0],
`fashion_mnist` [Zalando SE; MIT], `kmnist` [ROIS-CODH; CC BY-SA 4.0].
"""

import os
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Integer, UInt8

from .._common.names import plain
from .._common.notices import notify
from .files import idx_shape, read_idx


class Images(NamedTuple):
    """Labelled greyscale images of one size, one row of pixels each."""

    pixels: Float[np.ndarray, "item pixel"]  # float64 in [0, 1]; 1 is full ink or white
    labels: Int[np.ndarray, " item"]  # int64
    shape: tuple[int, int]  # rows, columns


PREFIXES = {"train": "train", "test": "t10k"}


class Source(NamedTuple):
    """The location and the checksums of the files of one data set."""

    folder: str  # below HOPSIM_DATA, and below the cache
    addresses: tuple[str, ...]  # tried in order
    sha256: dict[str, str]  # by file; a split without checksums cannot be read
    prefixes: dict[str, str] = PREFIXES  # of the file names, by split


SOURCES = {
    "mnist": Source(
        "mnist",
        (
            "http://yann.lecun.com/exdb/mnist/",
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        {
            "train-images-idx3-ubyte.gz": (
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
            ),
            "train-labels-idx1-ubyte.gz": (
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
            ),
            "t10k-images-idx3-ubyte.gz": (
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
            ),
            "t10k-labels-idx1-ubyte.gz": (
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
            ),
        },
    ),
    "fashion_mnist": Source(
        "fashion_mnist",
        ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
        {
            "train-images-idx3-ubyte.gz": (
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
            ),
            "train-labels-idx1-ubyte.gz": (
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
            ),
            "t10k-images-idx3-ubyte.gz": (
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
            ),
            "t10k-labels-idx1-ubyte.gz": (
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
            ),
        },
    ),
    "kmnist": Source(
        "kmnist_test",
        ("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
        {
            "t10k-images-idx3-ubyte.gz": (
                "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"
            ),
            "t10k-labels-idx1-ubyte.gz": (
                "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"
            ),
        },
    ),
    # the first 5,000 images to train with and 1,000 to test with, for quick tests
    "mnist_small": Source(
        "mnist_small",
        (),
        {
            "train5000-images-idx3-ubyte.gz": (
                "8d1eae75b5aff396cd29c4ac1bf9940059221ef7e568d080f6699358bfad60c3"
            ),
            "train5000-labels-idx1-ubyte.gz": (
                "183f0d6e1c50136e698f8b78509f7a351c300f33cb73b17cf97a81d900371324"
            ),
            "t10k1000-images-idx3-ubyte.gz": (
                "c38842f3fc122aeb56961328eacf41c4315fb33e95ce0e9d0c97f3bd3d5b62c6"
            ),
            "t10k1000-labels-idx1-ubyte.gz": (
                "689b4d1da0ae1049125d2f91e157009a132a2a1e76b45a178dc0b359e1f74255"
            ),
        },
        {"train": "train5000", "test": "t10k1000"},
    ),
}

SUFFIXES = (  # the usual ones; the bytes of a file decide, not its name
    *(".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".gif", ".pgm", ".ppm"),
    *(".tif", ".tiff"),
)
# formats of Pillow that start another program, or that it knows by name only
NOT_READ = {"EPS", "WMF", "BUFR", "GRIB", "HDF5", "MPEG"}
MOST_PIXELS = 2**24  # of one image
MOST_PIXELS_OF_FOLDER = 2**30
MOST_NAMES = 5  # of files that a notice lists

# images of each class, 0 to 9 [LeCun & Cortes; Zalando; ROIS-CODH; UCI]
CLASS_COUNTS: dict[tuple[str, str], tuple[int, ...]] = {
    ("digits", ""): (178, 182, 177, 183, 181, 182, 181, 179, 174, 180),
    ("mnist", "train"): (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
    ("mnist", "test"): (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
    ("fashion_mnist", "train"): (6000,) * 10,
    ("fashion_mnist", "test"): (1000,) * 10,
    ("kmnist", "test"): (1000,) * 10,
    ("mnist_small", "train"): (479, 563, 488, 493, 535, 434, 501, 550, 462, 495),
    ("mnist_small", "test"): (85, 126, 116, 107, 110, 87, 87, 99, 89, 94),
}


# --- the sources ---


def digits() -> Images:
    """The 1,797 handwritten digits of scikit-learn, 8x8 pixels in 17 grey levels.

    [UCI Optical Recognition of Handwritten Digits, test part; from scikit-learn]
    """
    from sklearn.datasets import load_digits

    data, target = load_digits(return_X_y=True)
    return Images(np.asarray(data) / 16, np.asarray(target, np.int64), (8, 8))


def idx_images(name: str, split: str) -> Images:
    """One split of a data set in the IDX format of MNIST, 28x28 pixels.

    Read from the folder named by the environment variable `HOPSIM_DATA` if that is set;
    otherwise downloaded once, checked against its SHA-256, and cached.

    **Arguments:**

    - `name`: `"mnist"` [LeCun & Cortes], `"fashion_mnist"` [Zalando SE; MIT],
      `"kmnist"` [ROIS-CODH; CC BY-SA 4.0] or `"mnist_small"`, the first
      5,000 and 1,000 images of `"mnist"` (from `HOPSIM_DATA` only).
    - `split`: `"train"` (60,000 images) or `"test"` (10,000); `kmnist` has `"test"`
      only.

    Raises ValueError for an unknown name or split and for invalid files, OSError if the
    download fails.
    """
    prefix = _prefix(name, split)
    images_file = f"{prefix}-images-idx3-ubyte.gz"
    labels_file = f"{prefix}-labels-idx1-ubyte.gz"
    raw, labels = _pair(_idx_path(name, images_file), _idx_path(name, labels_file))
    count, rows, columns = raw.shape
    pixels = raw.reshape(count, rows * columns) / 255
    return Images(pixels, labels.astype(np.int64), (rows, columns))


class Outline(NamedTuple):
    """What is known of images without their pixels."""

    counts: Mapping[int, int]  # images of each class, by label
    shape: tuple[int, int]  # rows, columns


def digits_outline() -> Outline:
    """That of the digits of scikit-learn, which is not asked for it."""
    return Outline(dict(enumerate(CLASS_COUNTS["digits", ""])), (8, 8))


def idx_outline(name: str, split: str) -> Outline:
    """That of a split, from the folder `HOPSIM_DATA`, or as it would be fetched.

    Raises ValueError where `idx_images` would before it fetches anything.
    """
    prefix = _prefix(name, split)
    if not os.environ.get("HOPSIM_DATA") and SOURCES[name].addresses:
        return Outline(dict(enumerate(CLASS_COUNTS[name, split])), (28, 28))
    labels = read_idx(_idx_path(name, f"{prefix}-labels-idx1-ubyte.gz"))
    path = _idx_path(name, f"{prefix}-images-idx3-ubyte.gz")
    shape = idx_shape(path)
    if len(shape) != 3:
        raise ValueError(f"{path} is no gzipped IDX file of images; fetch it again.")
    return Outline(_counted(labels), shape[1:])


def folder_outline(path: str | os.PathLike[str]) -> Outline:
    """That of a folder, from its names and its first image."""
    files, labels, _ = _labelled_files(Path(path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow, about what is refused or mended
        rows, columns = _grey(files[0]).shape
    return Outline(_counted(np.array(labels)), (rows, columns))


def _counted(labels: np.ndarray) -> Mapping[int, int]:
    found, counts = np.unique(labels, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def _prefix(name: str, split: str) -> str:
    """How the file names of a split begin; ValueError for one that cannot be read."""
    if name not in SOURCES:
        raise ValueError(f"The IDX data sets are {', '.join(SOURCES)}; got {name!r}.")
    if split not in PREFIXES:
        raise ValueError(f"A split is one of {', '.join(PREFIXES)}; got {split!r}.")
    prefix = SOURCES[name].prefixes[split]
    if f"{prefix}-images-idx3-ubyte.gz" not in SOURCES[name].sha256:
        raise ValueError(
            f"Only splits whose checksums are known can be read: {name} has none for "
            f"{split!r}; use another split."
        )
    return prefix


def held(name: str, split: str) -> bool:
    """True if the folder `HOPSIM_DATA` contains a split: no download is needed."""
    folder = os.environ.get("HOPSIM_DATA")
    kinds = ("images-idx3", "labels-idx1")
    prefix = SOURCES[name].prefixes[split]
    files = [f"{prefix}-{kind}-ubyte.gz" for kind in kinds]
    return bool(folder) and all(
        Path(folder, SOURCES[name].folder, file).is_file() for file in files
    )


def image_folder(path: str | os.PathLike[str]) -> Images:
    """The images of a folder: every subfolder is a class, or all images are of class 0.

    Every file that Pillow opens is an image, whatever its name; a notice names the
    others. Images and classes are sorted by name, numbers by value (`2.png` before
    `10.png`); classes have the labels 0, 1, ... in that order. Hidden files are
    skipped. Images are turned by their EXIF orientation. Colours become their luma,
    transparent pixels white; of several frames the first is read. Raises ValueError
    for an empty class, an unreadable image, unequal sizes, and more than 2^24 pixels of
    one image or 2^30 of all.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow, about what is refused or mended
        files, labels, others = _labelled_files(Path(path))
        greys = [_grey(file) for file in files[:1]]
        if len(files) * greys[0].size > MOST_PIXELS_OF_FOLDER:
            raise ValueError(
                f"Images may have {MOST_PIXELS_OF_FOLDER} pixels together, got "
                f"{len(files)} of {greys[0].size} in {path}; make them smaller."
            )
        greys += [_grey(file) for file in files[1:]]
    if others:
        some = ", ".join(plain(file.name) for file in others[:MOST_NAMES])
        more = f" and {len(others) - MOST_NAMES} more" * (len(others) > MOST_NAMES)
        notify(f"{path}: passed over what is no image to Pillow: {some}{more}")
    for file, grey in zip(files, greys, strict=True):
        if grey.shape != greys[0].shape:
            raise ValueError(
                f"All images must have one size (rows, columns): {files[0]} has "
                f"{greys[0].shape}, {file} has {grey.shape}; resize them first."
            )
    rows, columns = greys[0].shape
    pixels = np.stack([grey.ravel() for grey in greys])
    return Images(pixels, np.array(labels, np.int64), (rows, columns))


# --- part of a source ---


def select(
    images: Images,
    per_class: int | None = None,
    count: int | None = None,
    classes: Sequence[int] | None = None,
    generator: np.random.Generator | None = None,
) -> Images:
    """Some of the images: the first of every class, or the first of all.

    Labels are unchanged. With neither `per_class` nor `count` all images of `classes`
    are taken; with both, or with more than there are, ValueError is raised.

    **Arguments:**

    - `per_class`: images of each class, >= 1; the result is ordered by class.
    - `count`: images overall, >= 1; the result keeps the order of `images`.
    - `classes`: labels to choose from, in the order wanted; all by default, ascending.
    - `generator`: if given, images are chosen at random, without replacement.
    """
    present = _counted(images.labels)
    wanted = check_selection(present, per_class, count, classes)
    if per_class is None:
        among = np.flatnonzero(np.isin(images.labels, wanted))
        chosen = _choose(among, count, generator)
    else:
        chosen = np.concatenate(
            [
                _choose(np.flatnonzero(images.labels == label), per_class, generator)
                for label in wanted
            ]
        )
    return Images(images.pixels[chosen], images.labels[chosen], images.shape)


def check_selection(
    present: Mapping[int, int],
    per_class: int | None,
    count: int | None,
    classes: Sequence[int] | None,
) -> list[int]:
    """The classes that are chosen from; ValueError where there are too few images.

    `present` tells how many images there are of each class.
    """
    if per_class is not None and count is not None:
        raise ValueError(
            f"Choose by per_class or by count, got both ({per_class} and {count}); "
            "leave one out."
        )
    there = list(present)
    wanted = there if classes is None else list(classes)
    if not wanted or len(set(wanted)) < len(wanted):
        raise ValueError(
            f"Classes are one label or more, each named once, got {wanted}; name those "
            f"wanted, of {there}."
        )
    if missing := [label for label in wanted if label not in there]:
        raise ValueError(
            f"Classes must be among the labels {there}: found 0 images of class "
            f"{missing[0]}, asked for {per_class or 'some'}; drop it from classes."
        )
    if per_class is None:
        whole = sum(present[label] for label in wanted)
        _check_number(whole, count, "the chosen classes together")
    for label in wanted if per_class is not None else ():
        _check_number(present[label], per_class, f"class {label}")
    return wanted


def _check_number(there: int, count: int | None, whose: str) -> None:
    if count is not None and not 1 <= count <= there:
        raise ValueError(
            f"The number of images must lie between 1 and those there are: found "
            f"{there} of {whose}, asked for {count}; ask for fewer, at least one."
        )


def _choose(
    among: Int[np.ndarray, " candidate"],
    count: int | None,
    generator: np.random.Generator | None,
) -> Int[np.ndarray, " chosen"]:
    if count is None:
        return among
    if generator is None:
        return among[:count]
    return np.sort(generator.choice(among, count, replace=False))


# --- IDX files ---


def _pair(
    images_path: Path, labels_path: Path
) -> tuple[UInt8[np.ndarray, "item row column"], Integer[np.ndarray, " item"]]:
    raw, labels = read_idx(images_path), read_idx(labels_path)
    if raw.ndim != 3 or raw.dtype != np.uint8:
        raise ValueError(
            f"Images must be uint8 with three axes; {images_path} holds {raw.dtype} "
            f"of shape {raw.shape}; replace it with the official file."
        )
    if labels.shape != raw.shape[:1] or labels.dtype.kind not in "iu":
        raise ValueError(
            f"Every image needs one integer label: {images_path} holds {len(raw)} "
            f"images, {labels_path} holds {labels.dtype} of shape {labels.shape}; "
            "replace them with a pair of official files."
        )
    return raw, labels


def _idx_path(name: str, file: str) -> Path:
    if not os.environ.get("HOPSIM_DATA"):
        return _fetched(name, file)
    path = Path(os.environ["HOPSIM_DATA"], SOURCES[name].folder, file)
    if not path.is_file():
        raise ValueError(
            f"HOPSIM_DATA must name a folder with the data of {name}: found no file "
            f"{path}; put it there, or unset HOPSIM_DATA to have it fetched."
        )
    return path


def _fetched(name: str, file: str) -> Path:
    """The cached file, downloaded from the first address that has the right one."""
    import pooch

    from .._common.files import MachineFault, try_place

    folder, addresses, sha256, _ = SOURCES[name]
    if not addresses:
        raise ValueError(
            f"{name} cannot be downloaded: set HOPSIM_DATA to a folder "
            f"that holds {folder}/{file}, or use the whole data set."
        )
    place = Path(pooch.os_cache("hopsim")) / folder
    instead = f"Set HOPSIM_DATA to a folder that holds {folder}/{file}"
    if not (place / file).is_file():
        try_place(place, f"The copy of {name}", f"{instead}, or XDG_CACHE_HOME")
    failures: list[str] = []
    for address in addresses:
        try:
            fetched = pooch.retrieve(
                address + file,
                known_hash=f"sha256:{sha256[file]}",
                fname=file,
                path=place,
            )
        except (OSError, ValueError) as error:  # no answer, refused; wrong checksum
            failures.append(f"{address}: {_short(error)}")
        else:
            return Path(fetched)
    raise MachineFault(
        f"{name} could not be fetched: no address gave {folder}/{file} with its "
        f"SHA-256 ({'; '.join(failures)}). {instead}, or try later."
    )


def _short(error: Exception) -> str:
    """Why a file could not be fetched, without what only a library's author reads."""
    from .._common.files import reason_of

    inner = getattr(error, "reason", None) or (error.args[0] if error.args else error)
    inner = getattr(inner, "reason", None) or inner
    told = reason_of(inner if isinstance(inner, BaseException) else error)
    return re.sub(r"^\w*Connection\w*\(.*?\): ", "", told)


# --- image folders ---


def _natural(path: Path) -> tuple[list[str | int], str]:
    # text and numbers alternate, text first: only equal types are compared
    parts = re.split("([0-9]+)", path.name)
    return [int(p) if i % 2 else p for i, p in enumerate(parts)], path.name


def _visible(folder: Path, wanted: Callable[[Path], bool]) -> list[Path]:
    found = (p for p in folder.iterdir() if wanted(p) and not p.name.startswith("."))
    return sorted(found, key=_natural)


def _labelled_files(top: Path) -> tuple[list[Path], list[int], list[Path]]:
    """The images with the number of the class of each, and the files that are none."""
    if not os.path.isdir(top):
        raise ValueError(f"Images are read from a folder; {top} is none; check it.")
    (loose, others), folders = _images_in(top), _visible(top, Path.is_dir)
    if loose and folders:
        raise ValueError(
            "A folder holds images or subfolders of images (the classes), not both; "
            f"found {loose[0]} beside {folders[0]}; move one of them away."
        )
    files: list[Path] = []
    labels: list[int] = []
    for label, folder in enumerate(folders or [top]):
        found, rest = _images_in(folder) if folders else (loose, [])
        if not found:
            raise ValueError(
                f"Every class needs an image ({', '.join(SUFFIXES)}, or what else "
                f"Pillow opens); found none in {folder}; add some or remove the folder."
            )
        files += found
        others += rest
        labels += [label] * len(found)
    return files, labels, others


def _images_in(folder: Path) -> tuple[list[Path], list[Path]]:
    """The visible files of a folder: images, and others."""
    files = _visible(folder, Path.is_file)
    formats = _formats()
    images = [file for file in files if _is_image(file, formats)]
    return images, [file for file in files if file not in set(images)]


def _formats() -> list[str]:
    from PIL import Image

    Image.init()
    return [name for name in Image.OPEN if name not in NOT_READ]


def _is_image(path: Path, formats: list[str]) -> bool:
    """True for what Pillow opens, and for what its name says it should open."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path, formats=formats):
            return True
    except UnidentifiedImageError:
        return Image.EXTENSION.get(path.suffix.lower()) in formats
    except Exception:  # `_grey` will say which
        return True


def _grey(path: Path) -> Float[np.ndarray, "row column"]:
    from PIL import Image, ImageOps

    try:
        # not by its path: Pillow would map a plain TIFF that lies on its side, and
        # take its rows for columns
        with path.open("rb") as file, Image.open(file, formats=_formats()) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise ValueError(
                    f"it has {opened.width} x {opened.height} pixels, and the limit is "
                    f"{MOST_PIXELS} (2^24)"
                )
            opened.load()
            image = ImageOps.exif_transpose(opened)  # as every viewer shows it
            if image.mode == "F":
                raise ValueError("floating-point pixels have no known range")
            if image.mode.startswith("I"):  # 16 bits; convert("L") would clip them
                grey = np.asarray(image, float) / 65535
                if grey.size and not 0 <= grey.min() <= grey.max() <= 1:
                    raise ValueError("its numbers do not fit in 16 bits")
                return grey
            if image.has_transparency_data:  # else their colours would show
                white = Image.new("RGBA", image.size, "white")
                flat = Image.alpha_composite(white, image.convert("RGBA"))
                return np.asarray(flat.convert("L"), float) / 255
            return np.asarray(image.convert("L"), float) / 255
    except Exception as error:  # pillow: OSError, SyntaxError, struct.error and more
        raise ValueError(
            f"Every image must be readable as greyscale; {path} is not: "
            f"{plain(str(error))}; replace or remove it."
        ) from error
