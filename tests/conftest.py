#!/usr/bin/env python3
"""What the tests share: paths, the task files, the data."""
import os
import signal
import sys

import numpy as np
import pytest

TESTS = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(TESTS)
sys.path[:0] = [ROOT] + [os.path.join(ROOT, room)
                         for room in ('data', 'mains', 'lesson')]
# it comes last, as its distributed.py would hide Dask's package of that name
sys.path.append(os.path.join(ROOT, 'examples'))
import loops  # noqa: E402

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')
# the drivers' first line asks `env` for python3: let it find this one
os.environ['PATH'] = os.pathsep.join([os.path.dirname(sys.executable),
                                      os.environ.get('PATH', '')])
# where SIGINT is ignored (`nohup make test &`), programs that the tests start
# would ignore Ctrl-C too
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """Keep coverage out of the programs that tests start.

    It would slow them down, and complain where it cannot write. pytest-cov
    asks for it at the start, and again after each test marked `no_cover`.
    """
    for name in list(os.environ):
        if name.startswith('COV_CORE_'):
            del os.environ[name]


def defined_backward(dZ, A_prev, W, padding, stride):
    """Return dA_prev, dW, db by definition, with dW as the course's NumPy.

    Where A_prev is float32 and dZ float64, that NumPy rounded each product in
    dW to float32, and so must we, unless dZ is beyond float32's range.
    """
    dA_prev, dW, db = loops.conv_backward(dZ, A_prev, W, padding, stride)
    if A_prev.dtype.char + dZ.dtype.char == 'fd' and (
            1e-18 < np.abs(dZ).max(initial=0) < 1e18):
        A_pad, _ = loops.padded(A_prev, W, padding, stride)
        (kh, kw), (sh, sw) = W.shape[:2], stride
        dZ, dW = dZ.astype('f4')[..., None, None, None, :], np.zeros(W.shape)
        for y, x in np.ndindex(*dZ.shape[1:3]):
            window = A_pad[:, y * sh:y * sh + kh, x * sw:x * sw + kw, :, None]
            dW += (window * dZ[:, y, x]).sum(axis=0, dtype=float)
    return dA_prev, dW, db


@pytest.fixture(scope='session')
def mnist():
    """Return the arrays of data/MNIST.npz."""
    with np.load(os.path.join(ROOT, 'data', 'MNIST.npz')) as lib:
        return {name: lib[name] for name in lib.files}


@pytest.fixture
def rng():
    """Return a generator that gives a test the same numbers every time."""
    return np.random.RandomState(0)
