"""A solver that wraps another one and observes its steps."""

import diffrax as dfx


class AbstractWatching(dfx.AbstractWrappedSolver):
    """Any solver, with something observed after each of its steps.

    To add one: declare the field `solver`, implement `init` and `step`.
    """

    @property
    def term_structure(self):
        """The wrapped solver's."""
        return self.solver.term_structure

    @property
    def interpolation_cls(self):  # pyright: ignore[reportIncompatibleMethodOverride]
        """The wrapped solver's."""
        return self.solver.interpolation_cls

    @property
    def root_finder(self):
        """The wrapped solver's, where it is implicit."""
        return self.solver.root_finder  # pyright: ignore[reportAttributeAccessIssue]

    @property
    def root_find_max_steps(self):
        """The wrapped solver's, where it is implicit."""
        return self.solver.root_find_max_steps  # pyright: ignore[reportAttributeAccessIssue]

    @property
    def scan_kind(self):
        """The wrapped solver's, where it is one of Diffrax's Runge-Kutta methods."""
        return self.solver.scan_kind  # pyright: ignore[reportAttributeAccessIssue]

    def order(self, terms):
        """The wrapped solver's order."""
        return self.solver.order(terms)

    def error_order(self, terms):
        """The wrapped solver's error order."""
        return self.solver.error_order(terms)

    def func(self, terms, t0, y0, args):
        """The wrapped solver's vector field."""
        return self.solver.func(terms, t0, y0, args)
