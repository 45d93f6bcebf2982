"""The registry of experiments that only hold theory to account."""

from .._common.registry import Registry
from ..experiments import experiments


validations = Registry("validation", within=experiments)
