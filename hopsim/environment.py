"""Precision, device and provenance; set on request, never at import."""

import contextlib
import importlib.metadata
import platform
from collections.abc import Iterator
from typing import Literal

import jax


@contextlib.contextmanager
def precision(name: Literal["float64", "float32"]) -> Iterator[None]:
    """Runs its block in the given precision and leaves JAX's settings as they were."""
    with jax.enable_x64(name == "float64"):
        yield


def provenance() -> dict[str, str]:
    """Versions, machine and device, as they are written into every record."""
    packages = ("hopsim", "jax", "diffrax", "equinox", "numpy")
    versions = {f"version_{p}": importlib.metadata.version(p) for p in packages}
    device = jax.devices()[0]
    return versions | {
        "version_python": platform.python_version(),
        "platform": platform.platform(),
        "device": f"{device.platform}: {device.device_kind} x {jax.device_count()}",
    }
