#!/usr/bin/env python3
"""A matplotlib backend whose windows are PNG files.

Where there is no display, `plt.show()` draws nothing and the figure is lost.
With this backend it writes each open figure into the current folder instead,
named after the program and counted, and says where on standard error (standard
output stays the program's own). It serves any program, unchanged:

    PYTHONPATH=mains MPLBACKEND=module://save_figures python3 program.py
"""
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
        name = '{}-{}.png'.format(stem, next(_numbers))
        path = os.path.abspath(name)
        figure = plt.figure(number)
        try:
            figure.savefig(path)
        except OSError as error:
            print("{}: {}".format(path, error.strerror), file=sys.stderr)
            path = os.path.join(tempfile.mkdtemp(), name)
            figure.savefig(path)
        print(path, file=sys.stderr)
    plt.close('all')
