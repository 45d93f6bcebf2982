"""Model C under several decays: its length, and the angle of its direction to rest."""

import numpy as np

from ...plots.style import (
    COLOURS,
    Figure,
    labels,
    LIMIT,
    needed_by_plot,
    plots,
    TIME_LABEL,
)
from ...records import Record


@plots.register("spherical")
def draw_spherical(record: Record, fig: Figure) -> None:
    r"""$|v|(t)$ with $\lambda/\alpha$, and angles with the rates of theory. [CL-27]

    For the probe of the first set that comes to rest fastest.
    """
    points = labels(record)
    fig.set_size_inches(10.2, 0.6 + 2.9 * len(points))
    axes = fig.subplots(len(points), 3, squeeze=False, sharex="col")
    longest = 0.0  # until all have come to rest
    for (label, data, _), row in zip(points, axes, strict=True):
        norm, angle = needed_by_plot(data, "norm", "spherical"), data["angle"].values
        first = np.flatnonzero(data["set"].values == 0)
        k = first[np.argmin(data["gain"].values[first])]
        time, strength = data["time"].values, float(data["strength"].values[k])
        slopes = data["theory_slope"].values[:, k]
        for i, decay in enumerate(data["decay"].values):
            style = {"color": COLOURS[i % 7], "lw": 1.4}
            line = {"color": LIMIT, "lw": 0.9, "ls": "--"}
            row[0].plot(time, norm[i, k], label=rf"decay $\alpha = {decay:g}$", **style)
            end = angle[i, k, -1]
            if decay:
                row[0].axhline(strength / decay, **line)
                row[1].plot(time, angle[i, k], **style)
                last = time[np.argmin(angle[i, k] > 1e-6) or -1]
                longest = max(longest, last)
                seen = (time >= 0.3 * last) & (time <= last)
                at = np.flatnonzero(seen)[-1]
                fall = np.exp(slopes[i] * (time[seen] - time[at]))
                row[1].plot(time[seen], 2 * angle[i, k, at] * fall, **line)
            else:
                row[0].plot(time, norm[i, k, -1] + strength * (time - time[-1]), **line)
                row[2].plot(norm[i, k], angle[i, k], **style)
                late = norm[i, k] > np.sqrt(norm[i, k, 0] * norm[i, k, -1])
                r = norm[i, k, late]
                row[2].plot(r, 1.3 * end * (r / r[-1]) ** slopes[i], **line)
        row[0].set_ylim(0, 1.15 * max(np.max(norm[data["decay"].values > 0, k]), 1))
        row[0].set_title(f"{label}: length" if label else "length")
        row[1].set_yscale("log")
        row[1].set_ylim(bottom=1e-7)
        row[1].set_title(r"angle to rest (rad), $\alpha > 0$")
        row[2].set_xscale("log")
        row[2].set_yscale("log")
        row[2].set_title(r"angle to rest (rad), $\alpha = 0$")
        row[0].set_ylabel("length $|v|$")
    axes[0, 0].set_xlim(0, longest)  # shared by each column
    axes[0, 1].set_xlim(0, longest)
    for ax, name in zip(
        axes[-1], (TIME_LABEL, TIME_LABEL, "length $|v|$"), strict=True
    ):
        ax.set_xlabel(name)
    axes[0, 0].plot([], [], color=LIMIT, lw=0.9, ls="--", label="theory")
    fig.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside lower right", ncols=5
    )
