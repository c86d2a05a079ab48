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


@pytest.fixture(scope='session')
def mnist():
    """Return the arrays of data/MNIST.npz."""
    with np.load(os.path.join(ROOT, 'data', 'MNIST.npz')) as lib:
        return {name: lib[name] for name in lib.files}


@pytest.fixture
def rng():
    """Return a generator that gives a test the same numbers every time."""
    return np.random.RandomState(0)
