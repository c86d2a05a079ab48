#!/usr/bin/env python3
"""Edge cases: infinity, NaN, float16, rounding, and shared windows."""
import warnings

import numpy as np
import pytest

from conftest import defined, results

ODD = pytest.mark.filterwarnings('ignore:invalid value:RuntimeWarning')


def same(name, **arguments):
    """Assert that results equal the definition's, NaN and infinity too."""
    ours, theirs = results(name, **arguments), defined(name, **arguments)
    for one, other in zip(ours, theirs):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-13)
    return theirs


def silently(name, **arguments):
    """Return results; there must be no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        return results(name, **arguments)


def test_no_warning_without_a_nan():
    """An infinite pixel makes all results infinite, and causes no warning."""
    arrays = {'A_prev': np.ones((1, 3, 3, 1)), 'W': np.ones((3, 3, 1, 1)),
              'b': np.zeros((1, 1, 1, 1))}
    arrays['A_prev'][0, 1, 1] = np.inf
    assert (silently('conv_forward', **arrays)[0] == np.inf).all()
    dA_prev, dW, _ = silently('conv_backward', dZ=arrays['A_prev'], **arrays)
    assert (dA_prev == np.inf).all() and (dW == np.inf).all()
    dA_prev, = silently('pool_backward', dA=np.full((1, 1, 1, 1), np.inf),
                        A_prev=np.arange(9.).reshape(1, 3, 3, 1),
                        kernel_shape=(3, 3))
    np.testing.assert_array_equal(dA_prev.ravel(), [0] * 8 + [np.inf])


@pytest.mark.parametrize('one, other', [(3e38, 3e38), (np.inf, -np.inf)])
def test_sums_across_the_end_of_a_row_are_silent(one, other):
    """No result has the sum of `one` and `other`; it causes no warning."""
    A_prev = np.ones((1, 2, 3, 1), 'f4')
    A_prev[0, 0, 2], A_prev[0, 1, 0] = one, other
    A, = silently('pool_forward', A_prev=A_prev, kernel_shape=(1, 2),
                  mode='avg')
    np.testing.assert_allclose(
        A.ravel(), [1, (1 + one) / 2, (1 + other) / 2, 1])


@pytest.mark.parametrize('nan', [[], [np.nan], [-np.nan]])
@pytest.mark.parametrize('dtype', ['f2', 'f4', 'f8', '>f4', 'i4'])
@pytest.mark.parametrize('shape, kernel_shape, stride', [
    ((2, 8, 8, 3), (2, 2), (2, 2)), ((2, 9, 7, 1), (3, 3), (2, 2)),
    ((2, 9, 7, 2), (3, 2), (1, 1)), ((1, 7, 60, 4), (3, 2), (3, 4))])
def test_maxima_of_odd_numbers(rng, shape, kernel_shape, stride, dtype, nan):
    """Zeros of both signs, the smallest numbers, infinity and NaN are data."""
    numbers = [0., -0., 1, -1, 2, -2, 6e-8, -6e-8, np.inf, -np.inf] + nan
    if dtype == 'i4':
        numbers = [0, 1, -1, 2, -2, 2 ** 31 - 1, -2 ** 31]
    call = {'A_prev': rng.choice(np.array(numbers, dtype), shape).astype(
        dtype), 'kernel_shape': kernel_shape, 'stride': stride, 'mode': 'max'}
    A, = same('pool_forward', **call)
    assert results('pool_forward', **call)[0].dtype.isnative
    same('pool_backward', dA=rng.randint(-9, 9, A.shape).astype(dtype), **call)


def test_float16_is_summed_in_float32(rng):
    """Sums of 0.1 do not drift, and sums of ones go beyond 2,048."""
    ones, W = np.ones((1, 12, 12, 1), 'f2'), np.full((11, 11, 1, 1), .1, 'f2')
    gradients = results('conv_backward', dZ=ones, A_prev=ones, W=W,
                        b=ones[:, :1, :1])
    # 121 times the float16 nearest to 0.1, rounded to float16
    assert gradients[0].max() == np.float16(121 * float(W[0, 0, 0, 0]))
    dA_prev, = results('pool_backward', dA=np.ones((1, 1, 4001, 1), 'f2'),
                       A_prev=np.ones((1, 1, 8000, 1), 'f2'),
                       kernel_shape=(1, 4000))
    assert dA_prev.max() == 4000
    arrays = {'A_prev': rng.rand(3, 40, 40, 4), 'W': rng.rand(5, 5, 4, 2),
              'b': np.zeros((1, 1, 1, 2))}
    arrays = {key: array.astype('f2') for key, array in arrays.items()}
    np.testing.assert_array_equal(
        results('conv_forward', **arrays)[0], results('conv_forward', **{
            key: array.astype(float) for key, array in arrays.items()})[
                0].astype('f2'))


def test_float16_averages():
    """They are right where a sum overflows, or float16 cannot count."""
    for value, size in (255, 28), (6e4, 2):
        A_prev = np.full((1, size, size, 1), value, 'f2')
        A, = silently('pool_forward', A_prev=A_prev, kernel_shape=(size, size),
                      mode='avg')
        assert A == A_prev[0, 0, 0, 0]
    A_prev = np.ones((1, 300, 300, 1), 'f2')
    dA_prev, = results('pool_backward', dA=A_prev[:, :1, :1], A_prev=A_prev,
                       kernel_shape=(300, 300), mode='avg')
    np.testing.assert_allclose(dA_prev, 1 / 90000, rtol=.01)


def test_nan_in_one_channel_of_float16_leaves_the_others(rng):
    """The other channels' gradients do not change by one bit."""
    dZ, A_prev = (rng.randn(6, 9, 9, c).astype('f2') for c in (4, 3))
    arrays = {'A_prev': A_prev, 'W': rng.randn(3, 3, 3, 4).astype('f2'),
              'b': np.zeros((1, 1, 1, 4), 'f2')}
    before = results('conv_backward', dZ=dZ, **arrays)[1:]
    dZ[2, 3, 4, 1] = np.nan
    for old, new in zip(before, results('conv_backward', dZ=dZ, **arrays)[1:]):
        assert np.isnan(new[..., 1]).all()
        np.testing.assert_array_equal(new[..., [0, 2, 3]], old[..., [0, 2, 3]])


def test_precision_is_that_of_the_result():
    """A float32 gradient is divided in float64 if the result is float64."""
    dA_prev, = results('pool_backward', dA=np.ones((1, 1, 1, 1), 'f4'),
                       A_prev=np.ones((1, 3, 1, 1)), kernel_shape=(3, 1),
                       mode='avg')
    np.testing.assert_array_equal(dA_prev, np.full((1, 3, 1, 1), 1 / 3))


@pytest.mark.parametrize('dtype, pixel, gradient, rounded', [
    ('f4', 1 / 3, 1 / 3, True), ('f4', 1e-3, 7e17, True),
    ('f4', 1e3, 1.1e-18, True), ('f4', 1 / 3, -7e17, True),
    ('f4', 1 / 3, 1.1e18, False), ('f4', 1 / 3, 0.9e-18, False),
    ('f4', 1 / 3, -1.1e18, False), ('f4', 1e20, 5e18, False),
    ('f4', 1e-30, 1e-20, False), ('f4', 1e30, 1e10, False),
    ('f2', 1 / 3, 1e5, False),
    ('f8', 1 / 3, 1 / 3, False), ('u1', 3, 1 / 3, False)])
def test_products_are_rounded_as_in_the_published_output(dtype, pixel,
                                                         gradient, rounded):
    """If A_prev is float32 and dZ float64, in dW, and if float32 holds them.

    Only the products are rounded: not their sum, and neither dA_prev nor db.
    """
    A_prev = np.full((1, 2, 1, 1), pixel).astype(dtype)
    dZ, W = gradient * np.array([[[[1.]], [[.7]]]]), np.full((1, 1, 1, 1), .1)
    dA_prev, dW, db = results('conv_backward', dZ=dZ, A_prev=A_prev, W=W, b=W)
    exact = A_prev.astype(float) * dZ
    products = A_prev * dZ.astype('f4') if rounded else exact
    assert dW == products.astype(float).sum()
    assert rounded == (dW != exact.sum())
    np.testing.assert_array_equal(dA_prev, dZ * W)
    assert db == dZ.sum()


@pytest.mark.parametrize('size', [1e39, -1e39, np.inf, np.nan])
@ODD
def test_one_number_that_float32_cannot_hold(rng, size):
    """It prevents all rounding, and no NaN hides it."""
    arrays = {'A_prev': rng.rand(9, 8, 7, 3).astype('f4'),
              'W': rng.randn(3, 2, 3, 4), 'b': rng.randn(1, 1, 1, 4)}
    dZ = rng.randn(9, 8, 7, 4)
    dZ[3, 2, 1, 0] = size
    same('conv_backward', dZ=dZ, padding='same', stride=(1, 1), **arrays)
    dZ[...], arrays['A_prev'][...] = 1e30, 1e30
    arrays['A_prev'][0, 0, 0, 0] = np.nan
    _, dW, _ = results('conv_backward', dZ=dZ, **arrays)
    np.testing.assert_allclose(dW[0, 0, 1, 0], 9 * 7 * 6 * 1e60, rtol=1e-6)


@pytest.mark.parametrize('c_new', [1, 2, 6, 16, 32, 64, 100])
def test_every_width_shares_windows_well(c_new):
    """At most a third more outputs are computed, even at prime widths."""
    sharing, W = __import__('0-conv_forward')._sharing, np.zeros(
        (3, 3, 1, c_new))
    for w_new in list(range(1, 140)) + [257, 509, 1021, 65537, 10 ** 7 + 19]:
        t = sharing(W, w_new, 1)
        assert (-(-w_new // t) * t - w_new) * 3 <= w_new
        assert 1 <= t <= min(w_new, 64)
        # enough columns for a fast product, if the row is long enough
        assert t * c_new >= min(7, w_new * c_new // 2)


@pytest.mark.parametrize('shape, w_new, sw, t', [
    ((3, 3, 1, 2), 26, 1, 13), ((5, 5, 1, 6), 28, 1, 7),
    ((5, 5, 6, 16), 10, 1, 5), ((3, 3, 1, 16), 61, 1, 1),
    ((3, 3, 64, 64), 56, 1, 1), ((7, 7, 3, 64), 112, 2, 2)])
def test_the_quickest_way_is_taken(shape, w_new, sw, t):
    """Few channels share wide windows, many do not; a copy may cost more."""
    sharing = __import__('0-conv_forward')._sharing
    assert sharing(np.zeros(shape), w_new, sw) == t


def test_bright_float16_images_keep_their_wide_windows():
    """They are finite, even if float16 cannot hold their sum."""
    is_finite = __import__('0-conv_forward')._is_finite
    assert is_finite(np.full((9, 40, 40, 1), 255, 'f2'))
