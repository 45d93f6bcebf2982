"""The contract of what sweeps the spins of one network, and what it gives back."""

import abc
from typing import ClassVar, NamedTuple

import numpy as np
from jaxtyping import Int

from ._rules import Tie


class SweepResult(NamedTuple):
    """Some sweeps of some starts, on the host, whoever made them."""

    s: np.ndarray  # (start, feature)
    sweeps: Int[np.ndarray, " start"]
    flips: Int[np.ndarray, " start"]
    last: Int[np.ndarray, " start"]  # flips of the last sweep; 0: at rest
    ties: Int[np.ndarray, " start"]
    doubtful: Int[np.ndarray, " start"]
    waits_at: Int[np.ndarray, " start"]  # the visit of the last sweep, or -1


class Starts(NamedTuple):
    """States, and where they go on: at a visit of a sweep, with flips made in it."""

    s: np.ndarray  # (start, feature)
    numbers: Int[np.ndarray, " start"]  # which key their coins
    before: np.ndarray  # (start, feature), as the sweep found them
    first: Int[np.ndarray, " start"]  # the sweep
    begin: Int[np.ndarray, " start"]  # the visit
    last: Int[np.ndarray, " start"]  # flips of the sweep that they are in


class AbstractEngine(abc.ABC):
    """What makes the sweeps of one network.

    To add one: say if a sweep `resumes` behind a visit that exact integers decided
    (else they decide the rest of it), implement `sweeps_at_once` and `sweep`, and
    choose it in `relax`.
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

        A start that waits for exact integers stops in its sweep. With `still` no spin
        sees another move.
        """
