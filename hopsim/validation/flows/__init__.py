"""Tests of flows: energy balance, descent, spectra, response, thresholds."""

from . import (
    adiabatic_gap_plot,
    altimex_descent_plot,
    contrastive_plot,
    critical_beta_plot,
    driven_plot,
    energy_balance_plot,
    hull_plot,
    linear_response_plot,
    morse_index_plot,
    relaxation_descent_plot,
    spectrum_plot,
    stiffness_plot,
    zero_modes_plot,
)
from .adiabatic_gap import AdiabaticGap
from .altimex_descent import AltIMEXDescent
from .contrastive import Contrastive
from .critical_beta import CriticalBeta
from .driven import Driven
from .energy_balance import EnergyBalance
from .envelope import Envelope
from .flow_ensemble import FlowEnsemble
from .hull import Hull
from .linear_response import LinearResponse
from .morse_index import MorseIndex
from .relaxation_descent import RelaxationDescent
from .retrieval_gap import RetrievalGap
from .spectrum import Spectrum
from .stiffness import Stiffness
from .zero_modes import ZeroModes


__all__ = [
    "AdiabaticGap",
    "AltIMEXDescent",
    "Contrastive",
    "CriticalBeta",
    "Driven",
    "EnergyBalance",
    "Envelope",
    "FlowEnsemble",
    "Hull",
    "LinearResponse",
    "MorseIndex",
    "RelaxationDescent",
    "RetrievalGap",
    "Spectrum",
    "Stiffness",
    "ZeroModes",
    "adiabatic_gap_plot",
    "altimex_descent_plot",
    "contrastive_plot",
    "critical_beta_plot",
    "driven_plot",
    "energy_balance_plot",
    "hull_plot",
    "linear_response_plot",
    "morse_index_plot",
    "relaxation_descent_plot",
    "spectrum_plot",
    "stiffness_plot",
    "zero_modes_plot",
]
