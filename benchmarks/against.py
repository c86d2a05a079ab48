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


def calls(shape, how, dtype, functions):
    """Return a call forward and one backward, with A_prev of this shape."""
    conv_forward, pool_forward, conv_backward, pool_backward = functions
    rng = np.random.RandomState(0)
    A_prev = rng.randn(*shape).astype(dtype)
    if kind(how) == 'conv':
        W = rng.randn(*how[0]).astype(dtype)
        b = rng.randn(1, 1, 1, how[0][3]).astype(dtype)
        # the activation does nothing, so it costs nothing
        forward = functools.partial(conv_forward, A_prev, W, b, lambda Z: Z,
                                    how[1])
        dZ = rng.randn(*forward().shape).astype(dtype)
        return [forward, lambda: conv_backward(dZ, A_prev, W, b, how[1])]
    forward = functools.partial(pool_forward, A_prev, *how)
    dA = rng.randn(*forward().shape).astype(dtype)
    return [forward, lambda: pool_backward(dA, A_prev, *how)]


def ratio(new, old, seconds):
    """Return the best time of one call divided by that of the other.

    They take turns, at least five each, for about this many seconds.
    """
    best, end, turns = [np.inf, np.inf], time.perf_counter() + seconds, 0
    while turns < 5 or time.perf_counter() < end:
        # the second one finds the cache as the first one left it
        for i in (0, 1) if turns % 2 else (1, 0):
            start = time.perf_counter()
            (new, old)[i]()
            best[i] = min(best[i], time.perf_counter() - start)
        turns += 1
    return best[0] / best[1]


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
            ours, theirs = (calls((m or most,) + shape, how, dtype, functions)
                            for functions in both)
            for direction, *pair in zip(('forward', 'backward'), ours, theirs):
                row.append(ratio(*pair, seconds))
                found.setdefault((kind(how), direction), []).append(row[-1])
        print(f'{name:<34}' + ''.join(map('{:7.2f}'.format, row)), flush=True)
    for names, ratios in found.items():
        print('{} {}: geometric mean {:.3f}, largest {:.2f}'.format(
            *names, geometric_mean(ratios), max(ratios)))
