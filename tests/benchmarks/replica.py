"""The replica theory of teacher and student, in CPU seconds: `replica.py [CELLS]`.

Boundaries of seven vertices, and a phase diagram of 200 x 200 cells, on the Nishimori
line and at a fixed teacher, each in a fresh process that has imported hopsim. The peer
is the published style, written here: in each cell 100 plain iterations from
(q*, q, m) = (1, 1, 0) with Simpson's rule on 401 points of [-5, 5]; so many random
cells (100) are timed and scaled. One core.
"""

import math
import subprocess
import sys
import time

import numpy as np


VERTICES = (3, 4, 5, 6, 8, 10, 20)
SIZE = 200
LOADS, TEMPERATURES = np.linspace(0.05, 10, SIZE), np.linspace(0.05, 3, SIZE)
TEACHER = 2.0

BOUNDARIES = f"""
for n in {VERTICES}:
    ts.nishimori_boundaries(n), ts.alignment_temperature(n), ts.alignment_spinodal(n)
    ts.triple_point(n)
"""
DIAGRAM = """
loads, temperatures = np.linspace(0.05, 10, 200), np.linspace(0.05, 3, 200)
found = ts.regimes(loads, temperatures, 3{teacher})
"""
OVERLAPS = "ts.nishimori_overlap(loads / temperatures[:, None]**2, 3)"
CASES = {
    "boundaries of seven n": BOUNDARIES,
    "diagram, Nishimori line": DIAGRAM.format(teacher=""),
    "the same with q* in each cell": DIAGRAM.format(teacher="") + OVERLAPS,
    "diagram, T_s = 2": DIAGRAM.format(teacher=f", {TEACHER}"),
}


def ours(code):
    """CPU seconds of a fresh process, after its imports."""
    script = f"""
import time
import numpy as np
import scipy.optimize
from hopsim.theory import teacher_student as ts
start = time.process_time()
{code}
print(time.process_time() - start)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def cell(load, temperature, teacher, n=3):
    """One cell in the published style: is the pattern stable, and is it typical?"""
    from scipy.integrate import simpson

    x = np.linspace(-5, 5, 401)
    weight = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    beta = 1 / temperature
    c, c_s = load * beta**2, load * beta / teacher
    q_star, q, m, r, r_star, z = 1.0, 1.0, 0.0, 0.0, 0.0, [x, x]
    for _ in range(100):
        r, r_star, k = (n * y ** (n - 1) for y in (q, q_star, m))
        z = [math.sqrt(c * r) * x + c_s * r_star + e * beta * k for e in (1, -1)]
        up, down = np.tanh(z[0]), np.tanh(z[1])
        q_star = simpson(weight * (up + down) / 2, x=x)
        q = simpson(weight * (up**2 + down**2) / 2, x=x)
        m = simpson(weight * (up - down) / 2, x=x)
    field = simpson(weight * np.logaddexp(z[0], -z[0]), x=x)
    gap = c / 2 * (-(q**n) - r * (1 - q)) + c_s * (q_star**n - q_star * r_star)
    return int(q_star > 0.01) + int(q_star > 0.01 and gap + field > math.log(2))


def main(cells):
    from hopsim.theory import teacher_student as ts

    draw = np.random.default_rng(0)
    at = draw.integers(0, SIZE, (cells, 2))
    start = time.process_time()
    found = [cell(LOADS[i], TEMPERATURES[j], TEMPERATURES[j]) for i, j in at]
    peer = (time.process_time() - start) / cells * SIZE**2
    regime = ts.regimes(LOADS, TEMPERATURES, 3)
    misaligned = [k for k, (_, j) in enumerate(at) if regime[j, 0] != 3]
    same = sum(found[k] == regime[at[k][1], at[k][0]] for k in misaligned)
    print("| | CPU seconds | the peer's over it |\n|---|---|---|")
    for name, code in CASES.items():
        seconds = float(np.median([ours(code) for _ in range(3)]))
        ratio = f"{peer / seconds:.0f}" if "diagram" in name or "same" in name else ""
        print(f"| {name} | {seconds:.3g} | {ratio} |")
    print(f"| the published style, {SIZE} x {SIZE} cells | {peer:.3g} | |")
    print(f"\n{same} of {len(misaligned)} cells above T_eR have one label.")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
