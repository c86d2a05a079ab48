#!/usr/bin/env python3
"""What every driver needs: task files, digits, figures, a clean exit."""
import contextlib
import os
import signal
import sys
import threading
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MNIST = os.path.join(ROOT, 'data', 'MNIST.npz')
SIZES = {'train': 50000, 'valid': 10000, 'test': 10000}


def prepare(figures=False):
    """Let a program run from any folder and print what the course printed.

    Called before other imports, it makes Ctrl-C, a closed pipe, a full disk
    and too little memory end a program of its own without a traceback.
    `figures` says that it draws: if no window can open, figures are saved.
    """
    sys.path.insert(0, ROOT)
    sys.dont_write_bytecode = True      # TensorFlow's would stay in /tmp
    # TensorFlow's words on processors and cards would bury the output
    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
    os.environ['KERAS_BACKEND'] = 'tensorflow'  # keras.json may name another
    if (sys.stdout is sys.__stdout__ and not hasattr(sys, 'ps1') and
            threading.current_thread() is threading.main_thread()):
        sys.excepthook = _fail
        if hasattr(signal, 'SIGPIPE'):
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        if signal.getsignal(signal.SIGINT) == signal.default_int_handler:
            signal.signal(signal.SIGINT, _end)
        # a stream that was closed (`>&-`) is None, which Keras cannot write to
        sys.stdout = sys.stdout or open(os.devnull, 'w')
        sys.stderr = sys.stderr or open(os.devnull, 'w')
        for stream in sys.stdout, sys.stderr:
            stream.reconfigure(line_buffering=True)
    import numpy as np
    if int(np.__version__.split('.')[0]) > 1:   # it prints types as well
        np.set_printoptions(legacy='1.25')
    if figures and 'ipykernel' not in sys.modules:  # a notebook shows its own
        asked = os.environ.pop('MPLBACKEND', '')    # a bad one stops imports
        import save_figures
        save_figures.unless_a_window_opens(asked)


def _fail(kind, error, trace):
    """Say in one line that the output or the memory is full."""
    if not issubclass(kind, (OSError, MemoryError)):
        return sys.__excepthook__(kind, error, trace)
    print(f'{sys.argv[0]}: {error or kind}', file=sys.stderr)
    # otherwise Python would try to write the rest at exit, and complain again
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _end(signum, frame):
    """Handle Ctrl-C, below a bar too; TensorFlow 2.6 may lose exceptions."""
    with contextlib.suppress(OSError):      # standard error is closed
        os.write(2, b'\n' * os.isatty(2) + b'Interrupted.\n')
    signal.signal(signum, signal.SIG_DFL)
    signal.raise_signal(signum)


def load_mnist(*parts):
    """Load the digits, or end and say how to repair the file.

    Returns a dict of `X_train`, `X_valid`, `X_test`, (n, 28, 28) float32 from
    0 to 1, and `Y_*`, (n,) integers from 0 to 9; of some parts, if named.
    """
    import numpy as np
    try:
        if not os.path.isfile(MNIST):
            raise ValueError('there is no such file')
        # NumPy 1.19 does not say clearly that a file is not an archive
        zipfile.ZipFile(MNIST).close()
        with np.load(MNIST) as lib:
            arrays = {name + part: lib[name + part]
                      for part in parts or SIZES for name in ('X_', 'Y_')}
        for name, A in arrays.items():
            kind, size, most = {'X': (np.float32, (28, 28), 1),
                                'Y': (np.integer, (), 9)}[name[0]]
            shape, least, largest = (SIZES[name[2:]],) + size, A.min(), A.max()
            if not (np.issubdtype(A.dtype, kind) and A.shape == shape and
                    0 <= least <= largest <= most):
                what = '{} {} from {} to {}'.format
                raise ValueError(
                    f'{name} is {what(A.dtype, A.shape, least, largest)}, '
                    f'expected {what(kind.__name__, shape, 0, most)}')
        return arrays
    except MemoryError:
        sys.exit(f'{MNIST}: there is too little memory for it')
    except Exception as error:  # a damaged archive can raise nearly anything
        why = str((error.args or [type(error).__name__])[-1]).split()
    sys.exit(f"{MNIST}: {' '.join(why)}. Restore it with `git checkout "
             'data/MNIST.npz`, or build it again: see data/README.md')
