#!/usr/bin/env python3
"""Any call of files 0 to 3 is right, or refused by an argument's name.

First come wrong arguments, one at a time. Then Hypothesis draws any calls, and
this file decides from the task's text alone whether a call can be right. If it
can, the result must equal that of the plain loops. If it cannot, the call must
raise a TypeError or ValueError whose message begins with an argument's name.
Hypothesis shrinks a call that breaks this rule. `make test` prints the seed;
`make test SEED=...` draws the same calls. For an hour of them:

    PROPERTIES=hour python -m pytest tests/test_calls.py -k any_call
"""
import os
import re
import warnings

import numpy as np
import pytest
from hypothesis import (HealthCheck, Phase, event, given, settings,
                        strategies as st)

import loops
from conftest import NAMES, defined, results

CONV = {'A_prev': np.ones((2, 6, 5, 3)), 'W': np.ones((3, 2, 3, 4)),
        'b': np.ones((1, 1, 1, 4)), 'padding': 'valid', 'stride': (2, 3)}
POOL = {'A_prev': np.ones((2, 6, 5, 3)), 'kernel_shape': (3, 2),
        'stride': (2, 3), 'mode': 'max'}
# a valid call of each function; there is room for 2 x 2 windows
CALLS = {'conv_forward': dict(CONV, activation=np.abs), 'pool_forward': POOL,
         'conv_backward': dict(CONV, dZ=np.ones((2, 2, 2, 4))),
         'pool_backward': dict(POOL, dA=np.ones((2, 2, 2, 3)))}


class Tensor:
    """Looks like an array."""

    dtype, ndim, shape = np.dtype('f4'), 4, (1, 1, 1, 1)


def zeros(*shapes):
    """Return an array of zeros of each shape."""
    return [np.zeros(shape) for shape in shapes]


NO_ARRAY = [None, 3, 'text', [[[[1.0]]]], np.float64(1), Tensor(),
            np.ma.ones((2, 6, 5, 3)), np.ma.masked_less(np.ones(4), 2)]
NO_ARRAY += [np.full((2, 6, 5, 3), fill) for fill in (
    None, 'a', b'a', 1j, np.datetime64('2012-09-30'), np.timedelta64(1, 's'))]
NO_PAIR = [None, 1, (1,), (1, 1, 1), (0, 1), (1, -1), (1.0, 1), (1, '1'),
           'ab', np.float64(1), {1, 2}, (np.int64(1), None), (True, 1),
           (2, np.bool_(True)), np.array([True, True]), np.array(2),
           np.array([[2, 1]]), np.array([2., 1.]), np.array([2, 0]),
           (2, (1, 1))]
NO_WORD = [None, 3, 'SAME', 'full', '', ['same'], np.array(['max', 'avg'])]
# wrong values for each argument of the calls above
WRONG = {
    'A_prev': NO_ARRAY + zeros(
        (), (6, 5, 3), (2, 6, 5, 3, 1), (2, 2, 5, 3), (2, 6, 1, 3),
        (2, 0, 5, 3), (2, 6, 5, 0)),
    'W': NO_ARRAY + zeros(
        (3, 2, 3), (3, 2, 2, 4), (3, 2, 1, 4), (7, 2, 3, 4), (3, 6, 3, 4),
        (0, 2, 3, 4), (3, 0, 3, 4), (3, 2, 3, 0)),
    'b': NO_ARRAY + zeros(
        (4,), (1, 4), (1, 1, 1, 1), (1, 1, 1, 3), (4, 1, 1, 1), (2, 1, 1, 4)),
    'dZ': NO_ARRAY + zeros(
        (2, 2, 4), (1, 2, 2, 4), (3, 2, 2, 4), (2, 2, 2, 3), (2, 3, 2, 4),
        (2, 2, 3, 4), (2, 0, 2, 4), (2, 2, 0, 4)),
    'dA': NO_ARRAY + zeros(
        (2, 2, 3), (1, 2, 2, 3), (3, 2, 2, 3), (2, 2, 2, 1), (2, 3, 2, 3),
        (2, 2, 3, 3), (2, 0, 2, 3), (2, 2, 0, 3)),
    'stride': NO_PAIR,
    'kernel_shape': NO_PAIR + [(7, 2), (3, 6), (7, 6)],
    'padding': NO_WORD,
    'mode': NO_WORD,
    'activation': [None, 3, 'relu', np.ones(3)],
}
# the whole message, or its end
MESSAGES = [
    ('A_prev', 3., 'A_prev is a float, expected a plain numpy.ndarray'),
    ('A_prev', [1], 'A_prev is a list, expected a plain numpy.ndarray'),
    ('A_prev', Tensor(), 'A_prev is a Tensor, expected a plain numpy.ndarray'),
    ('A_prev', np.ma.ones((2, 6, 5, 3)),
     'A_prev is a MaskedArray, expected a plain numpy.ndarray'),
    ('A_prev', np.ones(3, complex),
     'A_prev is complex128, expected real numbers'),
    ('A_prev', np.ones((6, 5, 3)), 'A_prev has the shape (6, 5, 3), '
     'expected (m, h_prev, w_prev, c_prev)'),
    ('A_prev', np.ones((2, 0, 5, 3)), 'A_prev has the shape (2, 0, 5, 3), '
     'expected (m, h_prev, w_prev, c_prev), each at least 1'),
    ('W', np.ones((3, 2, 5, 4)),
     'W has the shape (3, 2, 5, 4), expected (kh, kw, 3, c_new)'),
    ('W', np.ones((7, 2, 3, 4)), 'W has the shape (7, 2, 3, 4), expected '
     'kernels no larger than A_prev, (2, 6, 5, 3)'),
    ('b', np.ones((1, 4)), 'b has the shape (1, 4), expected (1, 1, 1, 4)'),
    ('dZ', np.ones((2, 4, 4, 3)),
     'dZ has the shape (2, 4, 4, 3), expected (2, h_new, w_new, 4)'),
    ('dZ', np.ones((2, 9, 4, 4)),
     'dZ has the shape (2, 9, 4, 4), expected at most (2, 2, 2, 4)'),
    ('dA', np.ones((2, 9, 4, 3)),
     'dA has the shape (2, 9, 4, 3), expected at most (2, 2, 2, 3)'),
    ('stride', (0, 2), 'stride is (0, 2), expected two positive integers'),
    ('kernel_shape', [2., 1],
     'kernel_shape is [2.0, 1], expected two positive integers'),
    ('kernel_shape', (7, 2),
     'kernel_shape is (7, 2), expected at most 6 x 5, the pixels of A_prev'),
    ('padding', 'full', "padding is 'full', expected 'same' or 'valid'"),
    ('mode', 'mean', "mode is 'mean', expected 'max' or 'avg'"),
    ('activation', 3, 'activation is 3, expected a function'),
]


def too_early(Z):
    """Fail: a refused call does not call the activation, which comes last."""
    raise AssertionError('called')


@pytest.mark.parametrize('name, key', [
    (name, key) for name in NAMES for key in CALLS[name]])
def test_each_wrong_argument_is_named(name, key):
    """The message begins with the argument; of two that do not fit, either.
    """
    call = CALLS[name]
    results(name, **call)
    if 'activation' in call:
        call = dict(call, activation=too_early)
    either = {'A_prev': 'A_prev|W|dZ|dA|kernel_shape', 'W': 'W|b|dZ',
              'kernel_shape': 'kernel_shape|dA'}.get(key, key)
    for value in WRONG[key]:
        with pytest.raises((TypeError, ValueError), match=(
                f'^({either}) (is|has the shape) .+, expected .+')):
            results(name, **dict(call, **{key: value}))


@pytest.mark.parametrize('name', NAMES)
def test_the_message_says_what_it_got_and_what_fits(name):
    """It is the same wherever that argument is taken."""
    for key, value, message in MESSAGES:
        if key in CALLS[name]:
            with pytest.raises((TypeError, ValueError)) as caught:
                results(name, **dict(CALLS[name], **{key: value}))
            assert str(caught.value) == message


# no test may depend on how long an example takes; the phase that explains a
# failure is left out, because it traces every line of every example
settings.register_profile('here', max_examples=1000, deadline=None, phases=[
    Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink],
    suppress_health_check=list(HealthCheck))
# only finds out whether the property breaks
settings.register_profile('brief', settings.get_profile('here'),
                          max_examples=500, phases=[Phase.generate])
settings.register_profile('hour', settings.get_profile('here'),
                          max_examples=250000, database=None)
settings.load_profile(os.environ.get('PROPERTIES', 'here'))

SIZE, ANY_SIZE = st.integers(1, 5), st.integers(0, 7)
# memory layouts, and arrays that cannot be written to
LAYOUTS = {
    'fortran': np.asfortranarray,
    'channels reversed': lambda array: array[..., ::-1].copy()[..., ::-1],
    'rows reversed': lambda array: array[:, ::-1].copy()[:, ::-1],
    'every other column': lambda array: np.repeat(array, 2, 2)[:, :, ::2],
    'channels first': lambda array: np.moveaxis(
        np.moveaxis(array, 3, 1).copy(), 1, 3),
    'other byte order': lambda array: array.astype(
        array.dtype.newbyteorder()),
    'read-only': lambda array: np.frombuffer(
        array.tobytes(), array.dtype).reshape(array.shape)}
INTEGERS = ['uint8', 'uint64', 'int32', 'bool']
DTYPES = INTEGERS + ['float16', 'float32', 'float64', '>f4']


@st.composite
def arrays(draw, rng, dtypes, most, *shape):
    """Draw an array of numbers below `most`, with any memory layout."""
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    array = (rng.randn(*shape) if dtype.kind == 'f' and draw(st.booleans())
             else rng.randint(0, most, shape))
    return LAYOUTS[draw(st.sampled_from(sorted(LAYOUTS)))](array.astype(dtype))


@st.composite
def pairs(draw, *numbers):
    """Draw a tuple, list or array of two integers, Python's or NumPy's."""
    numbers = [draw(number) for number in numbers]
    integer = draw(st.sampled_from([int, np.int64, np.uint8, np.int8]))
    return draw(st.sampled_from([tuple, list, np.array]))(
        [integer(n) if n < 9 else n for n in numbers])


@st.composite
def right_calls(draw):
    """Draw a function's name, and arguments that fit it."""
    name = draw(st.sampled_from(NAMES))
    rng = np.random.RandomState(draw(st.integers(0, 2 ** 32 - 1)))
    kind = rng, DTYPES, 4           # many ties
    if draw(st.integers(0, 3)) == 0:
        kind = rng, [draw(st.sampled_from(INTEGERS))], 50   # larger sums
    m, kh, kw, c, c_new = (draw(size) for size in [st.integers(0, 5)] +
                           4 * [SIZE])
    conv = name.startswith('conv')
    padding = draw(st.sampled_from(['same', 'valid'])) if conv else 'valid'
    # no image can be padded with so many zeros
    step = SIZE if padding == 'same' else SIZE | st.just(2 ** 40)
    stride = draw(pairs(step, step))
    h, w = size = [draw(st.integers(1 if padding == 'same' else k, k + 7))
                   for k in (kh, kw)]
    arguments = {'A_prev': draw(arrays(*kind, m, h, w, c)), 'stride': stride}
    if conv:
        arguments.update(W=draw(arrays(*kind, kh, kw, c, c_new)),
                         b=draw(arrays(*kind, 1, 1, 1, c_new)),
                         padding=padding)
    else:
        arguments.update(kernel_shape=draw(pairs(st.just(kh), st.just(kw))),
                         mode=draw(st.sampled_from(['max', 'avg'])))
    new = size if padding == 'same' else loops.output_shape(
        size, (kh, kw), stride)
    if draw(st.booleans()):         # a gradient of the top left part
        new = [draw(st.integers(1, n)) for n in new]
    if name.endswith('backward'):
        arguments['dZ' if conv else 'dA'] = draw(
            arrays(*kind, m, *new, c_new if conv else c))
    elif conv:
        arguments['activation'] = np.positive
    return name, arguments


@st.composite
def any_calls(draw):
    """Draw a call, and spoil up to two of its arguments."""
    name, arguments = draw(right_calls())
    for spoiled in draw(st.lists(st.sampled_from(sorted(arguments)),
                                 max_size=2)):
        value, how = arguments[spoiled], draw(st.integers(0, 4))
        if spoiled in ('stride', 'kernel_shape'):
            value = draw(st.sampled_from(NO_PAIR) | pairs(ANY_SIZE, ANY_SIZE))
        elif how == 0 or not isinstance(value, np.ndarray):
            value = draw(st.sampled_from(WRONG[spoiled]))
        elif how == 4:
            value = np.ma.masked_array(value)
        elif how == 1:
            value = np.ones(draw(st.lists(ANY_SIZE, max_size=6)), value.dtype)
        elif how == 2 and value.ndim == 4:
            shape = list(value.shape)
            shape[draw(st.integers(0, 3))] = draw(ANY_SIZE)
            value = np.ones(shape, value.dtype)
        elif value.dtype.kind == 'f' and value.size:
            value = value.copy()
            value.flat[draw(st.integers(0, value.size - 1))] = draw(
                st.sampled_from([np.nan, np.inf, -np.inf, -0.]))
        arguments[spoiled] = value
    return name, arguments


def is_array(array):
    """Say whether this is an array of real numbers with four dimensions."""
    return (isinstance(array, np.ndarray) and array.ndim == 4 and
            not isinstance(array, np.ma.MaskedArray) and
            array.dtype.kind in 'buif')


def is_pair(pair):
    """Say whether this is a tuple, list or array of two positive integers."""
    if isinstance(pair, np.ndarray):
        return (pair.shape == (2,) and pair.dtype.kind in 'iu' and
                (pair > 0).all())
    return (isinstance(pair, (tuple, list)) and len(pair) == 2 and all(
        isinstance(n, (int, np.integer)) and not isinstance(n, bool) and
        n >= 1 for n in pair))


def fits(name, A_prev, stride, W=None, b=None, padding='valid', mode='max',
         kernel_shape=None, activation=np.positive, dZ=None, dA=None):
    """Say whether a call can be right."""
    conv, D = name.startswith('conv'), dZ if dA is None else dA
    if not (is_array(A_prev) and is_pair(stride) and callable(activation) and
            isinstance(padding, str) and padding in ('same', 'valid') and
            isinstance(mode, str) and mode in ('max', 'avg') and
            (is_array(W) and is_array(b) and W.size if conv else
             is_pair(kernel_shape))):
        return False
    m, h, w, c = A_prev.shape
    kernel, c_new = (W.shape[:2], W.shape[3]) if conv else (kernel_shape, c)
    if conv and (W.shape[2] != c or b.shape != (1, 1, 1, c_new)):
        return False
    most = [size if padding == 'same' else (size - int(k)) // int(s) + 1
            for size, k, s in zip((h, w), kernel, stride)]
    if min(most + [c]) < 1:
        return False
    return name.endswith('forward') or (
        is_array(D) and D.shape[::3] == (m, c_new) and
        0 < D.shape[1] <= most[0] and 0 < D.shape[2] <= most[1])


def expected_dtype(name, arguments):
    """Return the dtype of the results, as the docstrings say."""
    dtype = np.result_type(
        *filter(is_array, arguments.values())).newbyteorder('=')
    if dtype.kind == 'f' or (name == 'pool_forward' and
                             arguments['mode'] == 'max'):
        return dtype
    return np.result_type(dtype, 'f8' if arguments.get('mode') == 'avg'
                          else 'i8')


def check(name, arguments):
    """Compare the results with those of the plain loops.

    They may differ by one rounding for each term of a sum. `sizes` are the
    sums if no term is negative.
    """
    kept = {key: value.copy() for key, value in arguments.items()
            if is_array(value)}
    ours = results(name, **arguments)
    dtype = expected_dtype(name, arguments)
    for key, value in kept.items():
        np.testing.assert_array_equal(arguments[key], value)
        assert not any(np.may_share_memory(one, arguments[key])
                       for one in ours)
    sizes = {key: np.nan_to_num(np.abs(value.astype('f8')), posinf=0)
             for key, value in kept.items()}
    terms = [np.prod(arguments.get('kernel_shape', 1), dtype=int)]
    if 'W' in kept:
        W, dZ = arguments['W'], arguments.get('dZ')
        terms = [W[..., 0].size + 1] if dZ is None else [
            W[:, :, 0].size] + 2 * [dZ[..., 0].size]
    elif 'dA' in kept:
        sizes['A_prev'] = kept['A_prev']        # the same pixels are chosen
    elif arguments['mode'] == 'max':
        terms = [-2]                            # a maximum is exact
    eps = [float(np.finfo(dtype if dtype.kind == 'f' else 'f8').eps)] * 3
    if 'dZ' in kept and kept['A_prev'].dtype.char + kept[
            'dZ'].dtype.char == 'fd':
        eps[1] = float(np.finfo('f4').eps)      # products in dW are rounded
    for one, other, size, n, e in zip(
            ours, defined(name, **arguments),
            defined(name, **dict(arguments, **sizes)), terms, eps):
        assert one.shape == other.shape and one.dtype == dtype
        one, odd = one.astype('f8'), ~np.isfinite(other)
        np.testing.assert_array_equal(one[odd], other[odd])
        with np.errstate(invalid='ignore'):
            assert (odd | (abs(one - other) <= (n + 2) * e * size)).all()


# without coverage, as the tests of fixed layers run every line already
@pytest.mark.no_cover
@given(any_calls())
def test_any_call_is_right_or_refused(call):
    """Results are the definition's; a message names an argument."""
    name, arguments = call
    can_be_right = fits(name, **arguments)
    event(f"{name}, {'right' if can_be_right else 'refused'}")
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', RuntimeWarning)
        if can_be_right:
            check(name, arguments)
            return
        with pytest.raises((TypeError, ValueError)) as caught:
            results(name, **arguments)
    names = '|'.join(arguments)
    assert re.match(f'({names}) (is|has the shape) .+, expected ',
                    str(caught.value), re.DOTALL)
