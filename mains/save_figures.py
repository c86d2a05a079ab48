#!/usr/bin/env python3
"""A matplotlib backend whose windows are PNG files.

Where there is no display, `plt.show()` draws nothing and the figure is lost.
With this backend it writes each open figure into the current folder instead,
named after the program and counted, and names the file on standard error
(standard output stays the program's own). Where the current folder cannot be
written to, a temporary one is used. It serves any program, unchanged:

    PYTHONPATH=mains MPLBACKEND=module://save_figures python3 program.py
"""
import io
import itertools
import os
import sys
import tempfile

import matplotlib.pyplot as plt
from matplotlib.backend_bases import FigureManagerBase as FigureManager
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas

__all__ = ['FigureCanvas', 'FigureManager', 'show']

_numbers = itertools.count(1)


def show(*args, **kwargs):
    """Save every open figure and close it, as closing a window would."""
    stem = os.path.splitext(os.path.basename(sys.argv[0]))[0] or 'figure'
    for number in plt.get_fignums():
        content = io.BytesIO()
        plt.figure(number).savefig(content, format='png')
        _keep('{}-{}.png'.format(stem, next(_numbers)), content.getvalue())
    plt.close('all')


def _keep(name, content):
    """Write a file into the current folder or, if need be, a temporary one."""
    for folder in os.getcwd, tempfile.mkdtemp:
        path = name
        try:
            path = os.path.join(folder(), name)
            _write(path, content)
        except OSError as error:
            _say('{}: {}'.format(path, error.strerror))
        else:
            return _say(path)
    _say('{}: this figure is not saved'.format(name))


def _write(path, content):
    """Write a file whole, or leave what was there before."""
    partial = path + '.partial'
    try:
        with open(partial, 'wb') as file:
            file.write(content)
        os.replace(partial, path)
    finally:
        if os.path.exists(partial):
            os.remove(partial)


def _say(text):
    """Print a line on standard error, unless that is closed."""
    if sys.stderr:
        print(text, file=sys.stderr)
