#!/usr/bin/env python3
"""Tasks 0 and 2 against TensorFlow, the definition and finite differences."""
import numpy as np
import pytest
import tensorflow as tf

import loops
from conftest import defined_backward

conv_forward = __import__('0-conv_forward').conv_forward
conv_backward = __import__('2-conv_backward').conv_backward

# m, h_prev, w_prev, c_prev, c_new, kernel, stride, padding
LAYERS = [
    (2, 9, 7, 1, 2, (3, 3), (1, 1), 'valid'),
    (2, 9, 7, 3, 2, (3, 3), (1, 1), 'same'),
    (3, 8, 8, 2, 5, (2, 2), (1, 1), 'same'),
    (2, 7, 10, 3, 4, (4, 1), (1, 1), 'same'),
    (2, 6, 9, 2, 3, (1, 6), (2, 3), 'same'),
    (2, 10, 11, 2, 3, (5, 4), (3, 2), 'same'),
    (1, 10, 11, 2, 3, (5, 4), (3, 2), 'valid'),
    (2, 5, 5, 4, 1, (5, 5), (1, 1), 'valid'),
    (2, 5, 6, 4, 3, (7, 7), (2, 2), 'same'),
    (2, 4, 4, 3, 2, (1, 1), (3, 3), 'valid'),
    (2, 1, 1, 1, 1, (1, 1), (1, 1), 'same'),
    (2, 12, 12, 32, 16, (3, 3), (2, 1), 'valid'),
    (2, 3, 70, 1, 3, (2, 3), (1, 2), 'same'),
    (2, 7, 9, 9, 8, (3, 2), (1, 1), 'same'),
    (3, 9, 8, 16, 16, (2, 3), (1, 1), 'valid'),
    (1, 6, 7, 70, 3, (4, 5), (1, 1), 'same'),
]


def identity(Z):
    """Return Z unchanged: an activation that hides nothing."""
    return Z


def make(rng, layer, dtype=np.float64):
    """Return a random A_prev, W and b for a layer, its padding and stride."""
    m, h_prev, w_prev, c_prev, c_new, kernel, stride, padding = layer
    shapes = ((m, h_prev, w_prev, c_prev), kernel + (c_prev, c_new),
              (1, 1, 1, c_new))
    A_prev, W, b = (rng.randn(*shape).astype(dtype) for shape in shapes)
    return A_prev, W, b, padding, stride


def random_layers(n, paddings, kernels, strides):
    """Return n random layers, always the same ones."""
    rng = np.random.RandomState(1)
    layers = []
    for _ in range(n):
        kh, kw = rng.choice(kernels, 2)
        h_prev, w_prev = kh + rng.randint(0, 9), kw + rng.randint(0, 9)
        layers.append((rng.randint(1, 5), h_prev, w_prev, rng.randint(1, 33),
                       rng.randint(1, 33), (kh, kw),
                       tuple(rng.choice(strides, 2)), rng.choice(paddings)))
    return layers


def close(ours, theirs, rtol=1e-12):
    """Assert equality up to rounding at the scale of the whole array."""
    assert ours.shape == theirs.shape
    scale = np.abs(theirs).max() if theirs.size else 1
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=rtol * scale)


@pytest.mark.parametrize('layer', LAYERS)
def test_forward_is_the_definition(rng, layer):
    """Each output is a window times the kernel, summed, plus the bias."""
    A_prev, W, b, padding, stride = make(rng, layer)
    close(conv_forward(A_prev, W, b, identity, padding, stride),
          loops.conv_forward(A_prev, W, b, padding, stride))


@pytest.mark.parametrize('layer', LAYERS)
@pytest.mark.parametrize('missing', [0, 1])
def test_backward_is_the_definition(rng, layer, missing):
    """The gradients are right, even if dZ lacks the last row and column."""
    A_prev, W, b, padding, stride = make(rng, layer)
    Z = loops.conv_forward(A_prev, W, b, padding, stride)
    down, across = (min(missing, n - 1) for n in Z.shape[1:3])
    dZ = rng.randn(*Z.shape)[:, down:, across:]
    ours = conv_backward(dZ, A_prev, W, b, padding, stride)
    theirs = loops.conv_backward(dZ, A_prev, W, padding, stride)
    for gradient, expected in zip(ours, theirs):
        close(gradient, expected)


# TensorFlow's SAME equals ours only at stride 1 and with odd kernels; with
# even kernels, it puts the zeros elsewhere
TENSORFLOW = (
    random_layers(40, ['valid'], range(1, 8), range(1, 4)) +
    random_layers(40, ['same'], range(1, 8, 2), [1]))


@pytest.mark.parametrize('layer', TENSORFLOW)
@pytest.mark.parametrize('dtype, rtol', [('float64', 1e-12),
                                         ('float32', 2e-6)])
def test_tensorflow_agrees(rng, layer, dtype, rtol):
    """Output and gradients equal those of tf.nn.conv2d."""
    A_prev, W, b, padding, stride = make(rng, layer, dtype)
    inputs = [tf.constant(array) for array in (A_prev, W, b)]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        Z = tf.nn.conv2d(inputs[0], inputs[1], [1, *map(int, stride), 1],
                         padding.upper()) + inputs[2]
    dZ = rng.randn(*Z.shape).astype(dtype)
    close(conv_forward(A_prev, W, b, identity, padding, stride),
          Z.numpy(), rtol)
    gradients = tape.gradient(Z, inputs, tf.constant(dZ))
    for ours, theirs in zip(conv_backward(dZ, A_prev, W, b, padding, stride),
                            gradients):
        assert ours.dtype == dtype
        close(ours, theirs.numpy(), rtol)


@pytest.mark.parametrize('layer', LAYERS[:6] + LAYERS[8:11])
def test_backward_is_the_slope_of_forward(rng, layer):
    """Gradients equal central differences, exact as Z is linear in each array.
    """
    A_prev, W, b, padding, stride = make(rng, layer)
    dZ = rng.randn(*loops.conv_forward(A_prev, W, b, padding, stride).shape)
    gradients = conv_backward(dZ, A_prev, W, b, padding, stride)
    for array, gradient in zip((A_prev, W, b), gradients):
        slope = np.empty(array.shape)
        for index in np.ndindex(array.shape):
            kept = array[index]
            array[index] = kept + .5
            above = conv_forward(A_prev, W, b, identity, padding, stride)
            array[index] = kept - .5
            below = conv_forward(A_prev, W, b, identity, padding, stride)
            array[index] = kept
            slope[index] = ((above - below) * dZ).sum()
        close(gradient, slope, 1e-11)


@pytest.mark.parametrize('padding', ['same', 'valid'])
@pytest.mark.parametrize('A_prev, W, b, expected', [
    ('f4', 'f4', 'f4', 'f4'),
    ('f8', 'f8', 'f8', 'f8'),
    ('f4', 'f8', 'f8', 'f8'),
    ('f4', 'f4', 'f8', 'f8'),
    ('u1', 'f4', 'f4', 'f4'),
    ('u1', 'f8', 'f4', 'f8'),
    ('u1', 'i1', 'i1', 'i8'),
    ('u1', 'u1', 'u1', 'i8'),
    ('?', '?', '?', 'i8'),
    ('i4', 'f4', 'f4', 'f8'),
    ('f2', 'f4', 'f4', 'f4'),
])
def test_dtypes(rng, padding, A_prev, W, b, expected):
    """The dtype is NumPy's common dtype of the arrays; integers do not wrap.
    """
    arrays = [(rng.rand(*shape) * 200).astype(dtype) for shape, dtype in (
        ((2, 6, 6, 3), A_prev), ((3, 3, 3, 4), W), ((1, 1, 1, 4), b))]
    wide = [array.astype('f8') for array in arrays]
    Z = conv_forward(*arrays, identity, padding)
    assert Z.dtype == expected
    close(Z, conv_forward(*wide, identity, padding), 1e-6)
    dZ = np.ones(Z.shape, arrays[0].dtype)
    ours = conv_backward(dZ, *arrays, padding)
    theirs = conv_backward(dZ.astype('f8'), *wide, padding)
    for gradient, exact in zip(ours, theirs):
        assert gradient.dtype == expected
        close(gradient, exact, 1e-6)


@pytest.mark.parametrize('layout', [
    np.asfortranarray,
    lambda array: array[..., ::-1].copy()[..., ::-1],
    lambda array: array[:, ::-1].copy()[:, ::-1],
    lambda array: np.repeat(array, 2, axis=1)[:, ::2],
    lambda array: array.astype(array.dtype.newbyteorder()),
    lambda array: np.frombuffer(array.tobytes(),
                                array.dtype).reshape(array.shape),
], ids=['fortran', 'channels reversed', 'rows reversed', 'every other row',
        'other byte order', 'read-only'])
def test_any_layout_and_nothing_modified(rng, layout):
    """The memory layout makes no difference, and no argument is modified."""
    arrays = make(rng, LAYERS[5])[:3]
    dZ = rng.randn(*loops.conv_forward(*arrays, 'same', (3, 2)).shape)
    others = [layout(array) for array in (dZ,) + arrays]
    np.testing.assert_array_equal(
        conv_forward(*others[1:], identity, 'same', (3, 2)),
        conv_forward(*arrays, identity, 'same', (3, 2)))
    for ours, expected in zip(conv_backward(*others, 'same', (3, 2)),
                              conv_backward(dZ, *arrays, 'same', (3, 2))):
        close(ours, expected)
    for other, array in zip(others, (dZ,) + arrays):
        np.testing.assert_array_equal(other, array)


@pytest.mark.parametrize('padding', ['same', 'valid'])
def test_an_empty_batch(padding):
    """No examples give no outputs, and gradients of zero."""
    A_prev, W, b = np.ones((0, 5, 5, 2)), np.ones((3, 3, 2, 4)), np.ones(
        (1, 1, 1, 4))
    Z = conv_forward(A_prev, W, b, identity, padding)
    assert Z.shape == ((0, 5, 5, 4) if padding == 'same' else (0, 3, 3, 4))
    dA_prev, dW, db = conv_backward(Z, A_prev, W, b, padding)
    assert dA_prev.shape == A_prev.shape
    assert dW.shape == W.shape and not dW.any()
    assert db.shape == b.shape and not db.any()


def test_activation_is_called_once_on_everything(rng):
    """The activation gets the whole batch, as a softmax over it requires."""
    A_prev, W, b, padding, stride = make(rng, LAYERS[1])
    A_prev = np.concatenate([A_prev] * 700)
    seen = []

    def activation(Z):
        """Remember the shape, and return something else."""
        seen.append(Z.shape)
        return 'whatever the activation returns'

    result = conv_forward(A_prev, W, b, activation, padding, stride)
    assert result == 'whatever the activation returns'
    assert seen == [(1400, 9, 7, 2)]


def test_defaults_are_same_and_stride_one(rng):
    """Without padding and stride, the defaults are those of the task."""
    A_prev, W, b, _, _ = make(rng, LAYERS[2])
    Z = conv_forward(A_prev, W, b, identity)
    np.testing.assert_array_equal(
        Z, conv_forward(A_prev, W, b, identity, 'same', (1, 1)))
    for ours, expected in zip(
            conv_backward(Z, A_prev, W, b),
            conv_backward(Z, A_prev, W, b, 'same', (1, 1))):
        np.testing.assert_array_equal(ours, expected)


@pytest.fixture
def mixed(rng):
    """Return dZ, A_prev, W, b as in driver 2: only A_prev is float32."""
    A_prev = rng.rand(9, 8, 7, 3).astype(np.float32)
    return (rng.randn(9, 8, 7, 4), A_prev, rng.randn(3, 2, 3, 4),
            rng.randn(1, 1, 1, 4))


def exactly(dZ, A_prev, W, b):
    """Return the gradients computed in float64 alone."""
    return conv_backward(dZ, A_prev.astype(np.float64), W, b)


def test_products_of_float32_and_float64_are_rounded(mixed):
    """Only the products in dW are rounded, not their sum, dA_prev or db."""
    ours, exact = conv_backward(*mixed), exactly(*mixed)
    defined = defined_backward(*mixed[:3], 'same', (1, 1))
    for i in range(3):
        assert ours[i].dtype == np.float64
        close(ours[i], defined[i], 1e-14)
    close(ours[0], exact[0], 1e-14)
    close(ours[2], exact[2], 1e-14)
    error = np.abs(ours[1] - exact[1]).max() / np.abs(exact[1]).max()
    assert 1e-10 < error < 1e-6


@pytest.mark.parametrize('size', [1e39, -1e39, 1e300, np.inf, np.nan])
@pytest.mark.filterwarnings('ignore:invalid value:RuntimeWarning')
def test_what_float32_cannot_hold_is_not_rounded(mixed, size):
    """One number in dZ that float32 cannot hold prevents all rounding."""
    mixed[0][3, 2, 1, 0] = size
    for ours, exact, defined in zip(
            conv_backward(*mixed), exactly(*mixed),
            defined_backward(*mixed[:3], 'same', (1, 1))):
        np.testing.assert_allclose(ours, exact, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(ours, defined, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize('large', [1e20, 1e-20])
def test_products_that_float32_cannot_hold_are_not_rounded(mixed, large):
    """Nothing is rounded, even if float32 can hold the two factors."""
    dZ, A_prev, W, b = mixed
    mixed = dZ * large, A_prev * np.float32(large), W, b
    for ours, exact in zip(conv_backward(*mixed), exactly(*mixed)):
        assert np.isfinite(ours).all()
        close(ours, exact, 1e-14)


@pytest.mark.parametrize('A_prev', ['f2', 'f8', 'u1'])
def test_other_dtypes_are_not_rounded(mixed, A_prev):
    """Nothing is rounded; float16 pixels times 1e5 would overflow."""
    dZ, pixels, W, b = mixed
    mixed = 1e5 * dZ, (100 * pixels).astype(A_prev), W, b
    for ours, exact in zip(conv_backward(*mixed), exactly(*mixed)):
        close(ours, exact, 1e-14)
