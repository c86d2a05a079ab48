#!/usr/bin/env python3
"""What the tests share: paths, the four functions, their definitions, data."""
import os
import signal
import sys

import numpy as np
import pytest

TESTS = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(TESTS)
sys.path[:0] = [ROOT] + [os.path.join(ROOT, room)
                         for room in ('data', 'mains', 'lesson', 'check')]
# it comes last, as its distributed.py would hide Dask's package of that name
sys.path.append(os.path.join(ROOT, 'examples'))
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')
# the drivers' first line asks `env` for python3: let it find this one
os.environ['PATH'] = os.pathsep.join([os.path.dirname(sys.executable),
                                      os.environ.get('PATH', '')])
# where SIGINT is ignored (`nohup make test &`), programs that the tests start
# would ignore Ctrl-C too
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


import loops  # noqa: E402

NAMES = ['conv_forward', 'pool_forward', 'conv_backward', 'pool_backward']
# memory layouts, and arrays that cannot be written to
LAYOUTS = {
    'fortran': np.asfortranarray,
    'channels reversed': lambda array: array[..., ::-1].copy()[..., ::-1],
    'rows reversed': lambda array: array[:, ::-1].copy()[:, ::-1],
    'every other column': lambda array: np.repeat(array, 2, 2)[:, :, ::2],
    'channels first': lambda array: np.moveaxis(
        np.moveaxis(array, 3, 1).copy(), 1, 3),
    'other byte order': lambda array: array.astype(
        array.dtype.newbyteorder()),
    'read-only': lambda array: np.frombuffer(
        array.tobytes(), array.dtype).reshape(array.shape)}


def identity(Z):
    """Return Z unchanged: an activation that hides nothing."""
    return Z


def function(name):
    """Return the function of that name from its file, 0 to 3."""
    return getattr(__import__('{}-{}'.format(NAMES.index(name), name)), name)


def results(name, **arguments):
    """Return what the function of that name gives, as a list of arrays."""
    if name == 'conv_forward':
        arguments.setdefault('activation', identity)
    found = function(name)(**arguments)
    return list(found) if isinstance(found, tuple) else [found]


def defined(name, **arguments):
    """Return what the plain loops give in float64, as a list of arrays."""
    for key in 'activation', 'b' if name == 'conv_backward' else '':
        arguments.pop(key, None)
    for key, value in arguments.items():
        if isinstance(value, np.ndarray) and value.ndim == 4:
            arguments[key] = value.astype('f8')
        elif key in ('stride', 'kernel_shape'):
            arguments[key] = tuple(map(int, value))
    found = getattr(loops, name)(**arguments)
    return list(found) if isinstance(found, tuple) else [found]


def close(ours, theirs, rtol=1e-12):
    """Assert equality up to rounding at the scale of the whole array."""
    assert ours.shape == theirs.shape
    scale = np.abs(theirs).max() if theirs.size else 1
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=rtol * scale)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """Keep coverage out of the programs that tests start.

    It would slow them down, and complain where it cannot write. pytest-cov
    asks for it at the start, and again after each test marked `no_cover`.
    """
    for name in list(os.environ):
        if name.startswith('COV_CORE_'):
            del os.environ[name]


@pytest.fixture(scope='session')
def mnist():
    """Return the arrays of data/MNIST.npz."""
    with np.load(os.path.join(ROOT, 'data', 'MNIST.npz')) as lib:
        return {name: lib[name] for name in lib.files}


@pytest.fixture
def rng():
    """Return a generator that gives a test the same numbers every time."""
    return np.random.RandomState(0)
