#!/usr/bin/env python3
"""Call the four functions with valid and invalid arguments for some time.

    tests/tools/fuzz.py MINUTES [SEED]

The idea: this file decides on its own, from the task's text alone, whether a
call can be right. If it can, the result must equal that of the nested loops.
If it cannot, the call must raise a TypeError or ValueError whose message
begins with the name of an argument. Hypothesis draws the calls, and shrinks a
call that breaks this rule.
"""
import argparse
import collections
import os
import re
import sys
import time
import warnings

import numpy as np
from hypothesis import HealthCheck, given, seed, settings, strategies as st

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import conftest  # noqa: E402, makes the task files importable
import loops  # noqa: E402
from test_properties import (DTYPES, MODES, conv_layers,  # noqa: E402
                             identity, nearly, pool_layers, wide)
from test_refusals import WRONG  # noqa: E402

FUNCTIONS = {name: getattr(__import__('{}-{}'.format(i, name)), name)
             for i, name in enumerate(('conv_forward', 'pool_forward',
                                       'conv_backward', 'pool_backward'))}
ANY_SIZE = st.integers(0, 7)
SHAPES = st.lists(ANY_SIZE, max_size=6).map(tuple)
calls = collections.Counter()


def is_array(array):
    """Say whether this is an array of real numbers with four dimensions."""
    return (isinstance(array, np.ndarray) and
            not isinstance(array, np.ma.MaskedArray) and array.ndim == 4 and
            array.dtype.kind in 'buif')


def is_pair(pair):
    """Say whether this is a tuple, list or array of two positive integers."""
    if isinstance(pair, np.ndarray):
        return (pair.shape == (2,) and pair.dtype.kind in 'iu' and
                (pair > 0).all())
    return (isinstance(pair, (tuple, list)) and len(pair) == 2 and all(
        isinstance(n, (int, np.integer)) and not isinstance(n, bool) and
        n >= 1 for n in pair))


def fits(A_prev, W=None, b=None, dZ=None, dA=None, padding=None, mode=None,
         kernel_shape=None, stride=None, activation=identity, conv=False,
         gradient=False):
    """Say whether a call can be right."""
    D = dZ if conv else dA
    if not (is_array(A_prev) and is_pair(stride) and callable(activation)):
        return False
    if gradient and not is_array(D):
        return False
    stride = tuple(map(int, stride))
    m, h, w, c = A_prev.shape
    word, words = (padding, ('same', 'valid')) if conv else (
        mode, ('max', 'avg'))
    if not isinstance(word, str) or word not in words:
        return False
    if conv:
        if not (is_array(W) and is_array(b) and W.size and
                W.shape[2] == c and b.shape == (1, 1, 1, W.shape[3])):
            return False
        kernel_shape, c_new = W.shape[:2], W.shape[3]
        if padding == 'same':
            h += sum(loops.pad_same(h, W.shape[0], stride[0]))
            w += sum(loops.pad_same(w, W.shape[1], stride[1]))
    elif not is_pair(kernel_shape) or c == 0:
        return False
    else:
        kernel_shape, c_new = tuple(map(int, kernel_shape)), c
    most = loops.output_shape((h, w), kernel_shape, stride)
    return 0 not in most and (not gradient or (
        D.shape[0] == m and D.shape[3] == c_new and
        0 < D.shape[1] <= most[0] and 0 < D.shape[2] <= most[1]))


@st.composite
def any_call(draw):
    """Draw a function's name and its arguments, some of them spoiled."""
    name = draw(st.sampled_from(sorted(FUNCTIONS)))
    if name.startswith('conv'):
        names = 'dZ', 'A_prev', 'W', 'b', 'padding', 'stride'
        arguments = dict(zip(names, draw(conv_layers(DTYPES))))
    else:
        names = 'dA', 'A_prev', 'kernel_shape', 'stride'
        arguments = dict(zip(names, draw(pool_layers(DTYPES))))
        arguments['mode'] = draw(MODES)
    if name == 'conv_forward':
        arguments['activation'] = identity
    if name.endswith('forward'):
        arguments.pop('dZ', arguments.pop('dA', None))
    for spoiled in draw(st.lists(st.sampled_from(sorted(arguments)),
                                 max_size=2)):
        value = arguments[spoiled]
        how = draw(st.integers(0, 4))
        if how == 4:
            arguments[spoiled] = (
                np.ma.masked_array(value) if isinstance(value, np.ndarray)
                else np.array(value) if isinstance(value, tuple)
                else np.bool_(True))
        elif how == 0 or not isinstance(value, np.ndarray):
            pairs = st.tuples(ANY_SIZE, ANY_SIZE)
            arguments[spoiled] = draw(
                st.sampled_from(WRONG[spoiled]) |
                (pairs if isinstance(value, tuple) else st.just(value)))
        elif how == 1:
            arguments[spoiled] = np.ones(draw(SHAPES), value.dtype)
        elif how == 2 and value.ndim == 4:
            shape = list(value.shape)
            shape[draw(st.integers(0, 3))] = draw(ANY_SIZE)
            arguments[spoiled] = np.ones(shape, value.dtype)
        elif value.dtype.kind == 'f' and value.size:
            value = value.copy()
            value.flat[draw(st.integers(0, value.size - 1))] = draw(
                st.sampled_from([np.nan, np.inf, -np.inf, -0.]))
            arguments[spoiled] = value
    return name, arguments


def definition(name, arguments):
    """Return what the definition gives, in float64, as a list."""
    pairs = 'stride', 'kernel_shape'
    # the one case in which dW depends on the dtype of A_prev
    rounded = 'dZ' in arguments and (
        arguments['A_prev'].dtype.char + arguments['dZ'].dtype.char == 'fd')
    arguments = {key: tuple(map(int, value)) if key in pairs
                 else wide(value) if isinstance(value, np.ndarray) else value
                 for key, value in arguments.items() if key != 'activation'}
    if rounded:
        arguments['A_prev'] = arguments['A_prev'].astype(np.float32)
    if name == 'conv_backward':
        del arguments['b']
    function = (conftest.defined_backward if name == 'conv_backward' else
                getattr(loops, name))
    result = function(**arguments)
    return list(result) if isinstance(result, tuple) else [result]


def check(name, arguments):
    """Make one call, and compare what happens with what must happen."""
    can_be_right = fits(conv=name.startswith('conv'),
                        gradient=name.endswith('backward'), **arguments)
    calls[name, can_be_right] += 1
    if not can_be_right:
        try:
            FUNCTIONS[name](**arguments)
        except (TypeError, ValueError) as error:
            assert re.match('({}) (is|has the shape) '.format(
                '|'.join(arguments)), str(error)), error
            return
        raise AssertionError('not refused')
    results = FUNCTIONS[name](**arguments)
    results = results if isinstance(results, tuple) else [results]
    sizes = {key: np.abs(np.where(np.isfinite(wide(value)), wide(value), 0))
             if isinstance(value, np.ndarray) and value.ndim == 4 else value
             for key, value in arguments.items()}
    if 'dA' in sizes:       # the same pixels must be chosen
        sizes['A_prev'] = arguments['A_prev']
    terms = sum(array.size for array in sizes.values()
                if isinstance(array, np.ndarray))
    for ours, theirs, size in zip(results, definition(name, arguments),
                                  definition(name, sizes)):
        size = np.where(np.isfinite(size), size, 0)
        odd = ~np.isfinite(theirs)
        np.testing.assert_array_equal(wide(ours)[odd], theirs[odd])
        nearly(np.where(odd, ours.dtype.type(0), ours),
               np.where(odd, 0, theirs), size, terms)


def main():
    """Fuzz until time is up; print how many calls were made."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('minutes', type=float)
    parser.add_argument('seed', type=int, nargs='?', default=0)
    args = parser.parse_args()
    warnings.simplefilter('ignore', RuntimeWarning)
    end, n = time.time() + 60 * args.minutes, args.seed
    while time.time() < end:
        print('seed', n, flush=True)

        @seed(n)
        @settings(max_examples=2000, deadline=None, database=None,
                  suppress_health_check=list(HealthCheck))
        @given(any_call())
        def run(call):
            """Check a call, or skip it once time is up."""
            if time.time() < end:
                check(*call)

        run()
        n += 1
    for (name, can_be_right), count in sorted(calls.items()):
        print('{:>14} {:>8} calls that {} be right'.format(
            name, count, 'can' if can_be_right else 'cannot'))
    print('{:>14} {:>8} calls'.format('in all', sum(calls.values())))


if __name__ == '__main__':
    main()
