"""Gradients of training: differences of the lean form from two others."""

import numpy as np

from ...plots.style import COLOURS, Figure, labels, LIMIT, needed_by_plot, plots
from ...records import Record


ROUTES = {
    "tiled_difference": ("appendix A", "o"),
    "autodiff_difference": ("autodiff", "s"),
    "single_difference": ("appendix A, float32", "^"),
}
FORMS = {"dual_off": "dual, units off"}


@plots.register("training_gradient")
def draw_training_gradient(record: Record, fig: Figure) -> None:
    r"""$\max|\Delta\,\partial C| / \max|\partial C|$ against n, worst draw. [DAM-15]

    One panel for each form of training; lines: the bounds for the two precisions.
    """
    points = labels(record)
    data = points[0][1]
    needed_by_plot(data, "tiled_difference", "training_gradient")
    forms = [str(x) for x in data["form_name"].values]
    scalings = [str(x) for x in data["scaling_name"].values]
    fig.set_size_inches(2.6 + 2.2 * len(forms), 0.9 + 2.1 * len(points))
    axes = fig.subplots(len(points), len(forms), sharex=True, sharey=True,
                        squeeze=False)  # fmt: skip
    for row, (label, data, _) in zip(axes, points, strict=True):
        n = data["n"].values
        for k, ax in enumerate(row):
            for s, name in enumerate(scalings):
                for route, (words, marker) in ROUTES.items():
                    worst = np.max(data[route].values[:, :, s, k], axis=0)
                    ax.plot(
                        n,
                        np.maximum(worst, 1e-17),  # zeros, on a logarithmic axis
                        color=COLOURS[s],
                        marker=marker,
                        ms=3.5,
                        lw=0.7,
                        mfc="none" if s else None,
                        label=f"{words}, {name}",
                    )
            for bound in (1e-12, 1e-5):
                ax.axhline(bound, color=LIMIT, lw=0.6, ls=":")
            ax.set_yscale("log")
            form = FORMS.get(forms[k], forms[k])
            ax.set_title(f"{label + ': ' if label else ''}{form}", fontsize=8.5)
    fig.supxlabel("interaction vertex n", fontsize=9)
    fig.supylabel("relative difference of gradients", fontsize=9)
    axes[0, 0].plot([], [], color=LIMIT, lw=0.6, ls=":", label="bounds asked of them")
    handles, names = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, names, loc="outside right upper", title="lean form beside")
