"""The lists of how things end: the run of a probe, a check or claim, and a command."""

import pickle

import numpy as np
import pytest

from hopsim.cli.endings import Exit
from hopsim.experiments._variables import flags
from hopsim.records import Outcome, Verdict
from hopsim.trajectory import Ending


@pytest.mark.parametrize("ending", list(Ending))
def test_every_ending_is_a_code_with_a_sentence(ending):
    assert Ending(np.int64(ending)) is ending
    assert pickle.loads(pickle.dumps(ending)) is ending
    assert ending.sentence.endswith(".")
    assert np.asarray(ending).dtype.kind == "i"


def test_records_tell_what_the_codes_of_endings_mean():
    told = flags([e.name.lower() for e in Ending])
    assert told["flag_values"] == [int(e) for e in Ending]
    meanings = dict(
        zip(told["flag_values"], told["flag_meanings"].split(), strict=True)
    )
    assert meanings[Ending.CYCLE] == "cycle"


def test_a_run_ends_as_asked_at_rest_at_its_event_or_when_its_time_is_over():
    asked = [Ending.STEADY, Ending.DURATION, Ending.EVENT]
    assert [e for e in Ending if e.as_asked] == asked


def test_a_claim_that_crashed_neither_passed_nor_failed():
    assert Outcome.of(True) is Outcome.PASSED
    assert Outcome.of(False) is Outcome.FAILED
    assert Outcome.of(False, crashed=True) is Outcome.CRASHED
    for passed in (True, False):
        told = str(Verdict("it falls", passed, "1", "< 2"))
        assert told.startswith(Outcome.of(passed).word)


def test_exit_codes_are_those_of_the_readme():
    assert [Exit.CHECK_FAILED, Exit.INPUT_AT_FAULT, Exit.INTERNAL_ERROR] == [1, 2, 3]
