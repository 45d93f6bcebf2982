"""Files: a disk that refuses, what killed processes leave, locks, and damage."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hopsim._common import files
from hopsim._common.files import (
    is_file_name,
    keep,
    KeptElsewhere,
    locked,
    machine_fault,
    make_place,
    MOST_JSON_BYTES,
    read_json,
    remove_leftovers,
    set_aside,
    try_place,
    unfinished_name,
    write_whole,
)
from hopsim._common.names import plain, unwritable
from hopsim._common.notices import Notice


REFUSALS = [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO]
HOST = files._HOST


@pytest.fixture
def refuses(monkeypatch):
    """A function after whose call nothing can be written below a directory."""

    def below(place, number=errno.ENOSPC):
        write = Path.write_bytes

        def refused(path, data):
            if path.is_relative_to(place):
                write(path, data[: len(data) // 2])
                raise OSError(number, os.strerror(number))
            return write(path, data)

        monkeypatch.setattr(Path, "write_bytes", refused)

    return below


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Where the user's own data would go."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="module")
def dead():
    """The number of a process that has ended."""
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


# --- a disk that refuses --------------------------------------------------------------


@pytest.mark.parametrize("number", REFUSALS)
def test_a_place_is_tried_with_real_bytes_before_any_work(
    tmp_path, monkeypatch, number
):
    def refused(descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refused)
    with pytest.raises(ValueError, match=r"cannot be made in .* name another place"):
        try_place(tmp_path / "new", "Runs", "name another place")
    assert not list((tmp_path / "new").iterdir())


@pytest.mark.parametrize("number", REFUSALS)
def test_what_the_machine_refuses_is_one_sentence(number):
    told = machine_fault(OSError(number, os.strerror(number), "/some/place"))
    assert told.startswith(f"'/some/place': {os.strerror(number)}; ")
    assert told.endswith(".")
    assert "\n" not in told


def test_half_a_file_is_never_left(tmp_path, refuses):
    write_whole(tmp_path / "kept.txt", "old")
    refuses(tmp_path)
    with pytest.raises(OSError, match=r"kept\.txt") as caught:
        write_whole(tmp_path / "kept.txt", "new and longer")
    assert caught.value.errno == errno.ENOSPC
    assert [p.name for p in tmp_path.iterdir()] == ["kept.txt"]
    assert (tmp_path / "kept.txt").read_text() == "old"


def test_what_a_place_cannot_hold_goes_to_another(tmp_path, home, refuses):
    refuses(tmp_path / "asked")
    (tmp_path / "asked").mkdir()
    write = lambda place: write_whole(place / "it", "text")
    with pytest.raises(KeptElsewhere, match=r"No space left.* it is in ") as caught:
        keep(write, tmp_path / "asked", "The report")
    kept = caught.value.place
    assert kept is not None
    assert kept.read_text() == "text"
    assert kept.is_relative_to(home)
    assert str(kept) in str(caught.value)
    assert not list((tmp_path / "asked").iterdir())


def test_if_no_place_can_hold_it_that_is_said(tmp_path, monkeypatch, refuses):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    refuses(tmp_path)
    write = lambda place: write_whole(place / "it", "text")
    with pytest.raises(KeptElsewhere, match=r"cannot be kept .* nor in") as caught:
        keep(write, tmp_path, "The report")
    assert caught.value.place is None
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


# --- what killed processes leave ------------------------------------------------------


def test_what_the_dead_have_left_is_removed_and_nothing_else(tmp_path, dead):
    gone = [f".run.{dead}@{HOST}", f".record.nc.{dead}@{HOST}", f".a-0123abcd.{dead}"]
    kept = [
        *(f".run.{os.getpid()}@{HOST}", f".run.{dead}@another", ".hidden", "visible"),
        *(f".notes.{dead}", f".profile.{dead}.txt", f"run.{dead}@{HOST}"),
    ]
    for name in gone + kept:
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    make_place(tmp_path, "Runs")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(kept)


def test_what_was_about_to_be_replaced_gets_its_name_back(tmp_path, dead):
    for name in ("one", "two"):
        (tmp_path / f".{name}.{dead}@{HOST}.old").mkdir()
        (tmp_path / f".{name}.{dead}@{HOST}.old" / "old").touch()
    (tmp_path / "two").mkdir()  # its new one had come already
    remove_leftovers(tmp_path)
    assert [p.name for p in (tmp_path / "one").iterdir()] == ["old"]
    assert not list((tmp_path / "two").iterdir())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one", "two"]


def test_this_process_and_machine_are_in_an_unfinished_name(tmp_path):
    found = unfinished_name(tmp_path / "record.nc").name
    assert found == f".record.nc.{os.getpid()}@{HOST}"


# --- locks ----------------------------------------------------------------------------

WHAT = "Somebody works"
HOLD = """
import sys, time
from pathlib import Path
from hopsim._common.files import locked
with locked(Path(sys.argv[1]), "Somebody works", "wait"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_names_its_holder_and_ends_with_it(tmp_path):
    lock = tmp_path / ".lock"
    words = [sys.executable, "-c", HOLD, str(lock)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        who = f"Somebody works already: process {holder.pid} on {HOST} does; wait"
        with (
            pytest.raises(ValueError, match=who),
            locked(lock, WHAT, "wait"),
        ):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert lock.exists()
    with locked(lock, WHAT, "wait"):
        told = json.loads(lock.read_text())
        assert told == {"host": HOST, "pid": os.getpid()}
    assert not lock.exists()


def test_without_locks_of_the_system_what_is_written_counts(
    tmp_path, monkeypatch, dead
):
    import fcntl

    def unknown(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", unknown)
    lock = tmp_path / ".lock"
    lock.write_text(json.dumps({"host": HOST, "pid": os.getppid()}))
    who = f"process {os.getppid()} on"
    with pytest.raises(ValueError, match=who), locked(lock, WHAT, "wait"):
        pass
    lock.write_text(json.dumps({"host": HOST, "pid": dead}))
    with locked(lock, WHAT, "wait"):
        pass
    assert not lock.exists()


# --- damage ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": NaN}', b'{"a": -Infinity}',
     b"9" * 5000],
    ids=["empty", "half", "no text", "deep", "nan", "infinite", "digits"],
)  # fmt: skip
def test_damaged_json_says_why(tmp_path, content):
    path = tmp_path / "told.json"
    path.write_bytes(content)
    with pytest.raises(ValueError) as caught:
        read_json(path)
    assert str(caught.value) == plain(str(caught.value)) != ""


def test_what_is_no_file_is_never_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(ValueError, match="no file"):
            read_json(path)
    with open(tmp_path / "huge", "wb") as file:
        file.truncate(MOST_JSON_BYTES + 1)
    with pytest.raises(ValueError, match="more than"):
        read_json(tmp_path / "huge")
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "none")


def test_what_is_damaged_is_set_aside_under_a_free_name(tmp_path):
    for number in range(3):
        (tmp_path / "it").write_text(str(number))
        with pytest.warns(Notice, match=r"damaged .* aside .*, and redone"):
            set_aside(tmp_path / "it", "why", "redone")
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == ["it.damaged", "it.damaged-2", "it.damaged-3"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../a.png",
        "/etc/passwd",
        "a/b.png",
        "a\\b",
        "c:d",
        "a\0",
        "a\n",
        3,
    ],
)
def test_a_path_is_no_file_name(name):
    assert not is_file_name(name)


def test_a_file_name_is_one():
    assert is_file_name("energy.png")
    assert is_file_name("..energy ξ.png")


@pytest.mark.parametrize("code", [*range(32), *range(127, 160), 0xD800, 0xDFFF])
def test_control_characters_are_unwritable(code):
    character = chr(code)
    if character in "\n\t":
        assert unwritable(f"a{character}b") is None
    else:
        assert unwritable(f"a{character}b") == ascii(character)[1:-1]
    assert plain(f"a{character}b") in ("a b", f"a{ascii(character)[1:-1]}b")


def test_what_differs_each_time_is_not_told():
    assert plain(f"{object()!r} is none") == "<object object> is none"


def test_letters_of_all_tongues_are_writable():
    assert unwritable("ξ · å 脳 🧠 $x$ \\ <b>") is None
