"""The registry of experiments that only test theory."""

from .._common.registry import Registry
from ..experiments import experiments


validations = Registry("validation", within=experiments)
