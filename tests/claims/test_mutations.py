"""Claims: each is seen to fail when something is wrong."""

import apart
import mutations
import pytest


# one for every wing: flows, spins, training, attractors, teacher and student
WITNESSES = [
    "cl-22: a softmax that sums to 1.3",
    "dam-01: AND in place of XOR",
    "dam-16: targets in the wrong order",
    "cl-23-potts: softmax that sums to more",
    "ts-13: a teacher twice as warm as its student (c = 3)",
]


def marked(number, mutation):
    """All are in the tier of mutations, the witnesses in the default one, too."""
    marks = [pytest.mark.mutations]
    marks += [pytest.mark.witness] * (str(mutation) in WITNESSES)
    return pytest.param(number, id=str(mutation), marks=marks)


EVERY = [marked(*pair) for pair in enumerate(mutations.MUTATIONS)]


@pytest.mark.parametrize("number", EVERY)
def test_claim_is_seen_to_fail(number, record_cpu_seconds):
    mutation = mutations.MUTATIONS[number]
    found = record_cpu_seconds(apart.call(mutations.judge, number))
    told = {k: passed for k, passed in found.items() if mutation.seen_by in k}
    assert told
    # seen by what it measures: a check that could not be made has seen nothing
    assert False in told.values(), f"{mutation}: {found}"


@pytest.mark.mutations
@pytest.mark.parametrize("claim", sorted(mutations.SMALL))
def test_claim_holds_in_the_size_in_which_it_is_mutated(claim, record_cpu_seconds):
    found = record_cpu_seconds(apart.call(mutations.run_small, claim, {}))
    assert found
    assert set(found.values()) == {True}, found


def test_every_claim_has_a_mutation():
    assert {m.claim for m in mutations.MUTATIONS} == set(mutations.FILES)


def test_witnesses_are_mutations():
    assert set(WITNESSES) <= {str(m) for m in mutations.MUTATIONS}
