#!/usr/bin/env python3
"""Edge cases: results are right, memory small, other examples undisturbed."""
import tracemalloc
import warnings

import numpy as np
import pytest

import loops

module = __import__('0-conv_forward')
conv_forward = module.conv_forward
pool_forward = __import__('1-pool_forward').pool_forward
conv_backward = __import__('2-conv_backward').conv_backward
pool_backward = __import__('3-pool_backward').pool_backward

MIB = 2 ** 20


def identity(Z):
    """Return Z unchanged: an activation that hides nothing."""
    return Z


def beyond(call):
    """Return the peak memory of a call, without its result, in MiB."""
    tracemalloc.start()
    result = call()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    results = result if isinstance(result, tuple) else (result,)
    return (peak - sum(array.nbytes for array in results)) / MIB


def silently(call):
    """Return what a call returns; it must not warn."""
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        return call()


@pytest.fixture
def layer(rng):
    """Return dZ, A_prev, W, b of a 'same' layer with wide windows."""
    return (rng.randn(300, 28, 28, 2), rng.randn(300, 28, 28, 1),
            rng.randn(3, 3, 1, 2), rng.randn(1, 1, 1, 2))


@pytest.mark.parametrize('mask', [False, True])
def test_masked_arrays_are_refused(rng, mask):
    """Masked arrays are refused, because the functions would ignore the mask.
    """
    A_prev = np.ma.masked_invalid(np.array(
        [1, 1, 1, np.nan if mask else 1]).reshape(1, 1, 4, 1))
    W, b = np.ones((1, 1, 1, 1)), np.zeros((1, 1, 1, 1))
    plain = np.ones((1, 1, 4, 1))
    for name, call in (
            ('A_prev', lambda: conv_forward(A_prev, W, b, identity)),
            ('A_prev', lambda: pool_forward(A_prev, (1, 1))),
            ('A_prev', lambda: conv_backward(plain, A_prev, W, b)),
            ('dZ', lambda: conv_backward(A_prev, plain, W, b)),
            ('A_prev', lambda: pool_backward(plain, A_prev, (1, 1))),
            ('dA', lambda: pool_backward(A_prev, plain, (1, 1)))):
        with pytest.raises(TypeError, match='^{} is a MaskedArray, '
                           'expected a plain'.format(name)):
            call()


@pytest.mark.parametrize('special', [np.nan, np.inf, -np.inf])
def test_one_infinite_pixel_changes_no_other_example(layer, special):
    """The other examples stay the same, forward and backward."""
    dZ, A_prev, W, b = layer
    found = []
    for i in range(2):
        found.append((conv_forward(A_prev, W, b, identity),
                      conv_backward(dZ, A_prev, W, b)[0]))
        A_prev, dZ = A_prev.copy(), dZ.copy()
        A_prev[77, 3, 4, 0] = dZ[99, 5, 6, 1] = special
    others = np.arange(300) != 77
    np.testing.assert_allclose(found[0][0][others], found[1][0][others],
                               rtol=1e-11, atol=1e-13)
    assert np.isfinite(found[1][0][77]).sum() == 2 * (28 * 28 - 9)
    # of example 77 only A_prev changed, which dA_prev does not depend on
    others = ~np.isin(np.arange(300), [77, 99])
    np.testing.assert_allclose(found[0][1][77], found[1][1][77], rtol=1e-11,
                               atol=1e-13)
    np.testing.assert_allclose(found[0][1][others], found[1][1][others],
                               rtol=1e-11, atol=1e-13)
    assert np.isfinite(found[1][1][99]).sum() == 28 * 28 - 9


@pytest.mark.parametrize('special', [np.nan, np.inf])
@pytest.mark.parametrize('k, c_prev, c_new', [(3, 64, 64), (3, 16, 8),
                                              (9, 30, 8)])
def test_one_infinite_gradient_among_many_channels(rng, k, c_prev, c_new,
                                                   special):
    """It reaches the pixels of its window, and changes no other example."""
    dZ, A_prev = rng.randn(5, 8, 22, c_new), rng.randn(5, 8, 22, c_prev)
    W, b = rng.randn(k, k, c_prev, c_new), np.zeros((1, 1, 1, c_new))
    before = conv_backward(dZ, A_prev, W, b)[0]
    dZ[2, 4, 10, 5] = special
    after = conv_backward(dZ, A_prev, W, b)[0]
    others = np.arange(5) != 2
    np.testing.assert_allclose(before[others], after[others], rtol=1e-12,
                               atol=1e-12)
    window = np.zeros((8, 22), bool)
    window[4 - k // 2:5 + k // 2, 10 - k // 2:11 + k // 2] = True
    assert not np.isfinite(after[2][window]).any()
    np.testing.assert_allclose(after[2][~window], before[2][~window],
                               rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize('c_prev, c_new', [(64, 64), (16, 8)])
def test_one_infinite_weight_among_many_channels(rng, c_prev, c_new):
    """It reaches only pixels that met it: not those beside the zeros."""
    dZ, A_prev = rng.rand(1, 4, 4, c_new), rng.rand(1, 4, 4, c_prev)
    W, b = rng.rand(3, 3, c_prev, c_new), np.zeros((1, 1, 1, c_new))
    W[0, 0, 1, 2] = np.inf
    dA_prev = conv_backward(dZ, A_prev, W, b)[0]
    assert not np.isnan(dA_prev).any()
    assert np.isinf(dA_prev[0, :3, :3, 1]).all()
    assert np.isinf(dA_prev).sum() == 9


def count_products(monkeypatch, call):
    """Return how many multiplications np.matmul makes during a call."""
    count, matmul = [0], np.matmul

    def counting(a, b, **how):
        """Multiply, and count."""
        count[0] += a.shape[0] * a.shape[1] * b.shape[1]
        return matmul(a, b, **how)

    monkeypatch.setattr(np, 'matmul', counting)
    call()
    monkeypatch.undo()
    return count[0]


def test_float16_is_summed_in_float32(rng):
    """Sums of 0.1 do not drift, and sums of ones go beyond 2,048."""
    ones = np.ones((1, 12, 12, 1), np.float16)
    W = np.full((11, 11, 1, 1), .1, np.float16)
    dA_prev, dW, db = conv_backward(ones, ones, W, np.zeros(
        (1, 1, 1, 1), np.float16))
    assert dA_prev.dtype == dW.dtype == db.dtype == np.float16
    # 121 times the float16 nearest to 0.1, rounded to float16
    assert dA_prev.max() == np.float16(121 * float(W[0, 0, 0, 0]))
    dA_prev = pool_backward(np.ones((1, 1, 4001, 1), np.float16),
                            np.ones((1, 1, 8000, 1), np.float16), (1, 4000))
    assert dA_prev.dtype == np.float16 and dA_prev.max() == 4000
    A_prev = rng.rand(3, 40, 40, 4).astype(np.float16)
    W, b = rng.rand(5, 5, 4, 2).astype(np.float16), np.zeros(
        (1, 1, 1, 2), np.float16)
    Z = conv_forward(A_prev, W, b, identity)
    exact = conv_forward(*(x.astype(float) for x in (A_prev, W, b)), identity)
    np.testing.assert_array_equal(Z, exact.astype(np.float16))


def test_bright_float16_images_keep_their_wide_windows(monkeypatch):
    """The images are finite, even if float16 cannot hold their sum."""
    A_prev = np.full((9, 40, 40, 1), 255, np.float16)
    W, b = np.ones((3, 3, 1, 2), 'f4'), np.zeros((1, 1, 1, 2), 'f4')
    assert count_products(
        monkeypatch, lambda: conv_forward(A_prev, W, b, identity)
    ) == count_products(
        monkeypatch, lambda: conv_forward(A_prev / 255, W, b, identity))


@pytest.mark.parametrize('mode', ['max', 'avg'])
@pytest.mark.parametrize('shape, kernel_shape', [
    ((1, 1, 8000, 1), (1, 8000)), ((1, 8000, 1, 1), (8000, 1)),
    ((1, 1, 8000, 1), (1, 4000)), ((2, 224, 224, 8), (224, 224))])
def test_long_windows_need_no_table(rng, shape, kernel_shape, mode):
    """Both passes need no more memory than a few images take."""
    A_prev = rng.rand(*shape)
    A = pool_forward(A_prev, kernel_shape, mode=mode)
    dA = rng.rand(*A.shape)
    most = 1 + 4 * A_prev.nbytes / MIB
    assert beyond(lambda: pool_forward(A_prev, kernel_shape, mode=mode)) < most
    assert beyond(lambda: pool_backward(dA, A_prev, kernel_shape,
                                        mode=mode)) < most
    np.testing.assert_allclose(A, loops.pool_forward(
        A_prev, kernel_shape, (1, 1), mode), rtol=1e-12)


@pytest.mark.parametrize('mode', ['max', 'avg'])
@pytest.mark.parametrize('kernel_shape, stride', [
    ((2, 2), (2, 2)), ((3, 3), (1, 1)), ((2, 2), (3, 3))])
def test_pooling_needs_a_few_mebibytes(mode, kernel_shape, stride):
    """Many images go in blocks."""
    A_prev = np.zeros((4000, 28, 28, 2), 'f4')
    dA = pool_forward(A_prev, kernel_shape, stride, mode)
    assert beyond(lambda: pool_forward(
        A_prev, kernel_shape, stride, mode)) < 10
    assert beyond(lambda: pool_backward(
        dA, A_prev, kernel_shape, stride, mode)) < 10


@pytest.mark.parametrize('c_new', [1, 2, 6, 16, 32, 64, 100])
def test_every_width_shares_windows_well(c_new):
    """At most a third more outputs are computed, even at prime widths."""
    W = np.zeros((3, 3, 1, c_new))
    for w_new in list(range(1, 140)) + [257, 509, 1021, 65537, 10 ** 7 + 19]:
        t = module._sharing(W, w_new, 1)
        assert (-(-w_new // t) * t - w_new) * 3 <= w_new
        assert 1 <= t <= min(w_new, 64)
        # enough columns for a fast product, if the row is long enough
        assert t * c_new >= min(7, w_new * c_new // 2)


@pytest.mark.parametrize('kernels', [1, 64])
@pytest.mark.parametrize('dtype', ['f4', 'i2'])
def test_one_long_row(rng, kernels, dtype):
    """A row that is larger than a block is split, so 64 MiB are enough."""
    A_prev = rng.randint(0, 9, (1, 1, 1000003, 1)).astype(dtype)
    W = rng.randint(0, 9, (1, 101, 1, kernels)).astype(dtype)
    b = np.zeros((1, 1, 1, kernels), dtype)
    Z = conv_forward(A_prev[:, :, :100], W, b, identity)
    assert beyond(lambda: conv_forward(A_prev, W[..., :1], b[..., :1],
                                       identity)) < 64
    long = conv_forward(A_prev[:, :, :100003], W, b, identity)
    np.testing.assert_array_equal(long[:, :, :50], Z[:, :, :50])
    middle = conv_forward(A_prev[:, :, 49950:50151], W, b, identity, 'valid')
    np.testing.assert_array_equal(long[:, :, 50000:50101], middle)


def test_one_long_row_backward(rng):
    """Backward, a long row is split as well, so 64 MiB are enough."""
    A_prev = rng.rand(1, 1, 1000003, 1).astype('f4')
    W, b = rng.rand(1, 101, 1, 1).astype('f4'), np.zeros((1, 1, 1, 1), 'f4')
    dZ = np.zeros(A_prev.shape, 'f4')
    dZ[0, 0, ::50000] = 1
    assert beyond(lambda: conv_backward(dZ, A_prev, W, b)) < 64
    dA_prev, dW, db = conv_backward(dZ, A_prev, W, b)
    assert db[0, 0, 0, 0] == 21
    np.testing.assert_allclose(dA_prev[0, 0, 49950:50051, 0], W[0, :, 0, 0])
    seen = [np.pad(A_prev[0, 0, :, 0], 50, 'constant')[x:x + 101]
            for x in range(0, 1000003, 50000)]
    np.testing.assert_allclose(dW[0, :, 0, 0], sum(seen), rtol=1e-5)


def test_same_with_a_large_stride(rng):
    """Nearly all windows see zeros; memory holds one padded image at a time.
    """
    dZ, A_prev = rng.rand(10, 28, 28, 1), rng.rand(10, 28, 28, 1)
    W, b = rng.rand(3, 3, 1, 1), rng.rand(1, 1, 1, 1)
    how = 'same', (100, 100)
    assert beyond(lambda: conv_forward(A_prev, W, b, identity, *how)) < 70
    assert beyond(lambda: conv_backward(dZ, A_prev, W, b, *how)) < 140
    one = np.s_[:1]
    np.testing.assert_allclose(
        conv_forward(A_prev, W, b, identity, *how)[one],
        loops.conv_forward(A_prev[one], W, b, *how))


def test_no_warning_without_a_nan():
    """An infinite pixel makes all results infinite, and causes no warning."""
    A_prev = np.ones((1, 3, 3, 1))
    A_prev[0, 1, 1] = np.inf
    W, b = np.ones((3, 3, 1, 1)), np.zeros((1, 1, 1, 1))
    Z = silently(lambda: conv_forward(A_prev, W, b, identity))
    assert (Z == np.inf).all()
    dA_prev, dW, _ = silently(lambda: conv_backward(A_prev, A_prev, W, b))
    assert (dA_prev == np.inf).all() and (dW == np.inf).all()


def test_a_float16_average_does_not_overflow():
    """An average is right, even if the sum of its four pixels overflows."""
    A_prev = np.full((2, 4, 4, 1), 6e4, 'f2')
    A = silently(lambda: pool_forward(A_prev, (2, 2), mode='avg'))
    assert A.dtype == 'f2' and (A == A_prev[0, 0, 0, 0]).all()


@pytest.mark.parametrize('value, words', [
    (np.float64(.5), 'is a float64, expected a plain numpy.ndarray'),
    ([1.], 'is a list, expected a plain numpy.ndarray'),
    (np.ones((1, 2, 2, 1), complex), 'is complex128, expected real numbers'),
    (np.ones((2, 0, 5, 1)), r'has the shape \(2, 0, 5, 1\), .* at least 1$'),
    (np.ones((2, 5, 0, 1)), r'has the shape \(2, 5, 0, 1\), .* at least 1$'),
])
def test_the_message_names_what_is_wrong(value, words):
    """The message names the argument, what it got, and no other argument."""
    W = np.ones((1, 1, 1, 1))
    for call in (lambda: conv_forward(value, W, W, identity),
                 lambda: conv_forward(value, W, W, identity, 'valid'),
                 lambda: pool_forward(value, (1, 1)),
                 lambda: conv_backward(W, value, W, W),
                 lambda: pool_backward(W, value, (1, 1))):
        with pytest.raises((TypeError, ValueError), match='^A_prev ' + words):
            call()


def test_a_foreign_array_is_named():
    """The message gives the type, such as Tensor, not the dtype."""
    class Tensor:
        """Looks like an array."""

        dtype, ndim, shape = np.dtype('f4'), 4, (1, 1, 1, 1)

    with pytest.raises(TypeError, match='^A_prev is a Tensor, expected a '):
        pool_forward(Tensor(), (1, 1))


@pytest.mark.parametrize('pair', [
    (2, 1), [2, 1], np.array([2, 1]), np.array([2, 1], np.uint8),
    (np.int8(2), np.int64(1))])
def test_pairs_that_are_taken(rng, pair):
    """A pair may be a tuple, list or array of two integers."""
    A_prev, W, b = rng.rand(2, 6, 5, 1), rng.rand(2, 2, 1, 3), rng.rand(
        1, 1, 1, 3)
    np.testing.assert_array_equal(
        conv_forward(A_prev, W, b, identity, 'valid', pair),
        conv_forward(A_prev, W, b, identity, 'valid', (2, 1)))
    np.testing.assert_array_equal(pool_forward(A_prev, pair, pair),
                                  pool_forward(A_prev, (2, 1), (2, 1)))


@pytest.mark.parametrize('pair', [
    (True, 1), (2, np.bool_(True)), np.array([True, True]), np.array(2),
    np.array([[2, 1]]), np.array([2., 1.]), np.array([2, 0]), (2, (1, 1))])
def test_pairs_that_are_refused(pair):
    """Bools are refused, too, although Python counts them as integers."""
    A_prev, W = np.ones((2, 6, 5, 1)), np.ones((1, 1, 1, 1))
    with pytest.raises(ValueError, match='^stride is .*, expected two posi'):
        conv_forward(A_prev, W, W, identity, 'valid', pair)
    with pytest.raises(ValueError, match='^kernel_shape is .*, expected two'):
        pool_forward(A_prev, pair)


def test_large_unsigned_integers(rng):
    """uint64 is summed as float64, NumPy's common dtype of it and int64."""
    A_prev = rng.randint(0, 9, (1, 4, 4, 1)).astype(np.uint64)
    W = np.ones((2, 2, 1, 1), np.uint64)
    assert conv_forward(A_prev, W, W[:1, :1], identity).dtype == np.float64


@pytest.mark.parametrize('mode', ['max', 'avg'])
@pytest.mark.parametrize('shape, kernel_shape, stride', [
    ((3, 7, 7, 512), (7, 7), (1, 1)), ((3, 9, 7, 512), (7, 7), (1, 2)),
    ((4, 2, 1250, 1), (2, 2), (1, 1)), ((4, 3, 40, 64), (3, 3), (1, 1)),
    ((4, 9, 40, 64), (8, 2), (2, 1)), ((4, 9, 40, 64), (1, 2), (2, 3)),
    ((4, 9, 40, 64), (3, 1), (4, 3)), ((3, 13, 9, 300), (5, 2), (3, 1)),
    ((2, 40, 60, 128), (3, 3), (4, 9))])
def test_long_rows_of_several_images(rng, shape, kernel_shape, stride, mode):
    """Blocks of several images are right, with rows combined at once or not.
    """
    A_prev = rng.randint(0, 9, shape).astype(float)
    A = pool_forward(A_prev, kernel_shape, stride, mode)
    dA = rng.rand(*A.shape)
    np.testing.assert_allclose(
        A, loops.pool_forward(A_prev, kernel_shape, stride, mode), rtol=1e-12)
    np.testing.assert_allclose(
        pool_backward(dA, A_prev, kernel_shape, stride, mode),
        loops.pool_backward(dA, A_prev, kernel_shape, stride, mode),
        rtol=1e-12)


@pytest.mark.parametrize('special', [np.nan, np.inf])
@pytest.mark.parametrize('where', ['A_prev', 'dZ'])
@pytest.mark.filterwarnings('ignore:invalid value:RuntimeWarning')
def test_infinity_at_the_edge_of_a_width_that_no_window_divides(
        rng, special, where):
    """The results are right, though unused outputs of wide windows see it."""
    arrays = {'A_prev': rng.rand(4, 5, 31, 1), 'W': rng.rand(3, 3, 1, 8),
              'dZ': rng.rand(4, 3, 29, 8)}
    arrays[where][2, 0, -1, 0] = special
    ours = conv_backward(b=np.ones((1, 1, 1, 8)), padding='valid', **arrays)
    theirs = loops.conv_backward(padding='valid', stride=(1, 1), **arrays)
    for our, their in zip(ours, theirs):
        np.testing.assert_allclose(our, their, rtol=1e-12)
    Z = conv_forward(arrays['A_prev'], arrays['W'], np.ones((1, 1, 1, 8)),
                     identity, 'valid')
    np.testing.assert_allclose(Z, loops.conv_forward(
        arrays['A_prev'], arrays['W'], np.ones((1, 1, 1, 8)), 'valid',
        (1, 1)), rtol=1e-12)


@pytest.mark.filterwarnings('ignore:invalid value:RuntimeWarning')
def test_one_infinite_weight_at_a_width_that_no_window_divides(rng):
    """The gradients are right: no unused output of a wide window sees it."""
    arrays = {'A_prev': rng.rand(2, 5, 17, 1), 'W': rng.rand(3, 3, 1, 8),
              'dZ': rng.rand(2, 5, 17, 8)}
    arrays['W'][1, 0, 0, 1] = np.inf
    ours = conv_backward(b=np.ones((1, 1, 1, 8)), **arrays)
    theirs = loops.conv_backward(padding='same', stride=(1, 1), **arrays)
    for our, their in zip(ours, theirs):
        np.testing.assert_allclose(our, their, rtol=1e-12)


@pytest.mark.filterwarnings('ignore:invalid value:RuntimeWarning')
def test_nan_does_not_hide_that_a_product_is_too_large():
    """1e30 times 1e30 overflows float32, even with a NaN among the pixels."""
    A_prev = np.full((2, 1, 1, 2), 1e30, np.float32)
    A_prev[0, 0, 0, 0] = np.nan
    dZ, W = np.full((2, 1, 1, 1), 1e30), np.ones((1, 1, 2, 1))
    _, dW, _ = conv_backward(dZ, A_prev, W, np.ones((1, 1, 1, 1)))
    assert np.isnan(dW[0, 0, 0, 0])
    np.testing.assert_allclose(dW[0, 0, 1, 0], 2e60, rtol=1e-6)


@pytest.mark.parametrize('pixel, gradient, rounded', [
    (1 / 3, 1 / 3, True), (1e-3, 7e17, True), (1e3, 1.1e-18, True),
    (1 / 3, -7e17, True), (1 / 3, 1.1e18, False), (1 / 3, 0.9e-18, False),
    (1 / 3, -1.1e18, False), (1e20, 5e18, False), (1e-30, 1e-20, False)])
def test_products_are_rounded_if_float32_holds_them(pixel, gradient, rounded):
    """If A_prev is float32 and dZ float64, a product is rounded, or exact."""
    one = np.ones((1, 1, 1, 1))
    A_prev, dZ = (pixel * one).astype(np.float32), gradient * one
    exact = A_prev.astype(float) * dZ
    product = A_prev * dZ.astype(np.float32) if rounded else exact
    assert conv_backward(dZ, A_prev, one, one)[1] == product
    assert rounded == (product != exact)


@pytest.mark.parametrize('nan', [[], [np.nan], [-np.nan]])
@pytest.mark.parametrize('dtype', ['f2', 'f4', 'f8', '>f4', 'i4'])
@pytest.mark.parametrize('shape, kernel_shape, stride', [
    ((2, 8, 8, 3), (2, 2), (2, 2)), ((2, 9, 7, 1), (3, 3), (2, 2)),
    ((2, 9, 7, 2), (3, 2), (1, 1)), ((1, 7, 600, 4), (3, 2), (3, 4)),
    ((2, 1, 1, 1), (1, 1), (3, 1))])
def test_maxima_of_odd_numbers(rng, shape, kernel_shape, stride, dtype, nan):
    """Zeros of both signs, the smallest numbers, infinity and NaN are data."""
    numbers = [0., -0., 1, -1, 2, -2, 6e-8, -6e-8, np.inf, -np.inf] + nan
    if dtype == 'i4':
        numbers = [0, 1, -1, 2, -2, 2 ** 31 - 1, -2 ** 31]
    A_prev = rng.choice(np.array(numbers, dtype), shape).astype(dtype)
    A = pool_forward(A_prev, kernel_shape, stride)
    np.testing.assert_array_equal(
        A, loops.pool_forward(A_prev, kernel_shape, stride, 'max'))
    assert A.dtype == np.dtype(dtype).newbyteorder('=')
    dA = rng.randint(-9, 9, A.shape).astype(dtype)
    np.testing.assert_array_equal(
        pool_backward(dA, A_prev, kernel_shape, stride),
        loops.pool_backward(dA, A_prev, kernel_shape, stride, 'max'))


def test_nan_in_one_channel_of_float16_leaves_the_others(rng):
    """The other channels' gradients do not change by one bit."""
    dZ, A_prev = (rng.randn(6, 9, 9, c).astype('f2') for c in (4, 3))
    W, b = rng.randn(3, 3, 3, 4).astype('f2'), np.zeros((1, 1, 1, 4), 'f2')
    _, dW, db = conv_backward(dZ, A_prev, W, b)
    dZ[2, 3, 4, 1] = np.nan
    _, odd_dW, odd_db = conv_backward(dZ, A_prev, W, b)
    others = [0, 2, 3]
    assert np.isnan(odd_dW[..., 1]).all() and np.isnan(odd_db[..., 1]).all()
    np.testing.assert_array_equal(odd_dW[..., others], dW[..., others])
    np.testing.assert_array_equal(odd_db[..., others], db[..., others])


@pytest.mark.parametrize('kernel, padding', [((5, 5), 'same'),
                                             ((3, 3), 'valid')])
def test_fifty_thousand_digits(kernel, padding):
    """LeNet's first layer and the drivers' need less than 64 MiB beyond."""
    A_prev = np.zeros((50000, 28, 28, 1), 'f4')
    W, b = np.ones(kernel + (1, 2), 'f4'), np.ones((1, 1, 1, 2), 'f4')
    dZ = conv_forward(A_prev, W, b, identity, padding)
    assert beyond(lambda: conv_forward(A_prev, W, b, identity, padding)) < 64
    assert beyond(lambda: conv_backward(dZ, A_prev, W, b, padding)) < 64
