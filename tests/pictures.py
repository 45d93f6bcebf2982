"""Small made-up records, one for every plot of the claims."""

import numpy as np

from hopsim.records import dataset, Record


OWNERS = ("state", np.array([0, 0, 1, 1]))  # two pattern sets of two states
TIME = ("sample", np.linspace(0, 4, 9))
CURVE = ("probe", "sample")


def made(**variables):
    """A dataset of one point from (dimensions, values) or plain scalars."""
    pairs = {k: v if isinstance(v, tuple) else ((), v) for k, v in variables.items()}
    return dataset(pairs)


def pictures(rng):
    """Plot -> record."""
    found = _steps(rng) | _energies(rng) | _states(rng) | _limits(rng) | _rest(rng)
    return {name: Record(data) for name, data in found.items()}


def _steps(rng):
    steps = made(
        ladder=("pace", [0.1, 10.0]),
        energy=(("pace", "step"), -np.sort(rng.uniform(size=(2, 6)))),
        dt=("state", 10.0 ** np.arange(4)),
        rise=("state", rng.uniform(-9, 3, 4)),
    )
    relaxed = made(
        set=OWNERS,
        theta=("theta", [0.5, 1.0, 1.5]),
        rises=(("state", "theta", "step"), rng.uniform(size=(4, 3, 5)) > 0.5),
    )
    return {"step_sizes": steps, "relaxation": relaxed}


def _energies(rng):
    driven = made(
        time=TIME,
        period=2.0,
        energy=(CURVE, rng.uniform(size=(4, 9))),
        dissipated=(CURVE, np.cumsum(rng.uniform(size=(4, 9)), axis=1)),
        work=(CURVE, -np.cumsum(rng.uniform(size=(4, 9)), axis=1)),
    )
    hull = made(
        time=TIME,
        distance=(CURVE, np.exp(-TIME[1]) * np.ones((4, 1))),
        hull_error=(CURVE, np.zeros((4, 9))),
        level=(("probe", "inner"), rng.uniform(size=(4, 20))),
        end_time=("probe", np.full(4, 3.0)),
    )
    ledger = made(
        time=TIME,
        energy=(CURVE, -np.cumsum(rng.uniform(size=(4, 9)), axis=1)),
        dissipation=(CURVE, np.cumsum(rng.uniform(size=(4, 9)), axis=1)),
        ledger_by_rtol=("probe", rng.uniform(0.01, 1, 4)),
    )
    modes = made(
        time=TIME,
        end_time=("probe", np.full(4, 4.0)),
        energy_drift=(CURVE, rng.uniform(1e-17, 1e-16, (4, 9))),
        left=(CURVE, np.exp(-TIME[1]) * np.ones((4, 1))),
        mode_time=1.0,
    )
    named = {"power_balance": driven, "hull": hull, "ledger": ledger}
    return named | {"zero_modes": modes}


def _states(rng):
    rate = -rng.uniform(0, 10, 4)
    balance = made(
        rate=("state", rate),
        dissipation=("state", -rate),
        balance_error=("state", rng.uniform(0, 1e-15, 4)),
        terms=("state", 3 * np.abs(rate)),
        rises=("state", rate > 0),
    )
    gap = made(
        excess=("state", np.arange(1.0, 5)),
        gap=("state", np.arange(1.0, 5)),
        gap_error=("state", rng.uniform(0, 1e-15, 4)),
    )
    field = rng.uniform(-1, 1, (4, 3))
    flips = made(
        set=OWNERS,
        against=(("state", "feature"), field > -0.5),
        field=(("state", "feature"), field),
        drop=(("state", "feature"), -3 * np.abs(field)),
        drop_excess=(("state", "feature"), np.zeros((4, 3))),
        sliding=(("state", "feature"), field > 0.5),
        repelling=(("state", "feature"), field < -0.5),
    )
    closed = np.sort(rng.uniform(-3, 1, (4, 5)))
    spectrum = made(
        closed=(("state", "eigenvalue"), closed),
        numerical=(("state", "eigenvalue"), closed),
        closed_error=("state", rng.uniform(0, 1e-15, 4)),
        imaginary=("state", np.zeros(4)),
    )
    named = {"parity": balance, "rates": balance, "adiabatic_gap": gap}
    return named | {"flips": flips, "sliding": flips, "spectrum": spectrum}


def _limits(rng):
    tau = np.array([0.1, 0.05, 0.025])
    limit = made(
        tau_memory=("tau", tau),
        error=(("tau", "probe"), tau[:, None] * rng.uniform(1, 2, (1, 5))),
        slope=(("pair", "probe"), np.ones((2, 5))),
        same_end=("probe", np.arange(5) < 4),
    )
    stiff = made(
        tau_memory=("tau", tau),
        steps=(("tau", "probe"), np.round(10 / tau[:, None] * np.ones((1, 4)))),
        stable_steps=(("tau", "probe"), 9 / tau[:, None] * np.ones((1, 4))),
        limit_share=(("tau", "probe"), np.ones((3, 4))),
        solver="Tsit5",
    )
    return {"convergence": limit, "stiffness": stiff}


def _rest(rng):
    beta, gap = np.array([1.0, 2, 4]), np.array([5.0, 6, 7, 8])
    error = -beta[:, None] * gap
    line = (("beta", "probe"), error)
    retrieval = made(
        set=("probe", np.array([0, 0, 0, 1])),
        beta=("beta", beta),
        separation=("probe", gap),
        query_separation=("probe", gap),
        error_slope=("probe", -gap),
        query_slope=("probe", -gap),
        log_error=line,
        log_theory=line,
        log_bound=(("beta", "probe"), error + 2),
        log_step=line,
        flow_distance=("probe", np.exp(-2 * gap)),
        flow_beta=2.0,
    )
    omega, at = np.array([0.5, 2, 5]), np.geomspace(0.5, 5, 7)
    wave = 1 / (1 + 1j * omega[:, None] * np.ones((1, 4)))
    drawn = 1 / (1 + 1j * at[:, None] * np.ones((1, 4)))
    response = made(
        omega=("omega", omega),
        line_omega=("line", at),
        response_gain=(("omega", "state"), np.abs(wave)),
        response_phase=(("omega", "state"), np.degrees(np.angle(wave))),
        line_gain=(("line", "state"), np.abs(drawn)),
        line_phase=(("line", "state"), np.degrees(np.angle(drawn))),
        gain=("state", rng.uniform(0, 0.9, 4)),
        decay=1.0,
    )
    ended = made(
        end_time=("probe", rng.uniform(1, 9, 4)),
        converged=("probe", np.array([True, True, True, False])),
    )
    return {"retrieval_error": retrieval, "bode": response, "settling": ended}
