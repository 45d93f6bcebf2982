"""Learning by recall: where flows end, against PyTorch and against a long way round."""

import functools as ft
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import recall_case as case

from hopsim import dynamics, model_a, model_b, model_c, train
from hopsim.dynamics import Adiabatic, Binary, Pulse, TwoLayer
from hopsim.training import KrotovHopfieldRule, learnt_network, Pairs, Recall
from hopsim.training.objectives import CURVES


PAIRS = Pairs(case.STARTS, case.TARGETS)
BETA = "memory_lagrangian.beta"


def learn(form=None, net=None, rule=None, pairs=PAIRS, **settings):
    given: dict[str, Any] = {"epochs": case.STEPS} | settings
    with jax.numpy_dtype_promotion("standard"):  # as optax writes Adam
        return train(
            net or model_b(case.MEMORIES, case.BETA),
            pairs,
            rule or optax.adam(case.RATE),
            form=form or Recall(Adiabatic(), clamped=case.CLAMPED),
            **given,
        )


# the losses before twenty steps of Adam by plain PyTorch 2.14, which iterates the map
# v <- xi^T softmax(beta xi v) 400 times and differentiates through all of them
# (tests/benchmarks/recall.py)
BY_TORCH = [
    *(0.525468250804, 0.483291952075, 0.447323494886, 0.417434112382, 0.393041156892),
    *(0.373418633143, 0.357860068674, 0.345706444255, 0.336343865261, 0.329213097472),
    *(0.323797375188, 0.319592612027, 0.31609902317, 0.312850566177, 0.30947069501),
    *(0.305717533749, 0.301480008619, 0.29673109861, 0.291471315397, 0.285684736705),
]


@pytest.mark.slow  # 3 CPU s: an epoch is compiled
def test_losses_are_those_of_pytorch():
    record = learn(test=PAIRS)
    np.testing.assert_allclose(record["loss"].values, BY_TORCH, rtol=1e-6)
    assert set(CURVES) - set(record.data) == {"temperature"}
    assert np.all(record["unresolved"].values == 0)
    assert record["train_error"].values[-1] <= record["train_error"].values[0]


@pytest.mark.slow  # four programs
@pytest.mark.parametrize("duration", [None, 2.0])
def test_gradients_are_those_of_the_loss(duration):
    form = Recall(TwoLayer(0.3), duration, case.CLAMPED, also=[BETA, "current"])
    objective = form.of(model_b(case.MEMORIES, case.BETA))
    start, one = objective.start(objective.network), jnp.ones(())
    pairs = tuple(map(jnp.asarray, PAIRS))
    step = jax.jit(lambda p: objective.step(p, one, *pairs))
    leaves, structure = jax.tree.flatten(start)
    slopes = jax.tree.leaves(step(start).gradient)
    for k, x in enumerate(leaves):
        draw = np.random.default_rng(k).standard_normal(x.shape)

        def loss(h, k=k, draw=draw):
            moved = [y + h * draw if i == k else y for i, y in enumerate(leaves)]
            return step(jax.tree.unflatten(structure, moved)).loss

        expected = (loss(1e-4) - loss(-1e-4)) / 2e-4
        # central differences of 1e-4 leave 1e-8; flows of rtol 1e-7 jump by as much
        found = np.sum(slopes[k] * draw)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.slow  # trains three times
def test_an_unbroken_training_equals_one_taken_up_again(tmp_path):
    form = Recall(Adiabatic(), clamped=case.CLAMPED, also=BETA)
    place, calls = tmp_path / "checkpoint.nc", iter([False, True])
    run = ft.partial(learn, form, epochs=4, batch=5)
    whole = run()
    with pytest.raises(KeyboardInterrupt):
        run(checkpoint=place, interrupted=lambda: next(calls))
    again = run(checkpoint=place)
    for name in ("memories", BETA, "loss", "train_error", "unresolved"):
        assert np.array_equal(whole[name].values, again[name].values), name
    assert float(whole[BETA].values) not in (0.0, case.BETA)
    taught = learnt_network(model_b(case.MEMORIES, case.BETA), whole.data)
    assert taught.memory_lagrangian.beta == whole[BETA].values
    assert np.array_equal(taught.memories, whole["memories"].values)
    with pytest.raises(ValueError, match="another training run"):
        learn(Recall(Adiabatic(), clamped=case.CLAMPED, also=BETA, solver="dopri8"),
              epochs=4, batch=5, checkpoint=place)  # fmt: skip


@pytest.mark.slow
def test_what_has_no_end_is_counted_and_has_no_gradient():
    """v = tanh(v) at its critical point: rest at 0 is not hyperbolic."""
    net = model_b(np.array([[1.0], [-1.0]]), 1.0)
    objective = Recall(Adiabatic()).of(net)
    states, targets = jnp.array([[0.0], [1.0]]), jnp.array([[1.0], [0.5]])
    bent = jnp.asarray(net.memories).at[0, 0].set(1.001)  # of which 0 is no rest
    step = jax.jit(lambda p, states: objective.step(p, jnp.ones(()), states, targets))
    both = step(jnp.asarray(net.memories), states)
    assert np.isnan(both.answers[0, 0])
    assert bool(objective.wrong(both.answers, targets, targets)[0])
    assert not np.isfinite(both.loss) or np.all(np.isfinite(both.gradient))
    resolved = step(bent, states)
    assert np.all(np.isfinite(resolved.gradient))


@pytest.mark.usefixtures("any_types")
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"pairs": case.STARTS}, "needs starts and their targets, got a ndarray"),
        ({"pairs": Pairs(case.STARTS, case.TARGETS[:3])}, "20 starts and 3 targets"),
        ({"pairs": Pairs(case.STARTS[:, :3], case.TARGETS)}, "starts to learn"),
        (
            {
                "form": lambda: "associative",
                "temperature": 1.0,
                "net": lambda: model_a(case.MEMORIES),
            },
            "are learnt by recall",
        ),
        ({"temperature": 1.0}, "Recall has no training temperature"),
        (
            {"form": lambda: Recall(Adiabatic(), also="beta")},
            "no parameter",
        ),
        ({"form": lambda: Recall(Binary())}, "Recall follows a flow"),
        (
            {"form": lambda: Recall(TwoLayer(drive=Pulse(np.ones(12), 0.5)))},
            "no fixed points",
        ),
        ({"form": lambda: Recall(TwoLayer(decay=0.0))}, "need a decay > 0"),
        (
            {
                "form": lambda: Recall(Adiabatic(), also=BETA),
                "rule": KrotovHopfieldRule(0.1),
            },
            "learns memories alone",
        ),
        (
            {"form": lambda: Recall(Adiabatic(), clamped=[True])},
            "boolean mask of shape",
        ),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(given, message):
    late = ("form", "net")  # which a type checker must not see being made
    made: dict[str, Any] = {
        k: x() if k in late and callable(x) else x for k, x in given.items()
    }
    with pytest.raises(ValueError, match=message):
        learn(**made)


def test_settings_out_of_range_are_refused():
    with pytest.raises(ValueError, match="cosine"):
        Recall(Adiabatic(), retrieved_above=1.0)
    with pytest.raises(ValueError, match="duration must be a finite number > 0"):
        Recall(Adiabatic(), duration=-1.0)


@pytest.mark.slow  # trains
def test_any_network_learns():
    net, rule = model_c(np.sign(case.MEMORIES)), optax.adam(0.02)
    loss = learn(Recall(dynamics.TwoLayer(0.1)), net, rule, epochs=15)["loss"].values
    assert loss[-1] < 0.9 * loss[0]
