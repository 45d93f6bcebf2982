"""The door: real numbers are taken whatever their type, all else is refused."""

import datetime
import warnings

import cases
import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

import hopsim
from hopsim import dynamics, lagrangians, patterns, training
from hopsim._common.arrays import (
    numbers,
    repeats_expected,
    table,
    whole_numbers,
)
from hopsim._common.notices import Notice
from hopsim.attractors import basin_radii


pytestmark = pytest.mark.usefixtures("unchecked_types")

S = cases.spins(3, cases.FEATURES)  # +1 and -1: every type can hold them
NETWORK = hopsim.model_a(S)
MISSING = np.zeros(S.shape, bool)
MISSING[2, 5] = True
HALF = (S + 1) / 2


def noted(x, k):
    """`x` with something else in one place, as objects."""
    found = x.astype(object)
    found[2, 5] = k
    return found


REFUSED = {
    "masked": (np.ma.masked_array(S, MISSING), "1 are masked, first in row 2"),
    "rows_masked": ([*S[:3], np.ma.masked_array(S[3], MISSING[2])], "masked"),
    "complex": (S + 0j, "got complex numbers; take"),
    "complex64": (S.astype(np.complex64), "complex"),
    "jax_complex": (jnp.asarray(S + 0j), "complex"),
    "dates": (S.astype("datetime64[D]"), "got dates"),
    "spans": (S.astype("timedelta64[s]"), "got spans of time"),
    "text": (S.astype(str), "got text"),
    "bytes": (S.astype("S4"), "got text"),
    "structured": (np.zeros(S.shape, [("x", "f8")]), "got a structured array"),
    "none": (noted(S, None), "Python objects"),
    "datetime": (noted(S, datetime.date(2026, 1, 1)), "Python objects"),
    "ragged": ([[1.0], [1.0, 2.0]], "rows of equal count"),
    "mapping": ({"a": S}, "Python objects such as 'dict'"),
    "nan": (np.where(MISSING, np.nan, S), "row 2 holds nan in column 5"),
    "infinite": (np.where(MISSING, -np.inf, S), "row 2 holds -inf in column 5"),
    "flat": (S[0], r"got shape \(12,\); a single .* is written x\[None, :\]"),
    "empty": (S[:0], r"got shape \(0, 12\)"),
}
TAKEN = {
    **{f"{o}{t}": S.astype(f"{o}{t}") for o in "<>" for t in ("f2", "f4", "f8", "i4")},
    "longdouble": S.astype(np.longdouble),
    "int8": S.astype(np.int8),
    "bfloat16": S.astype(ml_dtypes.bfloat16),
    "lists": S.tolist(),
    "none_masked": np.ma.masked_array(S, np.zeros(S.shape, bool)),
    "fortran": np.asfortranarray(S),
    "jax": jnp.asarray(S),
}


def doors(x):
    """Every public function that takes rows of numbers, given these."""
    two = {"duration": 1.0, "samples": 2}
    draws = training.Draws(x, S[None])
    lesson = training.Lesson(0.01, 5.0, 5.0, epochs=1)
    cells = training.Cells(np.zeros(1, int), np.zeros(1, int))
    heat = dynamics.Glauber(1.0)
    rule = hopsim.KrotovHopfieldRule(0.1, 0.0)
    teach = {"epochs": 1, "temperature": 5.0, "form": "autoassociative"}
    layers = lagrangians.AbsoluteValue(), lagrangians.RectifiedPolynomial(3)
    return {
        "Network": lambda: hopsim.Network(x, *layers),
        "model_a": lambda: hopsim.model_a(x),
        "model_b": lambda: hopsim.model_b(x, kernel_density=True),
        "model_c": lambda: hopsim.model_c(x),
        "with_memories": lambda: NETWORK.with_memories(x),
        "simulate": lambda: hopsim.simulate(NETWORK, dynamics.Adiabatic(), x, **two),
        "memory_start": lambda: hopsim.simulate(
            NETWORK, dynamics.TwoLayer(), S, memory_start=x, **two
        ),
        "find_attractors": lambda: hopsim.find_attractors(
            NETWORK, dynamics.Binary(), x, duration=2.0
        ),
        "relax": lambda: hopsim.relax(NETWORK, dynamics.Binary(), x),
        "sample": lambda: hopsim.sample(NETWORK, heat, x, sweeps=1),
        "references": lambda: hopsim.sample(NETWORK, heat, S, sweeps=1, references=x),
        "student": lambda: hopsim.student(x, 3),
        "couplings": lambda: hopsim.Couplings.of(x),
        "train": lambda: hopsim.train(NETWORK, x, rule, **teach),
        "predict": lambda: hopsim.predict(NETWORK, x),
        "associate": lambda: training.associate(
            (training.AutoAssociative(lagrangians.Polynomial(3), 1),),
            draws, lesson, cells,
        ),
        "corrupted": lambda: patterns.corrupted(0, x),
        "overlap": lambda: patterns.overlap(x, S),
        "standardised": lambda: patterns.standardised(x),
        "as_spins": lambda: patterns.as_spins(x),
        "basin_radii": lambda: basin_radii(
            hopsim.find_attractors(NETWORK, dynamics.Binary(), S, duration=2.0), x
        ),
    }  # fmt: skip


# batches of any shape, or none, or what is undefined
ANY_SHAPE = {"associate", "overlap", "references"}
SHAPES = {"flat", "empty", "nan", "infinite"}


@pytest.mark.parametrize("name", REFUSED)
def test_no_door_takes_what_is_no_real_number(name):
    x, message = REFUSED[name]
    for door, enter in doors(x).items():
        if name in SHAPES and door in ANY_SHAPE:
            continue
        with pytest.raises(ValueError) as caught:
            enter()
        told = str(caught.value)
        assert caught.match(message) or pytest.fail(f"{door}: {told}")
        assert told.isprintable()


@pytest.mark.parametrize("name", TAKEN)
def test_numbers_of_every_type_are_the_same_numbers(name):
    found = table(TAKEN[name], "Rows", "row")
    assert found.dtype.isnative
    np.testing.assert_array_equal(found.astype(float), S)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)  # of longdouble, which is cut
        network = hopsim.model_b(TAKEN[name])
    single = np.asarray(found).dtype == np.float32
    assert network.dtype == (np.float32 if single else np.float64)
    np.testing.assert_array_equal(np.asarray(network.memories, float), S)


def test_booleans_are_0_and_1():
    np.testing.assert_array_equal(hopsim.model_b(HALF == 1).memories, HALF)


def test_bytes_are_squared_without_wrapping_round():
    pixels = np.array([[200, 3], [1, 250]], np.uint8)
    network = hopsim.model_b(pixels, kernel_density=True)
    plain = hopsim.model_b(pixels.astype(float), kernel_density=True)
    np.testing.assert_array_equal(network.hidden_current, plain.hidden_current)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([0, 1, 2], [0, 1, 2]),
        (np.array([0.0, 1.0, 2.0], ">f8"), [0, 1, 2]),
        (np.array([False, True]), [0, 1]),
        (np.array([7], np.uint64), [7]),
    ],
)
def test_whole_numbers_of_every_type_are_labels(labels, expected):
    found = whole_numbers(labels, "Labels")
    assert found.dtype == np.int64
    assert found.tolist() == expected


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 0.5], "whole numbers: item 1 is 0.5"),
        (["0", "1"], "got text"),
        ([0, np.nan], "row 1 holds nan"),
        ([0, None], "Python objects"),
        (np.array([0, 2**64 - 1], np.uint64), "item 1 is"),
    ],
)
def test_what_is_no_whole_number_is_no_label(labels, message):
    with pytest.raises(ValueError, match=message):
        whole_numbers(labels, "Labels")


def test_a_traced_array_is_answered_with_the_way_out():
    enter = lambda x: hopsim.simulate(NETWORK, dynamics.Adiabatic(), x, duration=1.0)
    with pytest.raises(ValueError, match=r"traced.*hopsim\.flow"):
        jax.jit(enter)(S)
    assert jax.jit(lambda x: numbers(x, "Rows").sum())(S) == S.sum()


def test_float64_memories_without_x64_are_told_of_once():
    jax.config.update("jax_enable_x64", False)
    try:
        with pytest.warns(Notice, match="float64 are taken as float32") as told:
            network = hopsim.model_b(S)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            hopsim.model_b(S.astype(np.float32))
            hopsim.model_b(S.astype(np.int8))
            network.with_memories(S)
    finally:
        jax.config.update("jax_enable_x64", True)
    assert network.dtype == np.float32
    assert len(told) == 1
    assert told[0].filename == __file__  # where the user can do something about it


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (S[[0, 1, 0, 2]], "1 of 4 rows repeat an earlier one, first row 2, .* row 0"),
        (S * (np.arange(12) < 11)[:, None], "1 of 12 rows are blank, .* first row 11"),
    ],
)
def test_blank_and_identical_memories_are_told_of(rows, message):
    with pytest.warns(Notice, match=message):
        hopsim.model_b(rows)
    with warnings.catch_warnings(), repeats_expected():
        warnings.simplefilter("error")
        hopsim.model_b(rows)
