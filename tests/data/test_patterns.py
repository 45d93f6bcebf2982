"""Patterns: statistics of what is drawn, and on what it does not depend."""

import jax
import jax.random as jr
import numpy as np
import pytest

from hopsim import patterns
from hopsim._common.streams import as_stream, Stream


def within(found, expected, stderr):
    assert abs(found - expected) <= 4 * stderr


# --- sources ---


def test_random_binary_are_unbiased_independent_spins():
    x = patterns.random_binary(0, 200, 100)
    assert set(np.unique(x)) == {-1, 1}
    within(x.mean(), 0, 1 / np.sqrt(x.size))
    # overlaps of different patterns: mean 0, variance 1/N
    m = (x @ x.T / 100)[np.triu_indices(200, 1)]
    within(m.mean(), 0, 0.1 / np.sqrt(m.size))
    within(m.var(), 0.01, 0.01 * np.sqrt(2 / m.size) * 2)


def test_gaussian_entries_are_standard_normal():
    x = patterns.gaussian(1, 200, 100)
    within(x.mean(), 0, 1 / np.sqrt(x.size))
    within(x.var(), 1, np.sqrt(2 / x.size))
    within((x**4).mean(), 3, np.sqrt(96 / x.size))


@pytest.mark.parametrize(("radius", "expected"), [(None, 10.0), (2.5, 2.5)])
def test_sphere_has_one_radius(radius, expected):
    x = patterns.sphere(2, 50, 100, radius)
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), expected, rtol=1e-14)
    within(x.mean(), 0, expected / 10 / np.sqrt(x.size))


@pytest.mark.parametrize("flipped", [0.0, 0.1, 0.3])
def test_correlated_members_overlap_as_one_minus_two_p_squared(flipped):
    clusters, members, features = 8, 20, 200
    x = patterns.correlated(3, clusters, members, features, flipped)
    m = patterns.overlap(x, x).reshape(clusters, members, clusters, members)
    expected = (1 - 2 * flipped) ** 2
    for c in range(clusters):
        inside = m[c, :, c][np.triu_indices(members, 1)]
        # members share their parent: about `members` independent draws of variance 1/N
        within(inside.mean(), expected, 1 / np.sqrt(features * members))
    between = m[0, :, 1].mean()
    within(between, 0, 1 / np.sqrt(features))


def test_standardised_images_lack_their_mean_and_have_one_norm():
    pixels = np.random.default_rng(4).uniform(0, 1, (5, 64))
    x = patterns.standardised(pixels)
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), 8, rtol=1e-14)
    lengths = np.linalg.norm(pixels - pixels.mean(0), axis=1)[:, None]
    np.testing.assert_allclose((x * lengths).sum(0), 0, atol=1e-12)
    raw = patterns.standardised(pixels, centred=False, norm=1.0)
    np.testing.assert_allclose(raw * np.linalg.norm(pixels, axis=1)[:, None], pixels)


def test_blank_images_cannot_be_standardised():
    pixels = np.ones((3, 4)) * np.array([[1.0], [0.0], [2.0]])
    with pytest.raises(ValueError, match="Pattern 1 is constant"):
        patterns.standardised(pixels, centred=False)


@pytest.mark.parametrize("copies", [1, 2, 3, 7])
def test_copies_of_one_image_cannot_be_centred(copies):
    # the mean of three copies differs from them by rounding, which is no image
    one = np.random.default_rng(0).random((1, 64)) / 3
    with pytest.raises(ValueError, match="use centred = false"):
        patterns.standardised(np.repeat(one, copies, axis=0))


# --- probes ---


@pytest.mark.parametrize("flipped", [0.0, 0.1, 0.25, 0.333, 1.0])
def test_corrupted_flips_exactly_the_rounded_number_of_sites(flipped):
    memories = patterns.random_binary(5, 6, 50)
    probes = patterns.corrupted(6, memories, flipped=flipped)
    np.testing.assert_array_equal(np.abs(probes), np.abs(memories))
    np.testing.assert_array_equal(np.sum(probes != memories, 1), round(flipped * 50))


def test_corrupted_sites_differ_from_probe_to_probe_and_cover_all():
    memories = patterns.random_binary(5, 400, 20)
    flips = patterns.corrupted(6, memories, flipped=0.25) != memories
    # each site is flipped in a quarter of the probes
    stderr = np.sqrt(0.25 * 0.75 / 400)
    assert np.max(np.abs(flips.mean(0) - 0.25)) <= 4 * stderr


def test_noise_has_its_standard_deviation():
    memories = patterns.gaussian(5, 100, 100)
    noise = patterns.corrupted(6, memories, noise=0.3) - memories
    within(noise.mean(), 0, 0.3 / 100)
    within(noise.std(), 0.3, 0.3 / np.sqrt(2 * noise.size))


def test_hidden_features_are_filled():
    memories = patterns.gaussian(5, 4, 16)
    mask = patterns.occlusion((4, 4), "left", 0.25)
    probes = patterns.corrupted(6, memories, hidden=mask, fill=0.5)
    assert np.all(probes[:, mask] == 0.5)
    np.testing.assert_array_equal(probes[:, ~mask], memories[:, ~mask])


def test_noise_of_a_probe_does_not_depend_on_the_others():
    memories = patterns.random_binary(5, 10, 30)
    options = {"flipped": 0.2, "noise": 0.4}
    all_ten = patterns.corrupted(6, memories, **options)
    first = patterns.corrupted(6, memories[:3], **options)
    np.testing.assert_array_equal(all_ten[:3], first)


def test_precision_rounds_and_changes_nothing_else():
    def draw():
        memories = patterns.gaussian(5, 3, 20)
        binary = patterns.random_binary(7, 3, 20)
        return memories, binary, patterns.corrupted(6, binary, flipped=0.2, noise=0.1)

    double = draw()
    with jax.enable_x64(False):
        single = draw()
    for wide, narrow in zip(double, single, strict=True):
        assert (wide.dtype, narrow.dtype) == (np.float64, np.float32)
        np.testing.assert_array_equal(wide.astype(np.float32), narrow)


@pytest.mark.parametrize(
    ("region", "side"),
    [
        ("lower", np.s_[2:, :]),
        ("upper", np.s_[:2, :]),
        ("left", np.s_[:, :3]),
        ("right", np.s_[:, 3:]),
    ],
)
def test_occlusion_hides_one_side(region, side):
    mask = patterns.occlusion((4, 6), region).reshape(4, 6)
    assert mask.sum() == 12
    assert np.all(mask[side])


@pytest.mark.parametrize("fraction", [0.0, 0.25, 1.0])
def test_occlusion_hides_its_fraction(fraction):
    for region in ("lower", "upper", "left", "right"):
        assert patterns.occlusion((8, 8), region, fraction).mean() == fraction


def test_grid_is_square():
    points = patterns.grid(-1, 1, 5)
    assert points.shape == (25, 2)
    np.testing.assert_array_equal(np.unique(points[:, 0]), [-1, -0.5, 0, 0.5, 1])
    assert len({tuple(p) for p in points}) == 25


# --- overlap ---


def test_overlap_is_a_cosine():
    g, memories = patterns.gaussian(8, 30, 12), patterns.gaussian(9, 5, 12)
    m = patterns.overlap(g, memories)
    assert m.shape == (30, 5)
    assert np.all(np.abs(m) <= 1)
    np.testing.assert_allclose(patterns.overlap(3 * g, 0.1 * memories), m, atol=1e-15)
    own = np.diag(patterns.overlap(memories, -2 * memories))
    np.testing.assert_allclose(own, -1, rtol=1e-15)
    batch = patterns.overlap(g.reshape(2, 15, 12), memories)
    np.testing.assert_array_equal(batch.reshape(30, 5), m)


def test_overlap_of_spins_is_their_mean_product():
    s, xi = patterns.random_binary(10, 4, 64), patterns.random_binary(11, 3, 64)
    np.testing.assert_allclose(patterns.overlap(s, xi), s @ xi.T / 64, atol=1e-15)


def test_overlap_with_nothing_is_zero():
    m = patterns.overlap(np.zeros((2, 4)), np.ones((3, 4)))
    np.testing.assert_array_equal(m, np.zeros((2, 3)))
    np.testing.assert_array_equal(patterns.overlap(np.ones(4), np.zeros((1, 4))), [0])


# --- streams ---


def test_keys_of_every_kind_are_accepted():
    typed, raw = jr.key(7), jr.PRNGKey(7)
    draws = [patterns.gaussian(key, 2, 3) for key in (typed, raw)]
    np.testing.assert_array_equal(draws[0], draws[1])
    for key in (7, np.int64(7), Stream(7)):
        np.testing.assert_array_equal(
            patterns.gaussian(key, 2, 3), patterns.gaussian(7, 2, 3)
        )
    other = patterns.gaussian(jr.key(8), 2, 3)
    assert np.all(other != draws[0])


def test_streams_are_named_and_repeatable():
    stream = as_stream(3)
    draw = lambda s: s.generator().standard_normal(4)
    np.testing.assert_array_equal(
        draw(stream.child("a", 1)), draw(stream.child("a").child(1))
    )
    distinct = [
        stream,
        stream.child("a"),
        stream.child("b"),
        stream.child("a", 0),
        as_stream(4),
    ]
    assert len({tuple(draw(s)) for s in distinct}) == 5


NO_KEYS = {
    "negative": -1,
    "none": None,
    "text": "a",
    "fraction": 1.5,
    "boolean": True,
    "generator": np.random.default_rng(0),
    "batch": jr.split(jr.key(0), 3),
    "batch_of_one": jr.split(jr.key(0), 1),
    "raw_batch": jr.split(jr.PRNGKey(0), 3),
    "list": [1, 2],
    "numbers": np.arange(2),
    "negative_array": np.asarray(-3),
}


@pytest.mark.parametrize("name", NO_KEYS)
def test_what_is_no_key_is_refused(name):
    with pytest.raises(ValueError, match="A key is a whole number >= 0 or one JAX key"):
        patterns.random_binary(NO_KEYS[name], 2, 3)
    with pytest.raises(ValueError, match=r"got .*; give one seed"):
        as_stream(NO_KEYS[name])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: patterns.random_binary(0, 0, 5), "Sizes must be >= 1, got 0 memories"),
        (lambda: patterns.gaussian(0, 3, 0), "Sizes must be >= 1"),
        (lambda: patterns.sphere(0, -1, 4), "Sizes must be >= 1"),
        (lambda: patterns.correlated(0, 0, 3, 4), "Sizes must be >= 1"),
        (lambda: patterns.corrupted(0, np.ones((2, 3)), flipped=1.5), "fraction in"),
        (
            lambda: patterns.corrupted(0, np.ones((2, 3)), noise=-1.0),
            "standard deviation",
        ),
        (lambda: patterns.corrupted(0, np.ones((2, 3)), noise=np.inf), "standard dev"),
    ],
)
def test_impossible_patterns_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
