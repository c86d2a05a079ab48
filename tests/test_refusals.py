#!/usr/bin/env python3
"""Invalid arguments are refused by name; NaN and infinity are valid data."""
import inspect
import re
import warnings

import numpy as np
import pytest

import loops

conv_forward = __import__('0-conv_forward').conv_forward
pool_forward = __import__('1-pool_forward').pool_forward
conv_backward = __import__('2-conv_backward').conv_backward
pool_backward = __import__('3-pool_backward').pool_backward

CONV = {'A_prev': np.ones((2, 6, 5, 3)), 'W': np.ones((3, 2, 3, 4)),
        'b': np.ones((1, 1, 1, 4)), 'padding': 'valid', 'stride': (1, 1)}
POOL = {'A_prev': np.ones((2, 6, 5, 3)), 'kernel_shape': (3, 2),
        'stride': (1, 1), 'mode': 'max'}
# a valid call of each function
CALLS = {
    conv_forward: dict(CONV, activation=np.abs),
    conv_backward: dict(CONV, dZ=np.ones((2, 4, 4, 4))),
    pool_forward: POOL,
    pool_backward: dict(POOL, dA=np.ones((2, 4, 4, 3)))}

NO_ARRAY = [None, 3, 'text', [[[[1.0]]]], np.float64(1)]
NO_NUMBERS = [np.full((2, 6, 5, 3), fill) for fill in (
    None, 'a', b'a', 1j, np.datetime64('2012-09-30'), np.timedelta64(1))]
NO_PAIR = [None, 1, (1,), (1, 1, 1), (0, 1), (1, -1), (1.0, 1), (1, '1'),
           'ab', np.float64(1), {1, 2}, (np.int64(1), None)]
NO_WORD = [None, 3, 'SAME', 'full', '', ['same'], np.array(['max', 'avg'])]


def zeros(*shapes):
    """Return an array of zeros of each shape."""
    return [np.zeros(shape) for shape in shapes]


# wrong values for each argument of the calls above
WRONG = {
    'A_prev': NO_ARRAY + NO_NUMBERS + zeros(
        (), (6, 5, 3), (2, 6, 5, 3, 1), (2, 2, 5, 3), (2, 6, 1, 3),
        (2, 0, 5, 3), (2, 6, 5, 0)),
    'W': NO_ARRAY + NO_NUMBERS + zeros(
        (3, 2, 3), (3, 2, 2, 4), (3, 2, 1, 4), (7, 2, 3, 4), (3, 6, 3, 4),
        (0, 2, 3, 4), (3, 0, 3, 4), (3, 2, 3, 0)),
    'b': NO_ARRAY + NO_NUMBERS + zeros(
        (4,), (1, 4), (1, 1, 1, 1), (1, 1, 1, 3), (4, 1, 1, 1), (2, 1, 1, 4)),
    'dZ': NO_ARRAY + NO_NUMBERS + zeros(
        (4, 4, 4), (1, 4, 4, 4), (3, 4, 4, 4), (2, 4, 4, 3), (2, 5, 4, 4),
        (2, 4, 5, 4), (2, 0, 4, 4), (2, 4, 0, 4)),
    'dA': NO_ARRAY + NO_NUMBERS + zeros(
        (4, 4, 3), (1, 4, 4, 3), (3, 4, 4, 3), (2, 4, 4, 1), (2, 5, 4, 3),
        (2, 4, 5, 3), (2, 0, 4, 3), (2, 4, 0, 3)),
    'stride': NO_PAIR,
    'kernel_shape': NO_PAIR + [(7, 2), (3, 6), (7, 6)],
    'padding': NO_WORD,
    'mode': NO_WORD,
    'activation': [None, 3, 'relu', np.ones(3)],
}


@pytest.mark.parametrize('function', CALLS)
def test_defaults_are_the_tasks(function):
    """The default of each argument is that of the task."""
    expected = {'padding': 'same', 'stride': (1, 1), 'mode': 'max'}
    for name, parameter in inspect.signature(function).parameters.items():
        assert parameter.default == expected.get(name, parameter.empty)


@pytest.mark.parametrize('function', CALLS)
@pytest.mark.parametrize('name', WRONG)
def test_each_wrong_argument_is_named(function, name):
    """If one argument is wrong, the message begins with an argument's name.

    If two arguments do not fit each other, either may be named. The message
    says what the argument was and what was expected.
    """
    if name not in CALLS[function]:
        return
    function(**CALLS[function])
    either = {'A_prev': 'A_prev|W|dZ|dA|kernel_shape', 'W': 'W|b|dZ',
              'kernel_shape': 'kernel_shape|dA'}.get(name, name)
    for value in WRONG[name]:
        with pytest.raises((TypeError, ValueError), match=(
                '^({}) (is|has the shape) .+, expected .+'.format(either))):
            function(**dict(CALLS[function], **{name: value}))


@pytest.mark.parametrize('function', CALLS)
def test_the_message_says_what_it_got_and_what_fits(function):
    """The message shows both shapes, both numbers or both words."""
    wrong = {'A_prev': (np.ones((6, 5, 3)), '(6, 5, 3)', '(m, h_prev, w_prev'),
             'stride': ((0, 2), '(0, 2)', 'two positive integers'),
             'padding': ('full', "'full'", "'same' or 'valid'"),
             'mode': ('mean', "'mean'", "'max' or 'avg'"),
             'b': (np.ones((1, 4)), '(1, 4)', '(1, 1, 1, 4)'),
             'dZ': (np.ones((2, 9, 4, 4)), '(2, 9, 4, 4)', '(2, 4, 4, 4)'),
             'dA': (np.ones((2, 9, 4, 3)), '(2, 9, 4, 3)', '(2, 4, 4, 3)'),
             'kernel_shape': ((7, 2), '(7, 2)', '6 x 5'),
             'activation': (3, '3', 'a function')}
    cases = [(name,) + wrong[name] for name in set(wrong) &
             set(CALLS[function])]
    if 'mode' in CALLS[function]:
        cases.append(('A_prev', np.ones((2, 6, 5, 0)), '(2, 6, 5, 0)',
                      'each at least 1'))
    for name, value, got, expected in cases:
        with pytest.raises((TypeError, ValueError),
                           match=re.escape(got) + '.*expected.*' +
                           re.escape(expected)):
            function(**dict(CALLS[function], **{name: value}))


@pytest.mark.parametrize('function', CALLS)
def test_no_examples_are_no_mistake(function):
    """An empty batch gives an empty result, of the same shape and dtype."""
    of_examples = {'A_prev', 'dZ', 'dA'} & set(CALLS[function])
    found, expected = [function(**dict(CALLS[function], **{
        name: CALLS[function][name][:m] for name in of_examples}))
        for m in (0, 2)]
    if function is conv_backward:
        assert not found[1].any() and not found[2].any()
        found, expected = found[0], expected[0]
    assert found.shape == (0,) + expected.shape[1:]
    assert found.dtype == expected.dtype


def test_nothing_is_done_before_a_refusal():
    """A refused call does not call the activation, which comes last."""
    def activation(Z):
        """Fail: a refused call must not get here."""
        raise AssertionError('called')
    with pytest.raises(ValueError, match='^stride'):
        conv_forward(**dict(CALLS[conv_forward], activation=activation,
                            stride=(1, 0)))


def test_a_kernel_larger_than_the_image_but_not_than_its_zeros():
    """'same' pads first: a 7x7 kernel fits a 2x2 image, as in the task."""
    A_prev, W, b = np.ones((1, 2, 2, 1)), np.ones((7, 7, 1, 1)), np.zeros(
        (1, 1, 1, 1))
    Z = conv_forward(A_prev, W, b, np.abs, 'same')
    np.testing.assert_array_equal(Z, np.full((1, 2, 2, 1), 4.))


SPECIAL = pytest.mark.parametrize('special', [np.nan, np.inf, -np.inf])
# stride (3, 2) needs an odd number of zeros; with c_new = 2, windows are wide
LAYERS = pytest.mark.parametrize('padding, stride', [
    ('valid', (1, 1)), ('same', (1, 1)), ('same', (3, 2)), ('valid', (2, 3))])


@SPECIAL
@LAYERS
@pytest.mark.parametrize('where', ['A_prev', 'W', 'b'])
@pytest.mark.filterwarnings('ignore:invalid value:RuntimeWarning')
def test_conv_forward_passes_them_through(rng, special, padding, stride,
                                          where):
    """NaN and infinity reach only the outputs that depend on them."""
    arrays = {'A_prev': rng.rand(2, 8, 9, 2), 'W': rng.rand(3, 2, 2, 2),
              'b': rng.rand(1, 1, 1, 2)}
    arrays[where].ravel()[arrays[where].size // 2] = special
    ours = conv_forward(activation=lambda Z: Z, padding=padding,
                        stride=stride, **arrays)
    theirs = loops.conv_forward(padding=padding, stride=stride, **arrays)
    assert not np.isfinite(theirs).all()
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@SPECIAL
@LAYERS
@pytest.mark.parametrize('where', ['dZ', 'A_prev', 'W'])
@pytest.mark.filterwarnings('ignore:invalid value:RuntimeWarning')
def test_conv_backward_passes_them_through(rng, special, padding, stride,
                                           where):
    """NaN and infinity reach only the gradients that depend on them."""
    arrays = {'A_prev': rng.rand(2, 8, 9, 2), 'W': rng.rand(3, 2, 2, 2)}
    arrays['dZ'] = rng.rand(*loops.conv_forward(
        b=np.zeros((1, 1, 1, 2)), padding=padding, stride=stride,
        **arrays).shape)
    # in the last example, so that later examples cannot hide a mistake
    arrays[where].ravel()[-arrays[where].size // 4] = special
    ours = conv_backward(b=np.zeros((1, 1, 1, 2)), padding=padding,
                         stride=stride, **arrays)
    theirs = loops.conv_backward(padding=padding, stride=stride, **arrays)
    assert not all(np.isfinite(gradient).all() for gradient in theirs)
    for our, their in zip(ours, theirs):
        np.testing.assert_allclose(our, their, rtol=1e-12)


@SPECIAL
@pytest.mark.parametrize('mode', ['max', 'avg'])
@pytest.mark.parametrize('kernel_shape, stride', [
    ((2, 2), (2, 2)), ((3, 2), (1, 1)), ((2, 3), (3, 1))])
def test_pool_forward_passes_them_through(rng, special, mode, kernel_shape,
                                          stride):
    """A window that holds NaN gives NaN, as numpy.max and numpy.mean do."""
    A_prev = rng.randn(2, 7, 8, 3)
    A_prev[0, 3, -1, 1] = special
    # a sum across the end of a row would meet its opposite; this must not
    # cause a warning
    A_prev[0, 4, 0, 1] = -special
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        A = pool_forward(A_prev, kernel_shape, stride, mode)
    np.testing.assert_allclose(
        A, loops.pool_forward(A_prev, kernel_shape, stride, mode),
        rtol=1e-12)


def test_a_sum_across_the_end_of_a_row_may_overflow_in_silence():
    """Unused results cause no warning."""
    A_prev = np.full((1, 2, 3, 1), np.finfo('f4').max / 2, 'f4')
    A_prev[0, :, 1] = 1
    A_prev[0, 0, 2] = A_prev[0, 1, 0] = np.finfo('f4').max
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        A = pool_forward(A_prev, (1, 2), (1, 1), 'avg')
    assert np.isfinite(A).all()


@SPECIAL
@pytest.mark.parametrize('mode, where', [
    ('max', 'dA'), ('max', 'A_prev'), ('avg', 'dA')])
@pytest.mark.parametrize('kernel_shape, stride', [
    ((2, 2), (2, 2)), ((3, 2), (1, 1)), ((2, 3), (3, 1))])
@pytest.mark.filterwarnings('ignore:invalid value:RuntimeWarning')
def test_pool_backward_passes_them_through(rng, special, mode, where,
                                           kernel_shape, stride):
    """They reach only the maximum; NaN equals nothing, so it gets no gradient.
    """
    A_prev = rng.randn(2, 7, 8, 3)
    dA = rng.randn(*pool_forward(A_prev, kernel_shape, stride).shape)
    {'dA': dA, 'A_prev': A_prev}[where][1, 1, 3, 0] = special
    theirs = loops.pool_backward(dA, A_prev, kernel_shape, stride, mode)
    assert where == 'A_prev' or not np.isfinite(theirs).all()
    np.testing.assert_allclose(
        pool_backward(dA, A_prev, kernel_shape, stride, mode), theirs,
        rtol=1e-12)


def test_an_average_does_not_overflow_where_its_sum_would():
    """The sum of 784 pixels of 255 overflows float16; the average does not.
    """
    A_prev = np.full((1, 28, 28, 1), 255, np.float16)
    A = pool_forward(A_prev, (28, 28), (1, 1), 'avg')
    assert A.dtype == np.float16 and A[0, 0, 0, 0] == 255


@pytest.mark.parametrize('function', CALLS)
def test_a_stride_beyond_everything(function):
    """At a stride beyond the image, the first window is still there."""
    call = {key: value for key, value in CALLS[function].items()
            if key not in ('dZ', 'dA')}
    if function in (conv_backward, pool_backward):
        last = 4 if function is conv_backward else 3
        call['dZ' if last == 4 else 'dA'] = np.ones((2, 1, 1, last))
    near, far = (function(**dict(call, stride=stride))
                 for stride in ((6, 5), (10 ** 6, 2 ** 40)))
    np.testing.assert_equal(near, far)


@pytest.mark.parametrize('function', [conv_backward, pool_backward])
def test_one_position_too_many_at_a_longer_stride(function):
    """6 x 5 pixels have room for 2 x 2 windows of 3 x 2 at stride (2, 3)."""
    name, c = ('dZ', 4) if function is conv_backward else ('dA', 3)
    call = dict(CALLS[function], stride=(2, 3))
    function(**dict(call, **{name: np.ones((2, 2, 2, c))}))
    for shape in (2, 3, 2, c), (2, 2, 3, c):
        with pytest.raises(ValueError, match='^' + name):
            function(**dict(call, **{name: np.ones(shape)}))
