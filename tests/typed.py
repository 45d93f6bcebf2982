"""The type checker of the tests: beartype, put on a function when it is first called.

One worker calls a part of hopsim's functions, and a function made inside of another is
the same check each time it is made; to make one takes a millisecond.
"""

import functools

from beartype import beartype, BeartypeConf, BeartypeStrategy


_beartyped = beartype(
    conf=BeartypeConf(strategy=BeartypeStrategy.On, is_pep484_tower=True)
)
_made: dict = {}


def checked(function):
    """A function of the same signature that checks the types of its arguments."""
    check = None

    @functools.wraps(function)
    def call(*args, **kwargs):
        nonlocal check
        if check is None:
            check = _check(function)
        return check(*args, **kwargs)

    return call


def _check(function):
    key = (
        function.__module__,
        function.__qualname__,
        *function.__annotations__.items(),
    )
    try:
        found = _made.get(key)
    except TypeError:  # an annotation that has no hash
        return _beartyped(function)
    if found is None:
        found = _made[key] = _beartyped(function)
    return found
