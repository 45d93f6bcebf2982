"""Claims: each holds, in its quick form, and is drawn."""

import mutations
import pytest


@pytest.mark.parametrize("claim", mutations.FILES)
def test_claim_holds_and_is_drawn(claim, tmp_path):
    found = mutations.judge(claim, {}, out=tmp_path)
    assert found
    assert set(found.values()) == {True}, found
