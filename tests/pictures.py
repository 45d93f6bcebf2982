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
    found |= _stored(rng)
    found |= _spin_rules(rng) | _spin_numerics(rng)
    found |= _capacities(rng)
    found |= _thresholds(rng)
    found |= _basins(rng)
    found |= _attractors(rng) | _learnt(rng) | _prototypes(rng)
    found |= _associations(rng)
    found |= _students(rng)
    found |= _examples(rng)
    found |= _curves(rng)
    found |= _frozen(rng)
    found |= _replicas(rng)
    found |= _students_beside_theory(rng)
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
    return {"altimex_descent": steps, "relaxation_descent": relaxed}


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
    each = ("decay", "probe", "sample")
    spherical = made(
        set=("probe", OWNERS[1]),
        time=TIME,
        decay=("decay", np.array([0.0, 1.0])),
        norm=(each, np.ones((2, 4, 1)) * (1 + TIME[1])),
        angle=(each, np.ones((2, 4, 1)) * np.exp(-TIME[1])),
        theory_slope=(("decay", "probe"), -np.full((2, 4), 0.5)),
        strength=("probe", np.full(4, 1.5)),
        gain=("probe", np.full(4, 0.5)),
    )
    modes = made(
        time=TIME,
        end_time=("probe", np.full(4, 4.0)),
        energy_drift=(CURVE, rng.uniform(1e-17, 1e-16, (4, 9))),
        left=(CURVE, np.exp(-TIME[1]) * np.ones((4, 1))),
        mode_time=1.0,
    )
    named = {"driven": driven, "hull": hull, "ledger": ledger}
    return named | {"zero_modes": modes, "spherical": spherical}


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
    nudge = np.array([0.01, 0.005])
    contrastive = made(
        nudge=("nudge", nudge),
        one_sided=(("probe", "nudge"), rng.uniform(1, 2, (3, 1)) * nudge),
        two_sided=(("probe", "nudge"), rng.uniform(1, 2, (3, 1)) * nudge**2),
    )
    named = {"parity": balance, "rates": balance, "adiabatic_gap": gap}
    named["contrastive"] = contrastive
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
    return {"adiabatic_limit": limit, "stiffness": stiff}


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
    return {
        "retrieval_error": retrieval,
        "linear_response": response,
        "settling": ended,
    }


def _spin_rules(rng):
    each = ("convention", "start")
    conventions = made(
        set=("start", np.array([0, 0, 1, 1])),
        convention_name=("convention", np.array(["energy gap", "local field"])),
        perfect=(each, np.array([[True] * 4, [False] * 4])),
        cycle=(each, np.zeros((2, 4), bool)),
        unconverged=(each, np.zeros((2, 4), bool)),
    )
    counted = made(
        set=OWNERS,
        minimum=("state", np.array([True, False, True, False])),
        rest=("state", np.array([True, True, True, False])),
        outside=("state", np.zeros(4, bool)),
        count=7,
        even=True,
    )
    limits = made(
        set=("cue", np.array([0, 0, 1, 1])),
        rule_name=("rule", np.array(["binary", "sharp flow"])),
        count=("load", np.array([10, 20])),
        cue_overlap=("cue", np.full(4, 0.8)),
        overlap=(("rule", "load", "cue"), rng.uniform(size=(2, 2, 4))),
        recalled=(("rule", "load", "cue"), rng.uniform(size=(2, 2, 4)) > 0.5),
    )
    scaled = made(
        set=("start", np.array([0, 0, 1, 1])),
        same=("start", np.ones(4, bool)),
        recalled=("start", np.ones(4, bool)),
        recalled_scaled=("start", np.zeros(4, bool)),
    )
    xor = made(
        n=("n", np.array([2, 3])),
        table=(("row", "feature"), np.array([[1, 1, -1], [1, -1, 1]])),
        solved=(("n", "row"), np.array([[False, False], [True, True]])),
        tie=(("n", "row"), np.array([[True, False], [False, False]])),
    )
    named = {
        "conventions": conventions,
        "fixed_points": counted,
        "rules_compared": limits,
    }
    named |= {"fixed_point_counts": counted}
    return named | {"scaling": scaled, "truth_table": xor}


def _spin_numerics(rng):
    where = ("stress", "n", "method", "decision")
    signs = made(
        stress_name=("stress", np.array(["random", "near"])),
        method_name=("method", np.array(["plain", "certified"])),
        n=("n", np.array([3, 100])),
        wrong=(where, np.zeros((2, 2, 2, 4), bool)),
        undecided=(where, rng.uniform(size=(2, 2, 2, 4)) > 0.7),
        broken=(where, np.zeros((2, 2, 2, 4), bool)),
    )
    errors = ("closed_error", "softmax_error", "exp_error")
    ranges = made(
        size=("size", np.array([100, 1000])),
        precision_name=("precision", np.array(["float32"])),
        finite_n=(("precision", "size"), np.array([[19, 12]])),
        finite_theory=(("precision", "size"), np.array([[19, 12]])),
        vanishing_n=(("precision", "size"), np.array([[84, 40]])),
        vanishing_theory=(("precision", "size"), np.array([[84, 40]])),
        **{name: ("probe", rng.uniform(1e-7, 1e-4, 5)) for name in errors},
    )
    return {"overflow": signs, "float_range": ranges}


def _stored(rng):
    stored = made(
        set=OWNERS,
        bit_ratio=("state", rng.uniform(0.8, 1.2, 4)),
        stable_ratio=("state", rng.uniform(0.8, 1.2, 4)),
        theory_bit_error=1e-3,
        theory_stable=0.9,
    )
    recall = made(set=OWNERS, recovered=("state", np.array([True, True, True, False])))
    kept = np.array([[True, False, True, False], [True] * 4])
    deleted = made(
        set=OWNERS,
        left=("left", np.array([1, 2])),
        memory_count=2,
        kept=(("left", "state"), kept),
        recovered=(("left", "state"), kept),
        recovered_share=(("left", "state"), kept.mean(axis=1)[:, None] * np.ones(4)),
    )
    x = np.array([0.2, 0.7, 2.8])
    collapse = made(
        feature_count=("size", np.full(3, 10)),
        memory_count=("size", np.array([6, 12, 24])),
        exponent=("size", x),
        stable=(("size", "draw"), rng.uniform(size=(3, 9)) < np.exp(-x)[:, None]),
        stable_share=("size", np.exp(-x)),
        stable_low=("size", 0.9 * np.exp(-x)),
        stable_high=("size", 1.1 * np.exp(-x)),
        chi_squared_per_dof=1.0,
    )
    wanted = rng.choice([-1.0, 1.0], (3, 16))
    line = ("task", "vertex")
    images = made(
        n=("vertex", np.array([5, 50])),
        images="made up",
        image_rows=4,
        recall=(line, np.array([[0.1, 0.9], [0.2, 0.6]])),
        recall_low=(line, np.array([[0.0, 0.8], [0.1, 0.5]])),
        recall_high=(line, np.array([[0.2, 1.0], [0.3, 0.7]])),
        expected=(line, np.array([[0.1, 0.8], [-1.0, -1.0]])),
        cue=(("task", "probe", "feature"), np.stack([-wanted, wanted])),
        final=(("task", "vertex", "probe", "feature"), np.stack([[wanted] * 2] * 2)),
        wanted=(("probe", "feature"), wanted),
    )
    named = {"stability": stored, "spin_recall": recall, "deletion": deleted}
    named |= {"real_recall": images, "recalled_images": images}
    return named | {"exponential_capacity": collapse}


def _capacities(rng):
    axes = ("features", "load", "start", "draw")
    sizes, counts = np.array([50, 100]), np.array([[90, 125], [300, 420]])
    common = {
        "set": ("draw", np.arange(2)),
        "features": ("features", sizes),
        "count": (("features", "load"), counts),
        "vertex": 3,
        "rectified": False,
    }
    seen = rng.uniform(size=(2, 2, 5, 2))
    half = made(
        load=("load", np.array([0.85, 1.2])),
        unsigned_perfect=(axes, seen > 0.5),
        half_count=(("features", "draw"), np.array([[110.0, 118], [350, 380]])),
        no_error_count=(("features", "draw"), np.array([[106.5] * 2, [361.9] * 2])),
        **common,
    )
    curve = made(
        load=("load", np.array([0.03, 0.05])),
        overlap=(axes, seen),
        returned=(axes, seen > 0.5),
        flipped=0.1,
        **common,
    )
    ends = np.array([0.4, 0.5, 1.0, -0.2])
    histogram = made(
        set=("start", OWNERS[1]),
        overlap=("start", ends),
        unsigned_overlap=("start", np.abs(ends)),
        start_overlap=("start", np.array([0.2, 0.3, 0.3, 0.4])),
        perfect=("start", ends == 1),
        unsigned_perfect=("start", ends == 1),
        memory_count=30,
        feature_count=20,
    )
    frozen = made(
        set=("draw", np.arange(2)),
        features=("size", sizes),
        count=(("size", "place"), counts),
        recalled=(("size", "place", "cue", "draw"), seen > 0.5),
        half_count=(("size", "draw"), half["half_count"].values),
        law_count=(("size", "draw"), half["no_error_count"].values),
    )
    named = {"half_capacity": half, "capacity_curve": curve}
    named |= {"freezing": frozen, "freezing_curves": frozen}
    return named | {"recall_histogram": histogram}


def _thresholds(rng):
    b, stable = np.linspace(2, 4, 5), np.arange(5) > 1
    half = np.full(5, 0.5)
    potts = made(
        theory_b=("share", b),
        theory_share=("share", half),
        spinodal_theory=2.7,
        equal_energy_theory=2.8,
        mean_unstable_theory=3.0,
        memory_b=("memory_point", b),
        memory_share=("memory_point", half),
        memory_stable=("memory_point", stable),
        mean_b=("mean_point", b),
        mean_share=("mean_point", half),
        mean_stable=("mean_point", stable),
        loop_b=("step", b),
        loop_up=("step", half),
        loop_down=("step", half),
    )
    critical = made(
        covariance=(("trial", "weight"), rng.uniform(0, 1, (2, 9))),
        largest_covariance=("trial", np.ones(2)),
        mean_fixed=("trial", np.array([True, False])),
        mean_theory=("trial", np.array([1.0, 2.0])),
        mean_lost=("trial", np.array([1.0, np.nan])),
        bound=("trial", np.array([0.5, 0.7])),
    )
    overlap = np.linspace(0.1, 0.9, 5)
    mean_field = made(
        theory_overlap=("m", overlap),
        theory_beta=("m", np.arctanh(overlap) / overlap**2),
        beta=("beta", b),
        flow_overlap=(("trial", "beta"), rng.uniform(0, 1, (1, 5))),
        spinodal=("trial", np.array([1.7])),
        equal_energy=("trial", np.array([2.0])),
        first_order=True,
    )
    tree = made(
        beta=("beta", b),
        owner=(("beta", "memory"), np.minimum(np.arange(3), np.arange(5)[:, None])),
        count=(("trial", "beta"), np.array([[1, 2, 3, 3, 3]])),
        unconverged=(("trial", "beta"), np.array([[0, 1, 0, 0, 0]])),
        memory_class=("memory", np.array([0, 0, 1])),
        contraction=2.5,
        mean_instability=3.0,
    )
    branches = {
        f"{name}_{what}": (f"{name}_point", values)
        for name in ("memory", "cluster", "lower", "whole")
        for what, values in (("beta", b), ("share", half), ("stable", stable))
    }
    held = np.array([[False, True, True, True, False]])
    born = {"cluster_born": 2.1, "global_lost": 2.3, "memory_born": 3.1}
    metastable = made(
        **branches,
        **{f"{name}_theory": x for name, x in (born | {"cluster_lost": 3.5}).items()},
        beta=("beta", b),
        count=(("trial", "beta"), np.array([[1, 4, 4, 20, 20]])),
        coexist=(("trial", "beta"), held),
        clusters_held=(("trial", "beta"), held),
        unconverged=(("trial", "beta"), np.array([[0, 1, 0, 0, 0]])),
    )
    named = {
        "potts_thresholds": potts,
        "critical_beta": critical,
        "mean_field_thresholds": mean_field,
    }
    return named | {"phylogeny": tree, "metastable": metastable}


def _basins(rng):
    both, starts = ("beta", "probe"), ("beta", "motion", "probe", "start")
    beta, some = np.array([0.5, 5.0]), rng.uniform(1, 2, (2, 4))
    nothing = np.zeros((2, 3, 4, 2), bool)
    balls = made(
        set=("probe", OWNERS[1]),
        beta=("beta", beta),
        curve_beta=("fine", np.geomspace(0.5, 5, 9)),
        curve_radius=(("fine", "probe"), rng.uniform(1, 2, (9, 4))),
        radius=(both, some),
        limit=(both, some + 0.1),
        worst=(both, some + 0.2),
        isotropic=(both, some + 5),
        r21=(both, some / 100),
        left=(starts, nothing),
        elsewhere=(starts, nothing),
        unconverged=(starts, nothing),
    )
    square = ("grid", "grid_2")
    basin = rng.integers(-1, 3, (6, 6))  # with pixels at no attractor and on a saddle
    image = made(
        axis=("grid", np.linspace(-1, 1, 6)),
        basin=(square, basin),
        place=(square, basin),
        end_time=(square, rng.uniform(1, 9, (6, 6))),
        moved=(square, np.zeros((6, 6), bool)),
        attractor_v=(("attractor", "feature"), rng.uniform(-1, 1, (3, 2))),
        stable=("attractor", np.array([True, True, False])),
        memories=(("memory", "feature"), np.eye(2)),
        lost=np.mean(basin < 0),
    )
    return {"certified_basins": balls, "basin_image": image}


def _attractors(rng):
    one, inf = "attractor", np.inf
    table = made(
        v=((one, "feature"), rng.uniform(size=(4, 4))),
        memories=(("memory", "feature"), rng.uniform(size=(3, 4))),
        cue=(("probe", "feature"), rng.uniform(size=(9, 4))),
        basin=("probe", np.array([0, 0, 0, 1, 1, 2, 2, 3, -1])),
        kind=(one, np.array(["memory", "metastable", "spurious", "saddle"])),
        members=((one, "memory"), np.eye(4, 3, dtype=bool)),
        stable=(one, np.array([True, True, True, False])),
        energy=(one, np.array([-3.0, -2.5, -2.0, -1.0])),
        s_max=(one, np.array([0.2, 0.5, 0.9, 1.4])),
        overlap=((one, "memory"), rng.uniform(size=(4, 3))),
        hits=(one, np.array([3, 2, 2, 1])),
        fraction=(one, np.array([3, 2, 2, 1]) / 9),
        fraction_low=(one, np.full(4, 0.05)),
        fraction_high=(one, np.full(4, 0.5)),
        unconverged_fraction=1 / 9,
        # the third is joined to no other by a known saddle
        barrier=(
            (one, "attractor_2"),
            np.array(
                [
                    [-3.0, -1.0, inf, inf],
                    [-1.0, -2.5, inf, inf],
                    [inf, inf, -2.0, inf],
                    [inf, inf, inf, -1.0],
                ]
            ),
        ),
    ).assign_attrs(image_rows=2, image_columns=2)
    index = np.array([0, 0, 1, 2])
    morse = made(
        set=("fixed", OWNERS[1]),
        ratio=("ratio", np.array([0.01, 1.0, 100.0])),
        index_formula=("fixed", index),
        index_full=(("fixed", "ratio"), np.repeat(index[:, None], 3, axis=1)),
        index_energy=("fixed", index),
        differs=("fixed", np.zeros(4, bool)),
    )
    names = ("attractor_gallery", "census", "disconnectivity")
    b = np.linspace(0.1, 1, 9)
    branch = made(
        parameter=("place", b),
        v=(("place", "feature"), b[:, None] * np.ones(3)),
        energy=("place", -(b**2)),
        stable=("place", b > 0.4),
        event_parameter=("event", b[[3]]),
        event_v=(("event", "feature"), b[[3], None] * np.ones(3)),
        event_kind=("event", np.array(["fold"])),
    )
    named = {"morse_index": morse, "branch": branch}
    return dict.fromkeys(names, table) | named


def _learnt(rng):
    trained = made(
        epoch=("epoch", np.arange(1, 6)),
        train_error=(("training", "epoch"), rng.uniform(0.01, 0.5, (2, 5))),
        test_error=(("training", "epoch"), rng.uniform(0.01, 0.5, (2, 5))),
        memories=(("memory", "feature"), rng.uniform(-1, 1, (30, 10))),
        image_rows=2,
        image_columns=4,
    )
    grid = made(
        f1=(
            ("training", "scaling", "vertex", "temperature", "rate"),
            rng.uniform(0, 1, (2, 2, 2, 3, 2)),
        ),
        scaling_name=("scaling", ["original", "modified"]),
        n=("vertex", [3, 20]),
        beta=("temperature", [0.5, 1.0, 2.0]),
        learning_rate=("rate", [0.01, 0.1]),
    )
    where = ("draw", "n", "scaling", "form")
    apart = lambda size: (where, size * rng.uniform(0.1, 1, (2, 3, 2, 2)))
    gradient = made(
        n=("n", np.array([2, 3, 20])),
        scaling_name=("scaling", np.array(["original", "modified"])),
        form_name=("form", np.array(["associative", "dual"])),
        tiled_difference=apart(1e-15),
        autodiff_difference=apart(1e-15),
        single_difference=apart(1e-6),
    )
    return dict.fromkeys(("learning_curves", "learnt_memories"), trained) | {
        "f1_grid": grid,
        "training_gradient": gradient,
    }


def _prototypes(rng):
    read = made(
        votes=(("training", "memory"), rng.integers(0, 4, (2, 9))),
        deciding=(("training", "item"), rng.integers(1, 5, (2, 8))),
        noise=("noise", np.array([0.0, 0.5])),
        noise_error=(("training", "noise"), np.array([[0.1, 0.2], [0.1, 0.3]])),
        confusion=(("training", "class", "answer"), np.full((2, 3, 3), 2)),
    )
    film = np.cumsum(rng.uniform(-0.1, 0.1, (3, 9, 8)), axis=1)
    judged = ("flow_right", "flow_near", "spin_right", "spin_near")
    generated = made(
        time=TIME,
        end_time=("probe", np.full(3, 3.0)),
        film=(("class", "sample", "pixel"), film),
        film_end=(("class", "pixel"), np.sign(film[:, -1])),
        image_rows=2,
        **{name: ("probe", np.array([True, False, True])) for name in judged},
    )
    completed = made(
        beta=("beta", np.array([0.2, 0.8])),
        best_beta=("training", np.array([0.8, 0.2])),
        learnt_beta=("training", np.array([0.3, 0.4])),
        learnt=("training", np.array([0.7, 0.8])),
        stored_share=(("training", "beta"), rng.uniform(0.2, 0.6, (2, 2))),
        stored_overlap=(("training", "beta", "item"), rng.uniform(-1, 1, (2, 2, 5))),
        completed=(("training", "item"), rng.uniform(-1, 1, (2, 5)) > 0),
        completed_above=0.5,
        shown=(("shown_as", "picture", "feature"), rng.uniform(-1, 1, (4, 3, 8))),
        image_rows=2,
    )
    own = ("class_votes", "confusion", "deciding_memories", "noise_robustness")
    return dict.fromkeys(own, read) | {
        "completion": completed,
        "generation": generated,
    }


def _associations(rng):
    far = rng.uniform(0, 15, (2, 2, 1, 3, 2, 2))
    far[1, 1, 0, 2, 1, 0] = np.nan  # one that overflowed
    axes = ("scaling", "vertex", "floor", "heat", "rate", "draw")
    grid = made(
        set=("draw", np.arange(2)),
        scaling_name=("scaling", ["original", "modified"]),
        n=("vertex", np.array([3, 20])),
        least=("floor", np.array([1e-30])),
        inverse_temperature=("heat", np.array([0.5, 1.0, 2.0])),
        learning_rate=("rate", np.array([0.1, 1.0])),
        mean_distance=(axes[:-1], far.mean(axis=-1)),
        best_distance=((*axes[:3], "draw"), far[:, :, :, 0, 0]),
        chance=14.1,
    )
    return {"association_grid": grid, "association_best": grid}


def _students(rng):
    path = np.cumsum(rng.uniform(size=(2, 20)), axis=1)
    kernels = made(
        path=(("draw", "sweep"), path),
        path_of_examples=(("draw", "sweep"), path),
        spins_differ=(("other", "draw"), np.zeros((2, 2), int)),
        flips=("draw", np.array([40, 50])),
    )
    return {"heat_bath_kernels": kernels}


def _examples(rng):
    ratio = made(
        vertex=("vertex", [3, 4]),
        temperature=("temperature", [2.0, 4.0]),
        features=("size", [64, 128]),
        ratio=(("vertex", "temperature", "size"), 1 + rng.uniform(size=(2, 2, 2))),
    )
    drawn = made(
        S=("value", np.arange(-4, 5, 2)),
        law=("value", [0.0, 0.2, 0.5, 0.2, 0.1]),
        counts=(("value", "draw"), rng.integers(1, 50, (5, 2))),
    )
    return {"signal_ratio": ratio, "teacher_examples": drawn}


def _replicas(rng):
    numbers = made(
        quantity=("number", np.array(["c_d", "q"])),
        c_d_off=("c_d_known", np.array([1e-9])),
        c_d_again=("c_d_row", np.array([0.0, 1e-15])),
        q_again=("q_row", np.array([1e-14])),
    )
    load, t = np.linspace(0.5, 9, 5), np.linspace(0.5, 3, 4)
    diagram = made(
        load=("load", load),
        temperature=("temperature", t),
        regime=(("temperature", "load"), np.tile([0, 0, 1, 2, 2], (4, 1))),
        level=("contour", np.array([0.9])),
        level_signal=("contour", np.array([1.4])),
        cell_load=("cell", np.array([2.0, 6.0])),
        cell_temperature=("cell", np.array([2.0, 2.0])),
        q_kept=(("cell", "draw"), np.array([[0.1, 0.2], [0.9, 0.8]])),
        seen=(("cell", "draw"), np.array([[0, 0], [1, 2]])),
        c_d=1.08,
        c_c=1.18,
        T_eR=1.49,
        T_sp=1.75,
        c_limit=1.39,
        triple_load=2.6,
        vertex=3,
        features=64,
    )
    return {"phase_diagram": diagram, "replica_numbers": numbers}


def _students_beside_theory(rng):
    grid, each = ("curve", "place"), ("curve", "place", "draw")
    q = rng.uniform(0.5, 1, (2, 3, 4))
    landscape = made(
        set=("draw", np.arange(4)),
        overlap=(each, q),
        twin=(each, q),
        energy=(each, -q),
        energy_theory=(each, -0.9 * q),
        temperature=("place", np.array([1.4, 2.0, 3.0])),
        load=(grid, np.full((2, 3), 6.0)),
        strength=(grid, np.full((2, 3), 2.0)),
        along="temperature",
        on_the_line=True,
        alignment_temperature=1.49,
        fine=("fine", np.linspace(1.4, 3, 5)),
        fine_overlap=(("branch", "fine"), rng.uniform(size=(2, 5))),
        fine_effective=(("branch", "fine"), rng.uniform(size=(2, 5))),
        feature_count=64,
        vertex=3,
    )
    scratch = made(
        set=("draw", np.arange(4)),
        success=(("protocol", "size", "strength", "draw"), q[:, :2, None] > 0.7),
        protocol_name=("protocol", np.array(["fixed", "annealed"])),
        features=("size", np.array([32, 64])),
        strength=("strength", np.array([2.0])),
        barrier=(("strength", "draw"), np.full((1, 4), 0.2)),
    )
    line = ("strength", "draw")
    messages = made(
        passed=(line, q[0]),
        sampled=(line, q[1]),
        stopped=(line, q[0] > 0.6),
        path=(("strength", "draw", "step"), rng.uniform(size=(3, 4, 5))),
        evolution=(("strength", "step"), rng.uniform(size=(3, 5))),
        strength=("strength", np.array([1.5, 2.0, 3.0])),
        feature_count=64,
    )
    names = ("overlap", "twin", "overlap_square", "twin_square", "energy")
    exact = made(
        **dict.fromkeys((*names, "energy_theory"), (("load", "draw"), q[0])),
        alpha=("load", np.array([3.0, 6.0, 9.0])),
    )
    names = ("entropy", "entropy_theory", "free_entropy", "free_entropy_theory")
    entropy = made(
        **dict.fromkeys(names, (line, q[0])),
        strength=("strength", np.array([1.5, 2.0, 3.0])),
        feature_count=64,
    )
    named = {"overlap_landscape": landscape, "learning_from_scratch": scratch}
    named |= {"message_passing": messages, "exact_posterior": exact}
    return named | {"ordered_entropy": entropy}


def _curves(rng):
    learnt = made(
        c=("load", [0.2, 0.5]),
        overlap=(("load", "draw"), rng.uniform(size=(2, 3))),
        line_c=("line", [0.1, 0.3, 0.6]),
        line_theory=("line", [0.0, 0.1, 0.7]),
        line_finite=("line", [0.0, 0.2, 0.8]),
        signal_ratio=1.1,
        vertex=3,
        temperature=4.0,
        hamiltonian="distinct",
    )
    few = made(
        count=("count", [1, 2]),
        temperature=("temperature", [1.0, 1.2]),
        overlap=(("temperature", "count", "draw"), rng.uniform(0.9, 1, (2, 2, 3))),
        alignment=(("temperature", "draw"), np.full((2, 3), 0.95)),
        line_count=("line", [1, 2]),
        line_theory=(("temperature", "line"), np.full((2, 2), 0.95)),
        vertex=3,
        features=16,
    )
    return {"learning_curve": learnt, "prototype_learning": few}


def _frozen(rng):
    frozen = made(
        vertex=("vertex", [3, 4]),
        line_temperature=("line", [0.2, 0.6, 1.0]),
        line_entropy=(("vertex", "line"), rng.uniform(size=(2, 3))),
        line_parisi=(("vertex", "line"), np.tile([0.2, 0.6, 1.0], (2, 1))),
        line_q=(("vertex", "line"), np.full((2, 3), 0.9)),
        line_liquid_entropy=("line", [-1.0, 0.1, 0.3]),
        kauzmann_temperature=("vertex", [0.9, 0.8]),
    )
    line = ("teacher", "ratio")
    plane = made(
        teacher_temperature=("teacher", [2.0]),
        temperature=(line, [[1.0, 2.0, 4.0]]),
        spinodal=(line, [[4.6, 4.3, 5.9]]),
        beside_liquid=(line, [[np.nan, 4.7, 6.7]]),
        typical=(line, [[4.7, 4.7, 6.7]]),
        entropy=(line, [[-0.1, 0.1, 0.1]]),
        c_d=1.08,
        c_c=1.18,
        vertex=3,
        regime=(("teacher", "row", "column"), rng.integers(0, 5, (1, 6, 6))),
        regime_name=("kind", ["P", "lR", "gR", "eR", "SG"]),
        plane_load=(("teacher", "column"), np.arange(0.5, 6)[None]),
        plane_temperature=(("teacher", "row"), np.arange(0.5, 6)[None]),
    )
    return {"spin_glass": frozen, "fixed_teacher": plane}
