r"""Parts of one's own: kinds that scenarios name, without a change to hopsim.

A part is one class or function under a decorator of this module. Its signature is the
grammar of scenario files, as for the kinds that ship: annotations (`Positive`, `Count`,
`Range`, ...) say what a file may hold, defaults what it may leave out.

    from hopsim import extend

    @extend.drive("ramp")
    def ramp(slope: extend.Positive = 1.0) -> extend.AbstractDrive: ...

Parts are known once their file has been imported, or is named by `--with FILE` on the
command line, or belongs to an installed package with an entry point `hopsim.parts`. A
scenario never loads one: a file from a stranger runs no code. Name, version
(`__version__`) and SHA-256 of the file go into the records of its parts.

| decorator | of | that gives |
|---|---|---|
| `lagrangian` | a class, or a function | an `AbstractLagrangian` |
| `drive` | a class, or a function | an `AbstractDrive` |
| `dynamics` | a class | flow: `AbstractFlow`; spin rule: `AbstractSpinDynamics` |
| `network` | a function of `memories: Memories` | a `Network` |
| `memories` | a function of `stream` | a `PatternSet`, or rows |
| `probes` | a function of `stream, memories` | a `ProbeSet`, or rows |
| `experiment` | a class | an `AbstractExperiment`, such as `AbstractEnsemble` |
| `check` | a class | an `AbstractCheck`, such as `AbstractMeasured` |
| `plot` | a function of `record, fig` | nothing: it draws |
| `mutation` | a function without arguments | nothing, or entries that it overrides |

Every decorator raises ValueError for a kind that hopsim or another file has; the same
file, executed again, replaces its own.
"""

from .._common.types import Count, Fraction, Memories, NonNegative, Positive, Range
from ..checks import AbstractCheck
from ..checks.measured import AbstractMeasured
from ..data.sources import PatternSet, ProbeSet
from ..dynamics import (
    AbstractContinuousDynamics,
    AbstractDrive,
    AbstractFlow,
    AbstractSpinDynamics,
)
from ..dynamics.spins.trajectories import SpinRun
from ..experiments import (
    AbstractEnsemble,
    AbstractExperiment,
    Setting,
    StudyPoint,
    Unit,
    UnitContext,
)
from ..lagrangians import AbstractAdditiveLagrangian, AbstractLagrangian
from ..network import Network
from ..records import dataset, Record, Verdict
from ..trajectory import Ending, Promise
from .decorators import (
    check,
    drive,
    dynamics,
    experiment,
    lagrangian,
    memories,
    mutation,
    network,
    plot,
    probes,
)


__all__ = [
    "AbstractAdditiveLagrangian",
    "AbstractCheck",
    "AbstractContinuousDynamics",
    "AbstractDrive",
    "AbstractEnsemble",
    "AbstractExperiment",
    "AbstractFlow",
    "AbstractLagrangian",
    "AbstractMeasured",
    "AbstractSpinDynamics",
    "Count",
    "Ending",
    "Fraction",
    "Memories",
    "Network",
    "NonNegative",
    "PatternSet",
    "Positive",
    "ProbeSet",
    "Promise",
    "Range",
    "Record",
    "Setting",
    "SpinRun",
    "StudyPoint",
    "Unit",
    "UnitContext",
    "Verdict",
    "check",
    "dataset",
    "drive",
    "dynamics",
    "experiment",
    "lagrangian",
    "memories",
    "mutation",
    "network",
    "plot",
    "probes",
]
