#!/usr/bin/env python3
"""What the drivers need around them: task files, data, figures, a good end.

Importing this module first lets a driver run from any folder: it makes the
task files importable, saves figures where no window can open (see
save_figures.py), and lets Ctrl-C or a closed pipe end the run without a
traceback.
"""
import functools
import os
import signal
import sys
import zipfile
import zlib

import matplotlib.pyplot as plt
import numpy as np
from tqdm import tqdm

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MNIST = os.path.join(ROOT, 'data', 'MNIST.npz')

# a bar while a person is watching, nothing where output goes to a file
progress = functools.partial(tqdm, disable=None, leave=False)


def load_mnist(*parts):
    """Load the digits, or end the program saying how to mend the file.

    Parameters
    ----------
    *parts : {'train', 'valid', 'test'}
        Which of the digits; all of them where none is named.

    Returns
    -------
    dict of str to numpy.ndarray
        `X_train`, `X_valid`, `X_test`: (n, 28, 28) float32; `Y_train`,
        `Y_valid`, `Y_test`: (n,) int64.
    """
    sizes = {'train': 50000, 'valid': 10000, 'test': 10000}
    arrays = {}
    try:
        # what is no archive, NumPy 1.19 complains of in a traceback of its own
        zipfile.ZipFile(MNIST).close()
        with np.load(MNIST) as lib:
            for name in parts or sizes:
                n = sizes[name]
                arrays['X_' + name] = lib['X_' + name]
                arrays['Y_' + name] = lib['Y_' + name]
                if (arrays['X_' + name].shape != (n, 28, 28) or
                        arrays['Y_' + name].shape != (n,)):
                    raise ValueError("it does not hold {} {} images".format(
                        n, name))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile,
            zlib.error) as error:
        sys.exit("{}: {}. Restore it with `git checkout data/MNIST.npz`, or "
                 "build it again: see data/README.md".format(
                     MNIST, str(error).strip('\'". ')))
    return arrays


def _end(kind, error, traceback):
    """Report an exception that nothing caught; Ctrl-C is not a mistake."""
    if issubclass(kind, KeyboardInterrupt):
        print("Interrupted.", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, traceback)


def end_at_once(signum, frame):
    """End on Ctrl-C here and now, as a handler of that signal.

    For what trains with TensorFlow: an exception could be lost there, as 2.6
    calls Python from where none is passed on.
    """
    # a bar may stand on the line of a terminal
    os.write(2, b'\n' * sys.stderr.isatty() + b'Interrupted.\n')
    signal.signal(signum, signal.SIG_DFL)
    signal.raise_signal(signum)


sys.path.insert(0, ROOT)
sys.excepthook = _end
sys.stdout.reconfigure(line_buffering=True)
if hasattr(signal, 'SIGPIPE'):
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
if int(np.__version__.split('.')[0]) > 1:
    # NumPy 2 prints shapes and types into arrays; the course's lines had none
    np.set_printoptions(legacy='1.25')
# TensorFlow's notes on processors and drivers would bury the driver's lines
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')
# 'agg' is what matplotlib falls back on where it can open no window
if 'MPLBACKEND' not in os.environ and plt.get_backend().lower() == 'agg':
    plt.switch_backend('module://save_figures')
