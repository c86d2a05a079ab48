#!/usr/bin/env python3
"""Time the four functions against those of an older commit, in turns.

`make bench AGAINST=COMMIT` runs `compare`. Both get the same arrays in the
same run. The best of several turns counts, and the ratio of the two times is
printed. NumPy is needed, and git for older files. bench.py times these layers.
"""
import functools
import os
import subprocess
import sys
import time
import types

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FUNCTIONS = ['0-conv_forward', '1-pool_forward', '2-conv_backward',
             '3-pool_backward']
# examples; name; A_prev's shape without the examples; W's shape; padding
CONVOLUTIONS = [
    (10000, 'MNIST 3x3, 1 to 2, valid', (28, 28, 1), (3, 3, 1, 2), 'valid'),
    (1024, 'LeNet 5x5, 1 to 6, same', (28, 28, 1), (5, 5, 1, 6), 'same'),
    (1024, 'LeNet 5x5, 6 to 16, valid', (14, 14, 6), (5, 5, 6, 16), 'valid'),
    (128, '3x3, 16 to 32, same, 32x32', (32, 32, 16), (3, 3, 16, 32), 'same'),
    (16, '3x3, 64 to 64, same, 56x56', (56, 56, 64), (3, 3, 64, 64), 'same')]
# examples; name; A_prev's shape without the examples; kernel; stride
POOLINGS = [
    (10000, 'MNIST 2x2/2, 2 channels', (28, 28, 2), (2, 2), (2, 2)),
    (1024, 'LeNet 2x2/2, 6 channels', (28, 28, 6), (2, 2), (2, 2)),
    (1024, 'LeNet 2x2/2, 16 channels', (10, 10, 16), (2, 2), (2, 2)),
    (16, '3x3/2, 64 channels, 55x55', (55, 55, 64), (3, 3), (2, 2))]
LONG = 1        # a call of more seconds gets one turn


def layers():
    """Return most examples, name, shape, how, for each layer of the table.

    `how` is the shape of W and the padding, or kernel_shape, stride and mode.
    """
    return [(most, name, shape, tuple(how)) for most, name, shape, *how in
            CONVOLUTIONS] + [
        (most, f'{name}, {mode}', shape, (*how, mode))
        for most, name, shape, *how in POOLINGS for mode in ('max', 'avg')]


def kind(how):
    """Return whether a layer is a convolution or pools."""
    return 'conv' if isinstance(how[1], str) else 'pool'


def load(commit=None):
    """Return the four functions of a commit, or of the current files."""
    found = []
    for name in FUNCTIONS:
        if commit:
            git = subprocess.run(
                ['git', 'show', f'{commit}:{name}.py'], cwd=ROOT,
                stdout=subprocess.PIPE)
            text = git.stdout or sys.exit(1)    # git has said why
        else:
            with open(os.path.join(ROOT, name + '.py'), 'rb') as file:
                text = file.read()
        module = types.ModuleType(name)
        exec(compile(text, name, 'exec'), module.__dict__)
        found.append(getattr(module, name[2:]))
    return found


def arguments(shape, how, dtype):
    """Return a layer's arrays, A_prev first, and its other arguments."""
    rng, shapes = np.random.RandomState(0), [shape]
    rest = dict(zip(('kernel_shape', 'stride', 'mode'), how))
    if kind(how) == 'conv':
        shapes += [how[0], (1, 1, 1, how[0][3])]
        rest = {'padding': how[1]}
    return [rng.randn(*size).astype(dtype) for size in shapes], rest


def calls(arrays, rest, functions):
    """Return a call forward, one backward, and the gradient it is given."""
    conv_forward, forward, conv_backward, backward = functions
    if 'padding' in rest:
        # the activation does nothing, so it costs nothing
        forward = functools.partial(conv_forward, activation=lambda Z: Z)
        backward = conv_backward
    forward = functools.partial(forward, *arrays, **rest)
    dA = np.random.RandomState(1).randn(*forward().shape).astype(
        arrays[0].dtype)
    return forward, functools.partial(backward, dA, *arrays, **rest), dA


def best_of(calls, turns, rest=.05, short=.01):
    """Return the shortest time of each call, in milliseconds.

    They take turns of `short` seconds, or of one call. If `rest` is given,
    each rests before its turn and makes a call that is not timed, because the
    threads of the one before may still be waiting for work on the processors.
    """
    times = {name: [] for name in calls}
    for turn in range(turns):
        # the second one finds the cache as the first one left it
        for name in list(calls)[::1 if turn % 2 else -1]:
            if times[name] and min(times[name]) > LONG:
                continue
            if rest:
                time.sleep(rest)
                calls[name]()
            end = time.perf_counter() + short
            while True:
                start = time.perf_counter()
                calls[name]()
                stop = time.perf_counter()
                times[name].append(stop - start)
                if stop > end:
                    break
    return {name: 1e3 * min(taken) for name, taken in times.items()}


def geometric_mean(ratios):
    """Return the mean for which twice and half cancel out."""
    return float(np.exp(np.mean(np.log(ratios))))


def compare(commit, seconds=1.):
    """Print time now / time of a commit, for each layer, and the means."""
    both, found = (load(), load(commit)), {}
    columns = [(m, dtype) for m in (None, 32)
               for dtype in ('float64', 'float32')]
    print('time now / time of {}, NumPy {}\n{:<34}{}'.format(
        commit, np.__version__, 'forward and backward each', ''.join(
            '{:>14}'.format('{} {}'.format(m or 'all', dtype))
            for m, dtype in columns)))
    for most, name, shape, how in layers():
        row = []
        for m, dtype in columns:
            given = arguments((m or most,) + shape, how, dtype)
            ours, theirs = (calls(*given, functions) for functions in both)
            for direction, *pair in zip(('forward', 'backward'), ours, theirs):
                now, then = best_of(dict(enumerate(pair)), 6, 0,
                                    seconds / 12).values()
                row.append(now / then)
                found.setdefault((kind(how), direction), []).append(row[-1])
        print(f'{name:<34}' + ''.join(map('{:7.2f}'.format, row)), flush=True)
    for names, ratios in found.items():
        print('{} {}: geometric mean {:.3f}, largest {:.2f}'.format(
            *names, geometric_mean(ratios), max(ratios)))
