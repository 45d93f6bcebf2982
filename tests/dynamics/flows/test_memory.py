"""Nothing in memory grows with the number of solver steps."""

import os
import subprocess
import sys

import pytest


RUN = """
import resource
import jax
jax.config.update("jax_enable_x64", True)
import numpy as np
import hopsim
from hopsim import dynamics, patterns

memories = patterns.random_binary(0, 1000, 784)
targets = np.concatenate([memories, memories])[:1024]
probes = patterns.corrupted(1, targets, flipped=0.3)
network = hopsim.model_b(memories, beta=0.1)
path = hopsim.simulate(
    network, dynamics.TwoLayer(tau_memory=0.1), probes, duration=20.0, samples=11
)
assert np.all(path.converged)
assert np.all(hopsim.certify(network, path).holds)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2)
"""


@pytest.mark.slow
def test_1024_probes_of_784_features_and_1000_memories_stay_under_2_gigabytes():
    # compiled as for a user, not as for the tests
    own = {k: v for k, v in os.environ.items() if not k.startswith(("JAX_", "XLA_"))}
    command = [sys.executable, "-c", RUN]
    done = subprocess.run(command, env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert float(done.stdout) < 2.0
