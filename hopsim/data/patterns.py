"""Patterns: memories to store, probes to recall them with, and their overlap.

Drawn by NumPy on the host in float64 and cast to JAX's default precision. Generators
are counter-based: the random numbers of a probe depend on (key, its number) alone.
Arguments out of range raise ValueError.
"""

import math
from typing import Any, Literal

import jax
import numpy as np
from jaxtyping import Bool, Float, Int8, Num

from .._common.arrays import mask, on_host, table
from .._common.cores import require_room
from .._common.streams import as_stream
from .._common.types import AnyArray, Count, Fraction, NonNegative, Positive
from .._common.vertex import require_vertex
from ..theory.teacher_student import Basin, Hamiltonian, overlap_law


Patterns = Float[np.ndarray, "memory feature"]
BLOCK = 4096  # examples drawn from one generator


def _cast(values: np.ndarray) -> np.ndarray:
    return values.astype(jax.dtypes.canonicalize_dtype(float))


def random_binary(key: Any, count: Count, features: Count) -> Patterns:
    r"""Unbiased spins, $\xi_{\mu i} = \pm 1$. [KH16]"""
    check_sizes(count, features)
    bits = as_stream(key).generator().integers(0, 2, (count, features))
    return _cast(2.0 * bits - 1)


def gaussian(
    key: Any,
    count: Count,
    features: Count,
    mean: float = 0.0,
    spread: NonNegative = 1.0,
) -> Patterns:
    r"""Normal entries, $\xi_{\mu i} \sim N(m, s^2)$, m = `mean`. [R21; KH16 app. A]

    Independent, of standard deviation s = `spread`.
    """
    check_sizes(count, features)
    x = as_stream(key).generator().standard_normal((count, features))
    return mean + spread * _cast(x)


def sphere(
    key: Any, count: Count, features: Count, radius: Positive | None = None
) -> Patterns:
    r"""Uniform on the sphere, $|\xi_\mu| = R$, default $R = \sqrt N$. [R21]"""
    check_sizes(count, features)
    radius = float(np.sqrt(features)) if radius is None else radius
    x = as_stream(key).generator().standard_normal((count, features))
    return _cast(radius * x / np.linalg.norm(x, axis=1, keepdims=True))


def orthogonal(
    key: Any, count: Count, features: Count, norm: Positive = 1.0
) -> Patterns:
    r"""A random frame, $\xi_\mu\cdot\xi_\nu = M^2\delta_{\mu\nu}$. [THEORY CL-23]

    M = `norm`; at most as many memories as there are features.
    """
    check_sizes(count, features)
    check_independent(count, features)
    x = as_stream(key).generator().standard_normal((features, count))
    return _cast(norm * np.linalg.qr(x)[0].T)


def simplices(
    key: Any,
    clusters: Count,
    per_cluster: Count,
    features: Count,
    norm: Positive = 4.0,
    distance: Positive = 1.5,
) -> Patterns:
    r"""Simplices of side `distance`, centres orthogonal, $|c| =$ `norm`. [CL-24]

    The displacements of members from their centre are orthogonal to all centres and to
    the other clusters.
    """
    count = clusters * per_cluster
    check_sizes(count, features)
    check_independent(count, features)
    frame = orthogonal(key, count, features).reshape(clusters, per_cluster, features)
    return _cast(about_centres(frame, norm, distance))


def about_centres(
    frame: Float[np.ndarray, "cluster member feature"], norm: float, distance: float
) -> Patterns:
    """Simplices about centres of length `norm`, from orthonormal directions."""
    clusters, per_cluster, features = frame.shape
    middle = np.mean(frame, axis=1, keepdims=True)
    centre = norm * np.sqrt(per_cluster) * middle
    found = centre + distance / np.sqrt(2) * (frame - middle)
    return found.reshape(clusters * per_cluster, features)


def cyclic(key: Any, features: Count) -> Patterns:
    r"""All shifts of one normal vector, $\xi_{\mu i} = x_{i-\mu}$. [THEORY CL-23]

    N memories, all with the same norm and the same overlap with their mean.
    """
    check_sizes(features, features)
    x = as_stream(key).generator().standard_normal(features)
    return _cast(np.stack([np.roll(x, shift) for shift in range(features)]))


def correlated(
    key: Any,
    clusters: Count,
    per_cluster: Count,
    features: Count,
    flipped: Fraction = 0.1,
) -> Patterns:
    r"""Clusters of spins with mean overlap $(1-2p)^2$, p = `flipped`. [R21 sec. 3]

    Each member is the parent of its cluster with a fraction `flipped` of the sites,
    chosen at random, reversed.
    """
    check_sizes(clusters * per_cluster, features)
    stream = as_stream(key)
    parents = random_binary(stream.child("parents"), clusters, features)
    members = np.repeat(parents, per_cluster, axis=0)
    return corrupted(stream.child("members"), members, flipped=flipped)


def standardised(
    pixels: Float[AnyArray, "memory feature"],
    centred: bool = True,
    norm: float | None = None,
) -> Patterns:
    """Images as memories: the mean image subtracted, all scaled to one norm.

    Raw pixels are all positive and of unequal norms: in model B the largest image then
    attracts everything. `centred` subtracts the mean image of the set; `norm` is by
    default sqrt(N), so that `xi . xi = N` as for spins.
    """
    raw = table(pixels, "Images", "image", dtype=np.float64)
    x = raw - raw.mean(axis=0) if centred else raw
    norm = float(np.sqrt(x.shape[1])) if norm is None else norm
    length = np.linalg.norm(x, axis=1, keepdims=True)
    before = np.linalg.norm(raw, axis=1, keepdims=True)
    # the mean of copies differs from them by rounding: that must not be scaled up
    blank = length <= 1e-12 * before
    if np.any(blank & (before > 0)):
        raise ValueError(
            f"Pattern {np.argmax(blank)} is the mean of its set of {len(x)}, and "
            "nothing of it is left when that is subtracted: one image, or copies of "
            "one, cannot be centred; use centred = false, or other images."
        )
    if np.any(blank):
        raise ValueError(
            f"Pattern {np.argmax(blank)} is constant, all 0, and cannot be scaled to "
            f"{norm:g}; leave it out."
        )
    return _cast(norm * x / length)


def as_spins(pixels: Float[AnyArray, "memory feature"]) -> Patterns:
    """Images as spins: +1 where a pixel in [0, 1] exceeds 127/255, else -1. [DAM-21]"""
    found = table(pixels, "Images", "image", dtype=np.float64)
    return _cast(np.where(found * 255 > 127, 1.0, -1.0))


def corrupted(
    key: Any,
    memories: Float[AnyArray, "memory feature"],
    flipped: float = 0.0,
    noise: float = 0.0,
    hidden: Bool[AnyArray, " feature"] | None = None,
    fill: float = 0.0,
) -> Patterns:
    """Probes from memories: some signs flipped, noise added, some features hidden.

    **Arguments:**

    - `flipped`: the fraction of features whose sign is reversed, rounded to a whole
      number of sites, chosen at random for each probe; in [0, 1].
    - `noise`: standard deviation >= 0 of Gaussian noise added to every feature.
    - `hidden`: features set to `fill`.
    """
    memories = table(memories, "Memories", "memory", dtype=np.float64)
    if not 0 <= flipped <= 1:
        raise ValueError(f"flipped is a fraction in [0, 1], got {flipped}.")
    if not 0 <= noise < np.inf:
        raise ValueError(f"noise is a standard deviation >= 0, got {noise}.")
    stream, features = as_stream(key), memories.shape[1]
    probes = memories.copy()
    for i, probe in enumerate(probes):
        generator = stream.child(i).generator()
        sites = generator.permutation(features)[: round(flipped * features)]
        probe[sites] *= -1
        probe += noise * generator.standard_normal(features)
    if hidden is not None:
        probes[:, mask(hidden, "hidden", features)] = fill
    return _cast(probes)


def examples(
    key: Any,
    pattern: Num[AnyArray, " feature"],
    count: int,
    temperature: float,
    n: int,
    hamiltonian: Hamiltonian = "distinct",
    basin: Basin = "full",
    cut: float | None = None,
) -> Int8[np.ndarray, "memory feature"]:
    r"""Independent examples of a teacher, $P(\sigma) \propto e^{-H_1[\sigma|\xi^*]/T}$.

    Drawn exactly, without a Markov chain: first the overlap with the pattern from its
    law, then the sites that agree, uniformly. The first examples of a stream are the
    same for every `count`. [TT24; THEORY 3.2]

    **Arguments:**

    - `pattern`: the teacher's, of +1 and -1.
    - `count`: M >= 1, see `example_count`.
    - `temperature`, `n`, `hamiltonian`, `basin`, `cut`: of the teacher, see
      `theory.teacher_student.overlap_law`.
    """
    from ._flipped_sites import flip_sites

    pattern = on_host(pattern, "The pattern")
    if pattern.ndim != 1 or not np.all(np.abs(pattern) == 1):
        raise ValueError(
            "The pattern of a teacher is one row of +1 and -1, got shape "
            f"{pattern.shape}."
        )
    check_sizes(count, features := len(pattern))
    law = overlap_law(n, features, temperature, hamiltonian, basin, cut)
    reached = np.cumsum(law.weights)
    stream, found = as_stream(key), np.empty((count, features), np.int8)
    for start in range(0, count, BLOCK):
        rows = found[start : start + BLOCK]
        generator = stream.child(start // BLOCK).generator()
        level = reached[-1] * generator.random(BLOCK)
        # the smallest number of aligned sites whose probability reaches the level
        aligned = np.searchsorted(reached, level, side="right")
        words = generator.bytes(BLOCK * -(-features // 8))
        coins = np.frombuffer(words, np.uint8).reshape(BLOCK, -1)
        flip_sites(rows, pattern.astype(np.int8), aligned, coins, generator)
    return found


def example_count(load: float, n: int, features: int) -> int:
    r"""$M = \lfloor \alpha N^{n-1}/n! \rfloor$, $\alpha$ = `load` > 0. [TT24]

    Raises ValueError if that is less than 1.
    """
    require_vertex(n)
    if not 0 < load < math.inf:
        raise ValueError(f"The load must be a finite number > 0, got {load}.")
    try:
        count = math.floor(load * features ** (n - 1) / math.factorial(n))
    except OverflowError as error:
        raise ValueError(
            f"A load of {load:g} asks for more examples of {features} features at n = "
            f"{n} than there are numbers for; take a smaller n."
        ) from error
    if count < 1:
        raise ValueError(
            f"A load of {load:g} is less than one example of {features} features for "
            f"n = {n}; it must be at least "
            f"{math.factorial(n) / features ** (n - 1):.3g}."
        )
    return count


def occlusion(
    image: tuple[int, int],
    region: Literal["lower", "upper", "left", "right"] = "lower",
    fraction: float = 0.5,
) -> Bool[np.ndarray, " feature"]:
    """The mask of one side of an image of shape (rows, columns); True is hidden."""
    rows, columns = image
    mask = np.zeros(image, bool)
    tall, wide = round(fraction * rows), round(fraction * columns)
    regions = {
        "lower": np.s_[rows - tall :, :],
        "upper": np.s_[:tall, :],
        "left": np.s_[:, :wide],
        "right": np.s_[:, columns - wide :],
    }
    mask[regions[region]] = True
    return mask.ravel()


def grid(
    low: float = -1.5, high: float = 1.5, points: Count = 9
) -> Float[np.ndarray, "probe 2"]:
    r"""A square grid of states $v(0) \in [a, b]^2$; two features only. [hopsim]"""
    if not low < high:
        raise ValueError(f"A grid needs low < high, got low = {low}, high = {high}.")
    require_room(2.0 * points**2, f"{points:,} x {points:,} points of a grid")
    axis = np.linspace(low, high, points)
    return _cast(np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2))


def overlap(
    g: Float[AnyArray, "*batch feature"], memories: Float[AnyArray, "memory feature"]
) -> Float[np.ndarray, "*batch memory"]:
    r"""$\xi_\mu \cdot g / (|\xi_\mu| |g|) \in [-1, 1]$; 0 for a zero vector."""
    g, memories = (
        on_host(x, what) for x, what in ((g, "States"), (memories, "Memories"))
    )
    lengths = np.linalg.norm(g, axis=-1)[..., None] * np.linalg.norm(memories, axis=-1)
    return (g @ memories.T) / np.where(lengths > 0, lengths, 1)


def check_sizes(count: int, features: int) -> None:
    """Raises ValueError unless there is a memory and a feature."""
    if count < 1 or features < 1:
        raise ValueError(f"Sizes must be >= 1, got {count} memories of {features}.")


def check_independent(count: int, features: int) -> None:
    """Raises ValueError for more memories than there are directions."""
    if count > features:
        raise ValueError(
            f"{features} features have room for as many orthogonal directions, got "
            f"{count} memories."
        )
