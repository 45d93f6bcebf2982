"""One example of every registered kind, and systems with known answers.

A new kind is picked up by the tests over the registries: they fail until it has an
example here, filed under its kind.
"""

import numpy as np
import pytest

from hopsim import dynamics, experiments, lagrangians as L, patterns, validation
from hopsim.checks import measured, trajectories
from hopsim.models import model_a, model_b, model_c
from hopsim.network import Network


FEATURES, COUNT, PROBES = 12, 7, 4  # one size for all: compiled programs are shared
XI = patterns.gaussian(0, COUNT, FEATURES)  # memories
I = 0.3 * patterns.gaussian(1, 1, FEATURES)[0]  # current
J = 0.2 * patterns.gaussian(2, 1, COUNT)[0]  # hidden current


# --- one example of every kind -------------------------------------------------------

LAGRANGIANS = {
    "quadratic": L.Quadratic(),
    "absolute_value": L.AbsoluteValue(),
    "log_cosh": L.LogCosh(1.7),
    "norm": L.Norm(2.5),
    "polynomial": L.Polynomial(4),
    "rectified_polynomial": L.RectifiedPolynomial(3),
    "leaky_rectified_polynomial": L.LeakyRectifiedPolynomial(3),
    "distinct_polynomial": L.DistinctPolynomial(3, FEATURES),
    "exponential": L.Exponential(0.8, shift=0.5),
    "log_sum_exp": L.LogSumExp(1.3),
    "rescaled": L.Rescaled(L.RectifiedPolynomial(2), inside=0.25, outside=3.0),
}

DRIVES = {
    "sinusoid": dynamics.Sinusoid(0.5, 2.0),
    "pulse": dynamics.Pulse(0.5, centre=1.0, width=0.5),
}

DYNAMICS = {
    "two_layer": dynamics.TwoLayer(0.5),
    "adiabatic": dynamics.Adiabatic(),
    "sharp": dynamics.Sharp(),
    "binary": dynamics.Binary(),
    "glauber": dynamics.Glauber(2.0),
}

NETWORK_KINDS = {
    "network": Network(XI, L.LogCosh(1.2), L.Polynomial(2), I, J),
    "model_a": model_a(XI),
    "model_b": model_b(XI),
    "model_c": model_c(XI),
}


# --- further Lagrangians: every branch of every formula ------------------------------

VARIANTS = LAGRANGIANS | {
    "norm_rounded": L.Norm(2.0, delta=0.7),
    "polynomial_1": L.Polynomial(1),
    "polynomial_2": L.Polynomial(2),
    "polynomial_3": L.Polynomial(3),
    "polynomial_5": L.Polynomial(5),
    "rectified_1": L.RectifiedPolynomial(1),
    "rectified_2": L.RectifiedPolynomial(2),
    "rectified_4": L.RectifiedPolynomial(4),
    "leaky_1": L.LeakyRectifiedPolynomial(1, -0.2),
    "leaky_1_is_identity": L.LeakyRectifiedPolynomial(1, 1.0),
    "leaky_1_concave": L.LeakyRectifiedPolynomial(1, 1.5),
    "leaky_2": L.LeakyRectifiedPolynomial(2, -0.3),
    "leaky_upward": L.LeakyRectifiedPolynomial(3, +0.01),
    "leaky_without_leak": L.LeakyRectifiedPolynomial(2, 0.0),
    "distinct_2": L.DistinctPolynomial(2, FEATURES),
    "distinct_4": L.DistinctPolynomial(4, FEATURES),
    "distinct_5": L.DistinctPolynomial(5, FEATURES),
    "rescaled_log_cosh": L.Rescaled(L.LogCosh(0.6), outside=2.0),
    "rescaled_norm": L.Rescaled(L.Norm(1.5), inside=2.0, outside=0.5),
    "rescaled_cubic": L.Rescaled(L.Polynomial(3), inside=0.5, outside=2.0),
    "rescaled_leaky": L.LeakyRectifiedPolynomial(3).normalised(FEATURES),
}


# --- networks ------------------------------------------------------------------------

SMOOTH = {  # both Lagrangians convex, both activations continuous
    "a_polynomial_4": model_a(XI, L.Polynomial(4), beta=1.5, current=I),
    "a_rectified_3": model_a(XI, beta=2.0, current=I, hidden_current=J),
    "a_exponential": model_a(XI, L.Exponential(0.3), beta=1.0, current=I),
    "a_autapse": model_a(XI, L.Polynomial(4), 2.0, current=I, autapse=0.4),
    "b": model_b(XI, beta=0.5),
    "b_kernel_density": model_b(XI, beta=0.4, kernel_density=True),
    "b_currents": model_b(XI, beta=0.6, current=I, hidden_current=J),
    "c": model_c(XI, current=I),
    "c_rounded": model_c(XI, L.Polynomial(4), delta=0.5, hidden_current=J),
    "c_exponential": model_c(XI, L.Exponential(0.3)),
}
JUMPING = {  # convex, with activations that jump
    "a_leaky": model_a(XI, L.LeakyRectifiedPolynomial(3), beta=2.0),
    "a_step": model_a(XI, L.RectifiedPolynomial(1), beta=1.0),
    "a_sharp": model_a(XI, current=0.5 * I, hidden_current=J),
    "a_sharp_exponential": model_a(XI, L.Exponential(0.4)),
}
NOT_CONVEX = {
    "a_cubic": model_a(XI, L.Polynomial(3), beta=1.5, current=I),
    "a_leaky_upward": model_a(XI, L.LeakyRectifiedPolynomial(3, 0.3), beta=2.0),
}
CONVEX = SMOOTH | JUMPING
NETWORKS = CONVEX | NOT_CONVEX
# tried slowly: each Lagrangian of theirs is that of another network as well
SIMILAR = ("a_exponential", "b", "b_kernel_density", "c_rounded", "c_exponential")
SIMILAR += ("a_step", "a_sharp_exponential", "a_leaky_upward")


def each_network(names):
    """A test for each of them, by default where it is not like another."""
    slow = lambda name: [pytest.mark.slow] if name in SIMILAR else []
    return pytest.mark.parametrize(
        "name", [pytest.param(name, marks=slow(name)) for name in names]
    )


def states(seed: int, count: int = 32, v_scale: float = 1.0, h_scale: float = 2.0):
    """Random states `(v, h)`, of shapes (count, FEATURES) and (count, COUNT)."""
    rng = np.random.default_rng(seed)
    v = v_scale * rng.standard_normal((count, FEATURES))
    return v, h_scale * rng.standard_normal((count, COUNT))


def spins(seed: int, count: int = 32, features: int = FEATURES):
    """Random spins of shape (count, features), as floats."""
    return np.random.default_rng(seed).choice([-1.0, 1.0], (count, features))


# --- what scenarios name -------------------------------------------------------------

FOUND = {"per_class": 2, "norm": 3.0}  # settings of every source of labelled images

MEMORY_KINDS = {
    "random_binary": {"count": COUNT, "features": FEATURES},
    "gaussian": {"count": COUNT, "features": FEATURES},
    "sphere": {"count": COUNT, "features": FEATURES, "radius": 2.0},
    "orthogonal": {"count": COUNT, "features": FEATURES, "norm": 2.0},
    "simplices": {"clusters": 2, "per_cluster": 3, "features": FEATURES},
    "cyclic": {"features": FEATURES},
    "correlated": {"clusters": 2, "per_cluster": 3, "features": FEATURES},
    "given": {"values": [[1.0, -1.0], [0.5, 2]]},
    "file": {"path": "memories.npz", "variable": "xi", "count": 3},
    "images": FOUND | {"folder": "images", "centred": False},
    "digits": FOUND | {"classes": [3, 5], "shuffled": True},
    "mnist": FOUND | {"split": "test"},
    "fashion_mnist": FOUND | {"split": "train"},
    "kmnist": FOUND,
}

PROBE_KINDS = {
    "corrupted": {"flipped": 0.1, "noise": 0.2, "repeats": 2, "count": 3},
    "random": {"count": PROBES, "scale": 0.5, "binary": True},
    "given": {"values": [[1.0, 0.0], [0, -1]], "targets": [1, -1]},
    "grid": {"low": -1, "high": 1, "points": 3},
}

CHECKS = {
    "energy_falls": trajectories.EnergyFalls(),
    "ledger": trajectories.Ledger(below=1e-4),
    "overlap": trajectories.Overlap(at_least=0.9, of="worst"),
    "retrieved": trajectories.Retrieved(at_least=0.9, level=0.99),
    "converged": trajectories.Converged(at_least=0.5),
    "promise": trajectories.Promised(expected="none"),
    "energy_rises": trajectories.EnergyRises(at_least=0.1),
    "same_end": trajectories.SameEnd(within=1e-3),
    "bound": measured.Bound(
        variable="steps", at_most=100, statement="few steps", source="hopsim"
    ),
    "fraction": measured.Fraction(
        variable="certified", at_least=0.1, statement="falls", source="hopsim"
    ),
    "exponent": measured.Exponent(
        variable="error",
        against="tau_memory",
        low=0.8,
        high=1.2,
        statement="order",
        source="hopsim",
    ),
    "convergence_order": trajectories.ConvergenceOrder(low=0.8, high=1.2),
    "agreement": measured.Agreement(
        variable="steps", value=10, within=1, statement="ten steps", source="hopsim"
    ),
    "average": measured.Average(
        variable="steps", low=0, high=100, statement="few steps", source="hopsim"
    ),
}

EXPERIMENTS = {
    "recall": experiments.recall.Recall(retrieved_above=0.9),
    "recall_histogram": experiments.recall.RecallHistogram(sets=2, mirrors=True),
    "half_capacity": experiments.capacity.HalfCapacity(features=[8], loads=[1.0, 2.0]),
    "basin_image": experiments.landscape.BasinImage(resolution=8),
    "classifier": experiments.learning.Classifier(sets=2, noise=[0.5]),
    "capacity_curve": experiments.capacity.CapacityCurve(
        features=[8], loads=[0.1, 0.2]
    ),
    "certified_basins": experiments.landscape.CertifiedBasins(sets=2, memories=2),
    "adiabatic_gap": validation.flows.AdiabaticGap(sets=2),
    "association_grid": experiments.learning.AssociationGrid(
        sets=2, n=[3], compare=True
    ),
    "census": experiments.landscape.Census(saddles=True),
    "adiabatic_limit": experiments.landscape.AdiabaticLimit(tau_memory=[0.1, 0.05]),
    "altimex_descent": validation.flows.AltIMEXDescent(sets=2),
    "completion": experiments.learning.Completion(sets=2, betas=[0.2, 0.8]),
    "contrastive": validation.flows.Contrastive(sets=2),
    "conventions": experiments.recall.Conventions(sets=2),
    "critical_beta": validation.flows.CriticalBeta(sets=2, weights=10, starts=4),
    "driven": validation.flows.Driven(sets=2),
    "energy_balance": validation.flows.EnergyBalance(sets=2),
    "freezing": experiments.capacity.Freezing(
        curves={"gap": {"rule": "energy gap", "features": [8], "loads": [1.0]}}
    ),
    "generation": experiments.learning.Generation(sets=2, starts=1),
    "heat_bath_kernels": validation.spins.HeatBathKernels(sets=2, count=40),
    "hull": validation.flows.Hull(sets=2),
    "relaxation_descent": validation.flows.RelaxationDescent(sets=2, theta=[0.5, 1.0]),
    "envelope": validation.flows.Envelope(sets=2),
    "f1_grid": experiments.learning.F1Grid(n=[2, 3]),
    "fixed_teacher": experiments.students.FixedTeacher(ratios=[1.0], resolution=4),
    "fixed_points": experiments.capacity.FixedPoints(sets=2),
    "flips": validation.spins.Flips(sets=2),
    "float_range": validation.spins.FloatRange(sizes=[100]),
    "flow_ensemble": validation.flows.FlowEnsemble(sets=2),
    "rules_compared": experiments.recall.RulesCompared(counts=[10, 20]),
    "learning_curve": experiments.students.LearningCurve(
        sets=2, loads=[2.0, 4.0], curve=5
    ),
    "linear_response": validation.flows.LinearResponse(omegas=[1.0], settle=9.0),
    "morse_index": validation.flows.MorseIndex(sets=2, starts=20),
    "mean_field_thresholds": experiments.landscape.MeanFieldThresholds(
        sets=1, betas=[1.5]
    ),
    "metastable": experiments.landscape.Metastable(sets=1, betas=[0.1, 1.0]),
    "overflow": experiments.capacity.Overflow(sets=2),
    "phase_diagram": experiments.students.PhaseDiagram(
        sets=2, resolution=8, probed=2, cells=[[2.0, 2.0]], burn=2
    ),
    "phylogeny": experiments.landscape.Phylogeny(sets=2, low=0.1, high=2.0, points=3),
    "portrait": experiments.landscape.Portrait(resolution=21),
    "potts_thresholds": experiments.landscape.PottsThresholds(sets=1),
    "replica_numbers": validation.students.ReplicaNumbers(
        numbers={"y_d": [[3, 1.408059], [5]], "q": [[3, 1.5]]}
    ),
    "retrieval_error": experiments.capacity.RetrievalError(betas=[1.0, 2.0]),
    "retrieval_gap": validation.flows.RetrievalGap(sets=2),
    "scaling": validation.spins.Scaling(sets=2),
    "spectrum": validation.flows.Spectrum(sets=2),
    "stiffness": validation.flows.Stiffness(tau_memory=[0.1, 0.01]),
    "teacher_examples": validation.students.TeacherExamples(sets=2, count=2000),
    "training_gradient": validation.spins.TrainingGradient(sets=2, n=[3]),
    "truth_table": validation.spins.TruthTable(n=[2, 3]),
    "zero_modes": validation.flows.ZeroModes(sets=2),
    "exact_posterior": validation.students.ExactPosterior(sets=2, loads=[3.0]),
    "learning_from_scratch": experiments.students.LearningFromScratch(
        sets=2, features=[8, FEATURES], strengths=[2.0], protocols=["fixed"]
    ),
    "message_passing": validation.students.MessagePassing(
        sets=2, strengths=[2.0], burn=2
    ),
    "ordered_entropy": validation.students.OrderedEntropy(
        sets=2, strengths=[2.0], burn=2
    ),
    "overlap_landscape": experiments.students.OverlapLandscape(
        sets=2, strengths=[2.0], burn=2
    ),
    "deletion": validation.spins.Deletion(sets=2, left=[1, 2]),
    "exponential_capacity": experiments.capacity.ExponentialCapacity(
        sets=2, features=[5]
    ),
    "prototype_learning": experiments.students.PrototypeLearning(
        sets=2, counts=[1, 2], temperatures=[1.0]
    ),
    "real_recall": experiments.recall.RealRecall(sets=1, n=[3]),
    "spherical": experiments.landscape.Spherical(sets=2),
    "signal_ratio": validation.students.SignalRatio(n=[3], features=[16, 32]),
    "spin_glass": validation.students.SpinGlass(n=[3], factors=[1.5], points=4),
    "spin_recall": validation.spins.SpinRecall(sets=2),
    "stability": experiments.capacity.Stability(sets=2),
}

PLOTS = {  # and a variable without which there is nothing to draw
    "adiabatic_gap": "excess",
    "association_best": "best_distance",
    "association_grid": "mean_distance",
    "attractor_gallery": "hits",
    "branch": "parameter",
    "census": "energy",
    "disconnectivity": "barrier",
    "morse_index": "index_formula",
    "linear_response": "response_gain",
    "basin_image": "basin",
    "certified_basins": "radius",
    "conventions": "convention_name",
    "critical_beta": "covariance",
    "mean_field_thresholds": "theory_overlap",
    "metastable": "memory_beta",
    "phase_diagram": "regime",
    "phylogeny": "beta",
    "potts_thresholds": "theory_b",
    "fixed_point_counts": "count",
    "freezing": "half_count",
    "freezing_curves": "recalled",
    "fixed_points": "rest",
    "fixed_teacher": "teacher_temperature",
    "f1_grid": "f1",
    "float_range": "closed_error",
    "learning_curve": "overlap",
    "learning_curves": "test_error",
    "learnt_memories": "memories",
    "class_votes": "votes",
    "completion": "shown",
    "confusion": "confusion",
    "contrastive": "one_sided",
    "deciding_memories": "deciding",
    "generation": "film",
    "noise_robustness": "noise_error",
    "rules_compared": "recalled",
    "overflow": "wrong",
    "scaling": "same",
    "teacher_examples": "counts",
    "training_gradient": "tiled_difference",
    "truth_table": "solved",
    "flips": "against",
    "settling": "end_time",
    "prototype_learning": "overlap",
    "recall_histogram": "overlap",
    "half_capacity": "unsigned_perfect",
    "heat_bath_kernels": "path",
    "capacity_curve": "overlap",
    "replica_numbers": "quantity",
    "retrieval_error": "log_error",
    "sliding": "sliding",
    "spectrum": "closed",
    "stiffness": "steps",
    "zero_modes": "end_time",
    "exact_posterior": "overlap_square",
    "learning_from_scratch": "success",
    "message_passing": "passed",
    "ordered_entropy": "entropy",
    "overlap_landscape": "overlap",
    "deletion": "left",
    "exponential_capacity": "stable_share",
    "real_recall": "n",
    "recalled_images": "final",
    "spherical": "norm",
    "signal_ratio": "ratio",
    "spin_glass": "line_entropy",
    "spin_recall": "recovered",
    "stability": "bit_ratio",
    "energy": "energy",
    "gap": "gap",
    "grid": "label",
    "gallery": "target",
    "film": "v",
    "adiabatic_limit": "error",
    "overlap": "overlap",
    "sweep": "value",
    "ledger": "ledger_by_rtol",
    "parity": "rate",
    "hull": "distance",
    "driven": "energy",
    "relaxation_descent": "rises",
    "altimex_descent": "energy",
    "rates": "rate",
    "portrait": "landscape",
}
