#!/usr/bin/env python3
"""A matplotlib backend whose windows are PNG files.

Without a display, `plt.show()` draws nothing and the figure is lost. With this
backend, it saves each open figure in the current folder. The file is named
after the program and numbered, and its path is printed on standard error
(standard output stays the program's own). If the current folder cannot be
written to, a temporary one is used. It works with any program, unchanged:

    PYTHONPATH=mains MPLBACKEND=module://save_figures python3 program.py
"""
import io
import itertools
import os
import sys
import tempfile

from matplotlib.backend_bases import FigureManagerBase as FigureManager
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas
import matplotlib.pyplot as plt

__all__ = ['FigureCanvas', 'FigureManager', 'show']

# matplotlib's ways to draw that open no window, and those of notebooks
NO_WINDOW = ('agg', 'cairo', 'pdf', 'pgf', 'ps', 'svg', 'template', 'inline',
             'module://matplotlib_inline.backend_inline', 'nbagg', 'notebook',
             'module://ipympl.backend_nbagg', 'ipympl', 'widget')
_numbers = itertools.count(1)


def unless_a_window_opens(asked=''):
    """Save figures as files, unless `asked`, or matplotlib, opens windows."""
    try:
        plt.switch_backend(asked or plt.get_backend())
        if plt.get_backend().lower() not in NO_WINDOW:
            return
    except Exception:   # each window system raises its own
        pass
    if asked:
        _say(f'MPLBACKEND is {asked!r}, which cannot open a window here. '
             'Figures are saved as files.')
    plt.switch_backend('module://save_figures')


def show(*args, **kwargs):
    """Save every open figure and close it, as closing a window would."""
    stem = os.path.splitext(os.path.basename(sys.argv[0]))[0] or 'figure'
    for number in plt.get_fignums():
        content = io.BytesIO()
        plt.figure(number).savefig(content, format='png')
        _keep(f'{stem}-{next(_numbers)}.png', content.getvalue())
    plt.close('all')


def _keep(name, content):
    """Write a file to the current folder or, failing that, a temporary one."""
    for folder in os.getcwd, tempfile.mkdtemp:
        path = name
        try:
            path = os.path.join(folder(), name)
            _write(path, content)
        except OSError as error:
            _say(f'{path}: {error.strerror}')
        else:
            return _say(path)
    _say(f'{name}: this figure is not saved')


def _write(path, content):
    """Write a complete file, or leave an older one as it was."""
    partial = path + '.partial'
    try:
        with open(partial, 'wb') as file:
            file.write(content)
        os.replace(partial, path)
    finally:
        if os.path.exists(partial):
            os.remove(partial)


def _say(text):
    """Print a line on standard error, unless it is closed."""
    if sys.stderr:
        print(text, file=sys.stderr)
