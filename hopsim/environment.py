"""Precision, device and provenance; set on request, never at import."""

import contextlib
import importlib
import importlib.metadata
import platform
import threading
from collections.abc import Iterator
from typing import Any, Literal

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


def prefetch(*modules: str) -> None:
    """Import heavy modules on another core while this one waits for the compiler."""

    def fetch() -> None:
        for module in modules:
            importlib.import_module(module)

    threading.Thread(target=fetch, daemon=True).start()


class Compilations:
    """Which programs were compiled, and how long tracing and compiling took."""

    def __init__(self):
        self.names: list[str] = []
        self.seconds = 0.0

    @property
    def programs(self) -> int:
        """Their number, without the lone operations on constants that Diffrax folds."""
        return sum(not hasattr(jax.lax, name) for name in self.names)


_open: list[Compilations] = []
_listening = False


@contextlib.contextmanager
def compilations() -> Iterator[Compilations]:
    """Counts what is traced and compiled inside its block."""
    global _listening
    if not _listening:  # JAX offers no way to take a listener back
        jax.monitoring.register_event_duration_secs_listener(_heard)
        _listening = True
    count = Compilations()
    _open.append(count)
    try:
        yield count
    finally:
        _open.remove(count)


def _heard(event: str, duration_secs: float, **details: Any) -> None:
    if not event.startswith("/jax/core/compile/"):
        return
    name = str(details.get("fun_name", "?"))
    for count in _open:
        count.seconds += duration_secs
        if event.endswith("backend_compile_duration"):
            count.names.append(name.removeprefix("jit(").removesuffix(")"))
