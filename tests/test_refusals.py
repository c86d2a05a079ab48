#!/usr/bin/env python3
"""Invalid arguments are refused by name, before anything is computed."""
import inspect

import numpy as np
import pytest

from conftest import NAMES, function, results

CONV = {'A_prev': np.ones((2, 6, 5, 3)), 'W': np.ones((3, 2, 3, 4)),
        'b': np.ones((1, 1, 1, 4)), 'padding': 'valid', 'stride': (1, 1)}
POOL = {'A_prev': np.ones((2, 6, 5, 3)), 'kernel_shape': (3, 2),
        'stride': (1, 1), 'mode': 'max'}
# a valid call of each function
CALLS = {'conv_forward': dict(CONV, activation=np.abs), 'pool_forward': POOL,
         'conv_backward': dict(CONV, dZ=np.ones((2, 4, 4, 4))),
         'pool_backward': dict(POOL, dA=np.ones((2, 4, 4, 3)))}


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
        (4, 4, 4), (1, 4, 4, 4), (3, 4, 4, 4), (2, 4, 4, 3), (2, 5, 4, 4),
        (2, 4, 5, 4), (2, 0, 4, 4), (2, 4, 0, 4)),
    'dA': NO_ARRAY + zeros(
        (4, 4, 3), (1, 4, 4, 3), (3, 4, 4, 3), (2, 4, 4, 1), (2, 5, 4, 3),
        (2, 4, 5, 3), (2, 0, 4, 3), (2, 4, 0, 3)),
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
     'dZ has the shape (2, 9, 4, 4), expected at most (2, 4, 4, 4)'),
    ('dA', np.ones((2, 9, 4, 3)),
     'dA has the shape (2, 9, 4, 3), expected at most (2, 4, 4, 3)'),
    ('stride', (0, 2), 'stride is (0, 2), expected two positive integers'),
    ('kernel_shape', [2., 1],
     'kernel_shape is [2.0, 1], expected two positive integers'),
    ('kernel_shape', (7, 2),
     'kernel_shape is (7, 2), expected at most 6 x 5, the pixels of A_prev'),
    ('padding', 'full', "padding is 'full', expected 'same' or 'valid'"),
    ('mode', 'mean', "mode is 'mean', expected 'max' or 'avg'"),
    ('activation', 3, 'activation is 3, expected a function'),
]


@pytest.mark.parametrize('name', NAMES)
def test_defaults_are_the_tasks(name):
    """The default of each argument is that of the task."""
    expected = {'padding': 'same', 'stride': (1, 1), 'mode': 'max'}
    for key, parameter in inspect.signature(
            function(name)).parameters.items():
        assert parameter.default == expected.get(key, parameter.empty)


@pytest.mark.parametrize('name', NAMES)
@pytest.mark.parametrize('key', WRONG)
def test_each_wrong_argument_is_named(name, key):
    """The message begins with the argument; of two that do not fit, either."""
    if key not in CALLS[name]:
        return
    results(name, **CALLS[name])
    either = {'A_prev': 'A_prev|W|dZ|dA|kernel_shape', 'W': 'W|b|dZ',
              'kernel_shape': 'kernel_shape|dA'}.get(key, key)
    for value in WRONG[key]:
        with pytest.raises((TypeError, ValueError), match=(
                '^({}) (is|has the shape) .+, expected .+'.format(either))):
            results(name, **dict(CALLS[name], **{key: value}))


@pytest.mark.parametrize('name', NAMES)
def test_the_message_says_what_it_got_and_what_fits(name):
    """It is the same wherever that argument is taken."""
    for key, value, message in MESSAGES:
        if key in CALLS[name]:
            with pytest.raises((TypeError, ValueError)) as caught:
                results(name, **dict(CALLS[name], **{key: value}))
            assert str(caught.value) == message


@pytest.mark.parametrize('name', NAMES)
@pytest.mark.parametrize('pair', [
    [2, 1], np.array([2, 1]), np.array([2, 1], np.uint8),
    (np.int8(2), np.int64(1))])
def test_pairs_that_are_taken(name, pair):
    """A pair may be a tuple, list or array of two integers."""
    call = {key: value[:, :2] if key in ('dZ', 'dA') else value
            for key, value in CALLS[name].items()}
    pairs = {'stride', 'kernel_shape'} & set(call)
    np.testing.assert_equal(
        results(name, **dict(call, **dict.fromkeys(pairs, pair))),
        results(name, **dict(call, **dict.fromkeys(pairs, (2, 1)))))


@pytest.mark.parametrize('name', NAMES)
def test_no_examples_are_no_mistake(name):
    """An empty batch gives an empty result, of the same shape and dtype."""
    none = results(name, **{
        key: value[:0] if key in ('A_prev', 'dZ', 'dA') else value
        for key, value in CALLS[name].items()})
    some = results(name, **CALLS[name])
    assert none[0].shape == (0,) + some[0].shape[1:]
    assert not any(gradient.any() for gradient in none[1:])
    assert [array.dtype for array in none] == [array.dtype for array in some]


def test_nothing_is_done_before_a_refusal():
    """A refused call does not call the activation, which comes last."""
    def activation(Z):
        """Fail: a refused call must not get here."""
        raise AssertionError('called')
    with pytest.raises(ValueError, match='^stride'):
        results('conv_forward', **dict(
            CALLS['conv_forward'], activation=activation, stride=(1, 0)))


def test_a_kernel_larger_than_the_image_but_not_than_its_zeros():
    """'same' pads first: a 7x7 kernel fits a 2x2 image, as in the task."""
    Z, = results('conv_forward', A_prev=np.ones((1, 2, 2, 1)),
                 W=np.ones((7, 7, 1, 1)), b=np.zeros((1, 1, 1, 1)))
    np.testing.assert_array_equal(Z, np.full((1, 2, 2, 1), 4.))


@pytest.mark.parametrize('name', NAMES)
def test_a_stride_beyond_everything(name):
    """At a stride beyond the image, the first window is still there."""
    call = {key: value[:, :1, :1] if key in ('dZ', 'dA') else value
            for key, value in CALLS[name].items()}
    np.testing.assert_equal(
        results(name, **dict(call, stride=(6, 5))),
        results(name, **dict(call, stride=(10 ** 6, 2 ** 40))))


@pytest.mark.parametrize('name, key, c', [('conv_backward', 'dZ', 4),
                                          ('pool_backward', 'dA', 3)])
def test_one_position_too_many_at_a_longer_stride(name, key, c):
    """6 x 5 pixels have room for 2 x 2 windows of 3 x 2 at stride (2, 3)."""
    call = dict(CALLS[name], stride=(2, 3))
    results(name, **dict(call, **{key: np.ones((2, 2, 2, c))}))
    for shape in (2, 3, 2, c), (2, 2, 3, c):
        with pytest.raises(ValueError, match='^' + key):
            results(name, **dict(call, **{key: np.ones(shape)}))
