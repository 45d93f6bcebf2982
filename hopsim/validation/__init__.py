"""Validation: experiments that test theory; claims use them, studies do not.

A kind of `[experiment]` like any other, listed by `hopsim list validations`.
"""

from . import flows, spins, students
from ._base import validations


__all__ = ["flows", "spins", "students", "validations"]
