"""Claims: each is seen to fail when something is wrong."""

import mutations
import pytest


@pytest.mark.parametrize("mutation", mutations.MUTATIONS, ids=str)
def test_claim_is_seen_to_fail(mutation):
    found = mutations.judge(mutation.claim, mutation.overrides, mutation.patch)
    told = {k: passed for k, passed in found.items() if mutation.seen_by in k}
    assert told
    # seen by what it measures: a check that could not be made has seen nothing
    assert False in told.values(), f"{mutation}: {found}"


def test_every_claim_has_a_mutation():
    assert {m.claim for m in mutations.MUTATIONS} == set(mutations.FILES)
