#!/usr/bin/env python3
"""The test cases of tasks 0 to 3: calls, each a line that can be pasted.

The idea: a case is the text of a call. The call is made with the answer's
function and with the definition, and the results are compared. The numbers are
small integers, so that every order of summation gives the same result.
"""
import collections
import functools
import itertools
import os
import sys

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(1, os.path.join(ROOT, 'lesson'))
import loops  # noqa: E402
from worker import called  # noqa: E402

# a case with a note is not counted: there, accepted answers differ
Case = collections.namedtuple('Case', 'name call note', defaults=('',))
DIGITS = os.path.join(ROOT, 'data', 'ten.npz')     # the drivers' images
ODD = ("An odd number of zeros, as with an even kernel: accepted answers "
       'differ in where the extra row or column goes, and in the size. This '
       "project's answer puts it on the top or left, and keeps the size.")
INTEGERS = ('Images of integers, which the course never gives: '
            'np.zeros_like(A_prev) makes integers where A_prev has them, and '
            'cuts what is put in. Use np.zeros(A_prev.shape).')


def numbers(shape, factor=7, modulus=11, less=5):
    """Return the text of an array of integers that repeat after a while.

    >>> numbers((1, 2, 2, 1))
    'np.arange(4.).reshape(1, 2, 2, 1) * 7 % 11 - 5'
    """
    text = (f'np.arange({np.prod(shape)}.).reshape{shape} * {factor} % '
            f'{modulus} - {less}')
    return text.replace('- -', '+ ').replace('* 1 ', '')


@functools.lru_cache(None)
def right(call):
    """Return the parts of the definition's result for the text of a call."""
    result = called(loops, call)['value']
    return result if isinstance(result, tuple) else (result,)


# name, A_prev, kernel, c_new, padding, stride
LAYERS = [
    ('1x1 kernel', (1, 3, 3, 1), (1, 1), 1, 'valid', (1, 1)),
    ('3x3', (1, 5, 5, 1), (3, 3), 1, 'valid', (1, 1)),
    ('3x3, same', (1, 5, 5, 1), (3, 3), 1, 'same', (1, 1)),
    ('1x1 kernel, same: no zeros', (1, 3, 4, 1), (1, 1), 2, 'same', (1, 1)),
    ('3x1, same: no zeros across', (1, 4, 5, 1), (3, 1), 1, 'same', (1, 1)),
    ('1x5, same: no zeros down', (1, 4, 6, 1), (1, 5), 1, 'same', (1, 1)),
    ('2x2 kernel', (1, 4, 4, 1), (2, 2), 1, 'valid', (1, 1)),
    ('5x5, same', (1, 6, 7, 1), (5, 5), 1, 'same', (1, 1)),
    ('stride 2', (1, 7, 7, 1), (3, 3), 1, 'valid', (2, 2)),
    ('stride 1 by 3', (1, 5, 9, 1), (3, 3), 1, 'valid', (1, 3)),
    ('stride 2, pixels left over', (1, 6, 8, 1), (3, 3), 1, 'valid', (2, 2)),
    ('stride 3, pixels left over', (1, 8, 10, 1), (2, 3), 1, 'valid', (3, 3)),
    ('stride 2, same', (1, 5, 5, 1), (3, 3), 1, 'same', (2, 2)),
    ('2x2, stride 2, same', (1, 4, 4, 1), (2, 2), 1, 'same', (2, 2)),
    ('4x4, stride 2, same', (1, 6, 8, 1), (4, 4), 1, 'same', (2, 2)),
    ('stride 1 by 2, same', (1, 5, 5, 1), (3, 3), 1, 'same', (1, 2)),
    ('stride 2 by 1, same', (1, 3, 6, 1), (3, 3), 1, 'same', (2, 1)),
    ('three channels', (1, 4, 5, 3), (3, 3), 1, 'valid', (1, 1)),
    ('three examples', (3, 4, 4, 1), (3, 3), 1, 'same', (1, 1)),
    ('channels and kernels', (2, 5, 6, 3), (3, 3), 4, 'same', (1, 1)),
    ('all of these, and a stride', (2, 7, 8, 3), (3, 2), 4, 'valid', (2, 3)),
    ('as large as the image', (2, 3, 4, 2), (3, 4), 2, 'valid', (1, 1)),
    ('28x28', (1, 28, 28, 1), (3, 3), 8, 'same', (1, 1)),
]
ODD_LAYERS = [
    ('2x2 kernel, same', (1, 4, 4, 1), (2, 2), 1, 'same', (1, 1)),
    ('4x2 kernel, same', (1, 6, 5, 2), (4, 2), 2, 'same', (1, 1)),
    ('3x3, stride 2, same', (1, 4, 4, 1), (3, 3), 1, 'same', (2, 2)),
]

# name, A_prev, kernel_shape, stride
POOLS = [
    ('1x1', (1, 3, 3, 1), (1, 1), (1, 1)),
    ('2x2, stride 2', (1, 4, 4, 1), (2, 2), (2, 2)),
    ('3x3, stride 2', (1, 7, 7, 1), (3, 3), (2, 2)),
    ('2x2, stride 3', (1, 8, 8, 1), (2, 2), (3, 3)),
    ('2x3 window', (1, 4, 6, 1), (2, 3), (2, 3)),
    ('1x4 window', (1, 3, 7, 1), (1, 4), (1, 2)),
    ('7x7, stride 2', (1, 9, 11, 1), (7, 7), (2, 2)),
    ('stride 2 by 1', (1, 6, 5, 1), (2, 2), (2, 1)),
    ('stride 1 by 3', (1, 5, 8, 1), (2, 2), (1, 3)),
    ('2x2, stride 2, pixels left over', (1, 5, 7, 1), (2, 2), (2, 2)),
    ('3x3, stride 2, pixels left over', (1, 6, 8, 1), (3, 3), (2, 2)),
    ('three channels', (1, 4, 4, 3), (2, 2), (2, 2)),
    ('three examples', (3, 4, 4, 1), (2, 2), (2, 2)),
    ('examples and channels', (2, 6, 7, 3), (3, 2), (1, 2)),
    ('window as large as the image', (2, 3, 4, 2), (3, 4), (1, 1)),
    ('28x28', (1, 28, 28, 2), (3, 3), (2, 2)),
]


def gradient(A_prev, kernel, channels, padding, stride):
    """Return the text of a gradient, a number for each window and channel."""
    windows = A_prev[1:3] if padding == 'same' else loops.output_shape(
        A_prev[1:3], kernel, stride)
    return numbers((A_prev[0], *windows, channels), 3, 13, 6)


def conv_cases(backward):
    """Yield the cases of layers for task 0, or for task 2."""
    for layer in LAYERS + ODD_LAYERS:
        name, A_prev, kernel, c_new, padding, stride = layer
        parts = [numbers(A_prev), numbers(kernel + (A_prev[3], c_new), 5, 7,
                                          3),
                 numbers((1, 1, 1, c_new), 1, 9, -2)]
        if backward:
            parts.insert(0, gradient(*layer[1:]))
        else:
            parts.append('np.positive')
        yield Case(name, "conv_{}({}, padding='{}', stride={})".format(
            'backward' if backward else 'forward', ', '.join(parts), padding,
            stride), ODD if layer in ODD_LAYERS else '')


def pool_cases(backward):
    """Yield the cases of layers for task 1, or for task 3."""
    for (name, A_prev, kernel, stride), mode in itertools.product(
            POOLS, ('max', 'avg')):
        # no two pixels are equal: ties have cases of their own
        parts = [numbers(A_prev, 2971, 7919, 4000), str(kernel)]
        if backward:
            parts.insert(0, gradient(A_prev, kernel, A_prev[3], 'valid',
                                     stride))
        yield Case(f'{mode}, {name}',
                   f"pool_{'backward' if backward else 'forward'}("
                   f"{', '.join(parts)}, stride={stride}, mode='{mode}')")


IMAGE, KERNEL = numbers((1, 5, 5, 1)), numbers((3, 3, 1, 1), 5, 7, 3)
BIAS, GRADIENT = '-2. + np.ones((1, 1, 1, 1))', numbers((1, 5, 5, 1), 3, 13, 6)
SMALL = numbers((1, 2, 2, 1))
COUNTED = 'np.arange(16).reshape(1, 4, 4, 1) * 7 % 11 - 5'      # integers
TEN = f"X = np.load({DIGITS!r})['X_train'][..., None]\n"
ARGUMENTS = ', '.join((IMAGE, KERNEL, BIAS))
# (name, call, note) of the cases that are not about the layer's shape
OTHERS = {'0-conv_forward.py': [
    ('ReLU comes after the bias',
     f'conv_forward({ARGUMENTS}, lambda Z: np.maximum(Z, 0))'),
    ('padding and stride left out', f'conv_forward({ARGUMENTS}, np.positive)'),
    ('fractions', f'conv_forward(({IMAGE}) / 8, ({KERNEL}) / 16, ({BIAS}) / 4,'
     " np.positive, padding='valid')")],
    '1-pool_forward.py': [
    ('stride and mode left out', f'pool_forward({IMAGE}, (2, 2))'),
    ('avg, fractions', f"pool_forward(({IMAGE}) / 8, (2, 2), mode='avg')"),
    ('avg, integers', f"pool_forward({COUNTED}, (2, 2), (2, 2), 'avg')",
     INTEGERS)],
    '2-conv_backward.py': [
    ('padding and stride left out', f'conv_backward({GRADIENT}, {ARGUMENTS})'),
    ('fractions', f'conv_backward(({GRADIENT}) / 4, ({IMAGE}) / 8, '
     f'({KERNEL}) / 16, {BIAS})'),
    ("the course's driver", TEN + 'np.random.seed(0)\n'
     'W = np.random.randn(3, 3, 1, 2)\nb = np.random.randn(1, 1, 1, 2)\n'
     'dZ = np.random.randn(10, 26, 26, 2)\n'
     "conv_backward(dZ, X, W, b, padding='valid')")],
    '3-pool_backward.py': [
    ('stride and mode left out', 'pool_backward('
     f'{numbers((1, 4, 4, 1), 3, 13, 6)}, {IMAGE}, (2, 2))'),
    ('all pixels equal', f'pool_backward({SMALL}, np.ones((1, 4, 4, 1)), '
     '(2, 2), (2, 2))'),
    ('ties of windows that overlap', f'pool_backward({numbers((1, 3, 4, 2))}, '
     f'{numbers((1, 4, 5, 2), 7, 3, 1)}, (2, 2))'),
    ('ties at zero', f'pool_backward({SMALL}, '
     f'{numbers((1, 4, 4, 1), 7, 2, 0)}, (2, 2), (2, 2))'),
    ('max, integers', f'pool_backward(({SMALL}) / 8, {COUNTED}, (2, 2), '
     '(2, 2))', INTEGERS),
    ('avg, integers', f'pool_backward(({SMALL}) / 8, {COUNTED}, (2, 2), '
     "(2, 2), 'avg')", INTEGERS),
    ("the course's driver", TEN +
     'X = np.concatenate((X, 1 - X), axis=3)\nnp.random.seed(0)\n'
     'dA = np.random.randn(10, 9, 9, 2)\n'
     'pool_backward(dA, X, (3, 3), stride=(3, 3))')]}


@functools.lru_cache(None)
def cases(file):
    """Return the cases of one of the files of tasks 0 to 3."""
    layers = conv_cases if 'conv' in file else pool_cases
    return list(layers('backward' in file)) + [
        Case(*other) for other in OTHERS[file]]
