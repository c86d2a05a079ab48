#!/usr/bin/env python3
"""Tasks 1 and 3 against TensorFlow, the definition and finite differences."""
import numpy as np
import pytest
import tensorflow as tf

import loops

pool_forward = __import__('1-pool_forward').pool_forward
pool_backward = __import__('3-pool_backward').pool_backward

MODES = pytest.mark.parametrize('mode', ['max', 'avg'])
# A_prev's shape, kernel_shape, stride
LAYERS = [
    ((2, 8, 8, 3), (2, 2), (2, 2)),
    ((2, 9, 7, 3), (2, 2), (2, 2)),
    ((2, 9, 7, 1), (3, 3), (2, 2)),
    ((2, 9, 7, 2), (3, 2), (1, 1)),
    ((1, 9, 11, 2), (1, 4), (2, 3)),
    ((3, 10, 9, 2), (2, 2), (3, 4)),
    ((2, 5, 6, 4), (5, 6), (1, 1)),
    ((2, 1, 1, 1), (1, 1), (3, 1)),
]
# more than fits in the cache: many images, large images, one long row
LARGE = [
    ((700, 7, 7, 16), (3, 3), (2, 2)),
    ((2, 61, 300, 9), (3, 2), (2, 2)),
    ((2, 50, 300, 9), (2, 3), (3, 1)),
    ((2, 7, 4100, 17), (3, 3), (2, 2)),
]


@MODES
@pytest.mark.parametrize('shape, kernel_shape, stride', LAYERS)
def test_forward_is_the_definition(rng, shape, kernel_shape, stride, mode):
    """The output is right; windows that do not fit are dropped."""
    A_prev = rng.randn(*shape)
    np.testing.assert_allclose(
        pool_forward(A_prev, kernel_shape, stride, mode),
        loops.pool_forward(A_prev, kernel_shape, stride, mode), rtol=1e-13,
        atol=1e-14)


@MODES
@pytest.mark.parametrize('shape, kernel_shape, stride', LAYERS)
@pytest.mark.parametrize('missing', [0, 1])
@pytest.mark.parametrize('ties', [False, True])
def test_backward_is_the_definition(rng, shape, kernel_shape, stride, mode,
                                    missing, ties):
    """Every maximum gets the whole gradient; dA may lack a row and column."""
    A_prev = rng.randint(0, 3, shape).astype(float) if ties else rng.randn(
        *shape)
    A = loops.pool_forward(A_prev, kernel_shape, stride, mode)
    down, across = (min(missing, n - 1) for n in A.shape[1:3])
    dA = rng.randn(*A.shape)[:, down:, across:]
    np.testing.assert_allclose(
        pool_backward(dA, A_prev, kernel_shape, stride, mode),
        loops.pool_backward(dA, A_prev, kernel_shape, stride, mode),
        rtol=1e-12, atol=1e-13)


@MODES
@pytest.mark.parametrize('shape, kernel_shape, stride', LAYERS + LARGE)
@pytest.mark.parametrize('dtype, rtol', [('float64', 1e-12),
                                         ('float32', 1e-5)])
def test_tensorflow_agrees(rng, shape, kernel_shape, stride, mode, dtype,
                           rtol):
    """Without ties, outputs and gradients equal those of TensorFlow."""
    A_prev = rng.permutation(np.prod(shape)).reshape(shape).astype(dtype)
    x = tf.constant(A_prev)
    pool = {'max': tf.nn.max_pool2d, 'avg': tf.nn.avg_pool2d}[mode]
    with tf.GradientTape() as tape:
        tape.watch(x)
        A = pool(x, kernel_shape, stride, 'VALID')
    ours = pool_forward(A_prev, kernel_shape, stride, mode)
    assert ours.dtype == dtype
    np.testing.assert_allclose(ours, A.numpy(), rtol=rtol)
    dA = rng.randn(*A.shape).astype(dtype)
    ours = pool_backward(dA, A_prev, kernel_shape, stride, mode)
    assert ours.dtype == dtype
    np.testing.assert_allclose(
        ours, tape.gradient(A, x, tf.constant(dA)).numpy(), rtol=rtol,
        atol=rtol)


@MODES
@pytest.mark.parametrize('shape, kernel_shape, stride', LAYERS)
def test_backward_is_the_slope_of_forward(rng, shape, kernel_shape, stride,
                                          mode):
    """The gradient equals central differences, too small to change a maximum.
    """
    A_prev = rng.permutation(np.prod(shape)).reshape(shape).astype(float)
    dA = rng.randn(*pool_forward(A_prev, kernel_shape, stride, mode).shape)
    slope = np.empty(shape)
    for index in np.ndindex(shape):
        kept = A_prev[index]
        A_prev[index] = kept + .25
        above = pool_forward(A_prev, kernel_shape, stride, mode)
        A_prev[index] = kept - .25
        below = pool_forward(A_prev, kernel_shape, stride, mode)
        A_prev[index] = kept
        slope[index] = ((above - below) * dA).sum() / .5
    np.testing.assert_allclose(
        pool_backward(dA, A_prev, kernel_shape, stride, mode), slope,
        rtol=0, atol=1e-11)


@pytest.mark.parametrize('dtype', ['f2', 'f4', 'f8', 'u1', 'i4', '?'])
def test_forward_dtypes(rng, dtype):
    """A maximum keeps the dtype; an average of integers is float64."""
    A_prev = (rng.rand(2, 6, 6, 3) * 255).astype(dtype)
    A = pool_forward(A_prev, (2, 2), (2, 2))
    assert A.dtype == dtype
    np.testing.assert_array_equal(A, loops.pool_forward(
        A_prev, (2, 2), (2, 2), 'max'))
    A = pool_forward(A_prev, (2, 2), (2, 2), 'avg')
    assert A.dtype == (dtype if 'f' in dtype else 'f8')
    np.testing.assert_allclose(A, loops.pool_forward(
        A_prev.astype('f8'), (2, 2), (2, 2), 'avg'),
        rtol=1e-3 if dtype == 'f2' else 1e-6)


@pytest.mark.parametrize('dA, A_prev, by_max, by_avg', [
    ('f4', 'f4', 'f4', 'f4'),
    ('f8', 'f4', 'f8', 'f8'),
    ('f4', 'f8', 'f8', 'f8'),
    ('f4', 'u1', 'f4', 'f4'),
    ('f8', 'u1', 'f8', 'f8'),
    ('u1', 'u1', 'i8', 'f8'),
    ('i4', 'u1', 'i8', 'f8'),
])
def test_backward_dtypes(rng, dA, A_prev, by_max, by_avg):
    """The dtype is NumPy's common dtype of both; integers do not wrap."""
    A_prev = (rng.rand(2, 6, 6, 3) * 255).astype(A_prev)
    dA = np.full((2, 5, 5, 3), 200).astype(dA)
    for mode, expected in ('max', by_max), ('avg', by_avg):
        ours = pool_backward(dA, A_prev, (2, 2), (1, 1), mode)
        assert ours.dtype == expected
        np.testing.assert_allclose(ours, loops.pool_backward(
            dA.astype('f8'), A_prev, (2, 2), (1, 1), mode), rtol=1e-6)


@pytest.mark.parametrize('shape', [(3, 13, 11, 2), (1, 13, 30000, 2)])
@pytest.mark.parametrize('kernel_shape, stride', [
    ((3, 3), (2, 2)), ((4, 2), (1, 1)), ((12, 11), (1, 1)), ((7, 5), (3, 2)),
    ((2, 1), (5, 3)), ((1, 2), (1, 7))])
def test_average_gradients_added_window_by_window(rng, shape, kernel_shape,
                                                  stride):
    """Each window's gradient is added at its pixels, also a row at a time.

    The wide image takes more memory than a block, so it is computed in rows.
    """
    (kh, kw), (sh, sw) = kernel_shape, stride
    h_new, w_new = ((size - k) // s + 1 for size, k, s in zip(
        shape[1:], kernel_shape, stride))
    for rows in {h_new, 1}:
        dA = rng.randint(-99, 99, (shape[0], rows, w_new, shape[3])) * kh * kw
        theirs = np.zeros(shape)
        for r in range(kh):
            for s in range(kw):
                theirs[:, r:r + rows * sh:sh, s:s + w_new * sw:sw] += (
                    dA / kh / kw)
        np.testing.assert_array_equal(pool_backward(
            dA, np.ones(shape), kernel_shape, stride, 'avg'), theirs)


def test_float16_gradient_of_a_large_window():
    """The average is right, though float16 cannot count to 90,000."""
    A_prev = np.ones((1, 300, 300, 1), 'f2')
    dA_prev = pool_backward(A_prev[:, :1, :1], A_prev, (300, 300), mode='avg')
    assert dA_prev.dtype == 'f2'
    np.testing.assert_allclose(dA_prev, 1 / 90000, rtol=.01)


def test_precision_is_that_of_the_result(rng):
    """A float32 gradient is divided in float64 if the result is float64."""
    dA = np.ones((1, 1, 1, 1), 'f4')
    dA_prev = pool_backward(dA, np.ones((1, 3, 1, 1)), (3, 1), (1, 1), 'avg')
    np.testing.assert_array_equal(dA_prev, np.full((1, 3, 1, 1), 1 / 3))


@MODES
@pytest.mark.parametrize('layout', [
    np.asfortranarray,
    lambda array: array[..., ::-1].copy()[..., ::-1],
    lambda array: array[:, ::-1].copy()[:, ::-1],
    lambda array: np.repeat(array, 2, axis=2)[:, :, ::2],
    lambda array: array.astype(array.dtype.newbyteorder()),
    lambda array: np.frombuffer(array.tobytes(),
                                array.dtype).reshape(array.shape),
], ids=['fortran', 'channels reversed', 'rows reversed', 'every other column',
        'other byte order', 'read-only'])
def test_any_layout_and_nothing_modified(rng, layout, mode):
    """The memory layout makes no difference, and no argument is modified."""
    A_prev = rng.randint(0, 5, (3, 9, 8, 2)).astype(float)
    dA = rng.randn(3, 4, 3, 2)
    other, d_other = layout(A_prev), layout(dA)
    np.testing.assert_array_equal(pool_forward(other, (3, 3), (2, 2), mode),
                                  pool_forward(A_prev, (3, 3), (2, 2), mode))
    np.testing.assert_array_equal(
        pool_backward(d_other, other, (3, 3), (2, 2), mode),
        pool_backward(dA, A_prev, (3, 3), (2, 2), mode))
    np.testing.assert_array_equal(other, A_prev)
    np.testing.assert_array_equal(d_other, dA)


@MODES
def test_an_empty_batch(mode):
    """No examples give no outputs and no gradients."""
    A_prev = np.ones((0, 5, 5, 2))
    A = pool_forward(A_prev, (2, 2), (2, 2), mode)
    assert A.shape == (0, 2, 2, 2)
    assert pool_backward(A, A_prev, (2, 2), (2, 2),
                         mode).shape == A_prev.shape


def test_defaults_are_max_and_stride_one(rng):
    """Without stride and mode, the defaults are those of the task."""
    A_prev = rng.randn(2, 6, 5, 3)
    A = pool_forward(A_prev, (2, 3))
    np.testing.assert_array_equal(
        A, pool_forward(A_prev, (2, 3), (1, 1), 'max'))
    np.testing.assert_array_equal(
        pool_backward(A, A_prev, (2, 3)),
        pool_backward(A, A_prev, (2, 3), (1, 1), 'max'))


def test_the_result_is_not_the_input():
    """Writing into a 1x1 maximum must not change the image it came from."""
    A_prev = np.ones((1, 2, 2, 1))
    pool_forward(A_prev, (1, 1))[:] = 7
    np.testing.assert_array_equal(A_prev, np.ones((1, 2, 2, 1)))
