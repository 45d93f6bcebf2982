"""The contract of engines, which sweep the spins of one network."""

import abc
from typing import ClassVar, NamedTuple

import numpy as np
from jaxtyping import Int

from .flip_rules import Tie


class SweepResult(NamedTuple):
    """The result of some sweeps of some starts, on the host, from any engine."""

    s: np.ndarray  # (start, feature)
    sweeps: Int[np.ndarray, " start"]
    flips: Int[np.ndarray, " start"]
    last: Int[np.ndarray, " start"]  # flips of the last sweep; 0: at rest
    ties: Int[np.ndarray, " start"]
    doubtful: Int[np.ndarray, " start"]
    waits_at: Int[np.ndarray, " start"]  # the visit held for exact integers, or -1


class Starts(NamedTuple):
    """Starts, and where each is resumed: a visit of a sweep with its flips so far."""

    s: np.ndarray  # (start, feature)
    numbers: Int[np.ndarray, " start"]  # which key their coins
    before: np.ndarray  # (start, feature), before the sweep
    first: Int[np.ndarray, " start"]  # the sweep
    begin: Int[np.ndarray, " start"]  # the visit
    last: Int[np.ndarray, " start"]  # flips of that sweep so far


class AbstractEngine(abc.ABC):
    """Makes the sweeps of one network.

    To add one: set `resumes`, True if a sweep can be resumed after a visit that exact
    integers decided (otherwise they decide the rest of it too), implement
    `sweeps_at_once` and `sweep`, and choose it in `relax`.
    """

    resumes: ClassVar[bool]

    @abc.abstractmethod
    def sweeps_at_once(self, visits: int) -> int:
        """How many sweeps one call should make, of so many visits each."""

    @abc.abstractmethod
    def sweep(
        self,
        starts: Starts,
        orders: np.ndarray,
        seeds: np.ndarray,
        tie: Tie,
        still: bool,
    ) -> SweepResult:
        """The sweeps `orders[first:]` of some starts, until they rest.

        A start stops at a visit that only exact integers can decide. With `still` the
        spins before the sweep decide all of its visits.
        """
