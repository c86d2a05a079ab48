#!/usr/bin/env python3
"""What every driver needs: task files, digits, figures, a clean exit.

Importing this module changes nothing. A driver calls `prepare` once, before
anything else, and `load_mnist` for the digits.
"""
import os
import signal
import sys
import threading
import zipfile

import numpy as np

MAINS = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(MAINS)
MNIST = os.path.join(ROOT, 'data', 'MNIST.npz')
SIZES = {'train': 50000, 'valid': 10000, 'test': 10000}


def prepare(plt=None):
    """Let a driver run from any folder and print what the course printed.

    The task files become importable, and NumPy prints arrays as it did at the
    time of the course. If the driver is a program of its own, and does not run
    inside a notebook, an editor or another program, Ctrl-C or a reader that
    closes the pipe (`| head`) ends it without a traceback.

    Parameters
    ----------
    plt : module, optional
        `matplotlib.pyplot`, if the driver draws. If no window can open, each
        figure is saved instead (see save_figures.py).
    """
    sys.path.insert(0, ROOT)
    # TensorFlow's messages about processors would bury the driver's output
    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')
    # inside another program, stdout is replaced; a prompt has `sys.ps1`
    alone = (sys.stdout is sys.__stdout__ and not hasattr(sys, 'ps1') and
             threading.current_thread() is threading.main_thread())
    if alone and signal.getsignal(signal.SIGINT) == signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)
    if alone and hasattr(signal, 'SIGPIPE'):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for name in 'stdout', 'stderr':
        # a stream that was closed (`>&-`) is None, which Keras cannot write to
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, 'w'))
    if hasattr(sys.stdout, 'reconfigure'):
        # a file or pipe gets each line as soon as it is printed
        sys.stdout.reconfigure(line_buffering=True)
    if int(np.__version__.split('.')[0]) > 1:
        # NumPy 2 adds shapes and types to what it prints
        np.set_printoptions(legacy='1.25')
    if plt:
        _keep_figures(plt)


def watched():
    """Return whether a person is watching, who could use a progress bar."""
    return sys.stdout.isatty()


def load_mnist(*parts):
    """Load the digits, or exit with a message on how to repair the file.

    Parameters
    ----------
    *parts : {'train', 'valid', 'test'}
        Which digits to load; all of them by default.

    Returns
    -------
    dict of str to numpy.ndarray
        `X_train`, `X_valid`, `X_test`: (n, 28, 28) float32, from 0 to 1;
        `Y_train`, `Y_valid`, `Y_test`: (n,) integers, from 0 to 9.
    """
    parts = parts or tuple(SIZES)
    try:
        # NumPy 1.19 does not say clearly that a file is not an archive
        zipfile.ZipFile(MNIST).close()
        with np.load(MNIST) as lib:
            arrays = {name: lib[name] for name in (
                letter + '_' + part for part in parts for letter in 'XY')}
        for part in parts:
            _check('X_' + part, arrays, (SIZES[part], 28, 28), 'float32', 1)
            _check('Y_' + part, arrays, (SIZES[part],), 'integers', 9)
        return arrays
    except Exception as error:  # a damaged archive can raise nearly anything
        why = getattr(error, 'strerror', None) or ' '.join(
            map(str, error.args)) or type(error).__name__
    sys.exit("{}: {}. Restore it with `git checkout data/MNIST.npz`, or build "
             "it again: see data/README.md".format(MNIST, why.rstrip('.')))


def _check(name, arrays, shape, expected, most):
    """Raise ValueError unless an array holds what its name promises."""
    array = arrays[name]
    if array.shape != shape:
        raise ValueError('{} has the shape {}, expected {}'.format(
            name, array.shape, shape))
    found = 'integers' if array.dtype.kind in 'iu' else array.dtype.name
    if found != expected:
        raise ValueError('{} is {}, expected {}'.format(
            name, array.dtype, expected))
    least, largest = array.min(), array.max()
    if not 0 <= least <= largest <= most:
        raise ValueError('{} lies between {} and {}, expected 0 to {}'.format(
            name, least, largest, most))


def _end(signum, frame):
    """Handle Ctrl-C: end the program at once.

    An exception could be lost, because TensorFlow 2.6 calls Python from code
    that does not pass exceptions on.
    """
    try:
        # on a terminal, the current line may hold a progress bar
        os.write(2, b'\n' * os.isatty(2) + b'Interrupted.\n')
    except OSError:     # standard error is closed
        pass
    signal.signal(signum, signal.SIG_DFL)
    signal.raise_signal(signum)


def _keep_figures(plt):
    """Save figures as PNG files if no window can show them."""
    asked, backend = os.environ.get('MPLBACKEND', ''), plt.get_backend()
    # agg draws into memory; matplotlib falls back on it if it must
    if backend.lower() != 'agg':
        try:
            return plt.switch_backend(backend)
        except Exception:   # each window system raises its own
            pass
    elif asked.lower() == 'agg':
        return
    if asked:
        print('MPLBACKEND is {!r}, which cannot open a window here. Figures '
              'are saved as files.'.format(asked), file=sys.stderr)
    sys.path.append(MAINS)
    plt.switch_backend('module://save_figures')
