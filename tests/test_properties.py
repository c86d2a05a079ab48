#!/usr/bin/env python3
"""Properties that must hold for every layer, tested on random layers.

Hypothesis draws layers, searches for one that breaks a property and shrinks
it. `make test` prints the seed; `make test SEED=...` draws the same layers.
"""
import os

import numpy as np
import pytest
from hypothesis import Phase, assume, given, settings, strategies as st

import loops
from conftest import defined_backward

conv_forward = __import__('0-conv_forward').conv_forward
pool_forward = __import__('1-pool_forward').pool_forward
conv_backward = __import__('2-conv_backward').conv_backward
pool_backward = __import__('3-pool_backward').pool_backward

# no test may depend on how long an example takes; the phase that explains a
# failure is left out, because it traces every line of every example
settings.register_profile('here', max_examples=250, deadline=None, phases=[
    Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink])
# only finds out whether a property breaks
settings.register_profile('brief', max_examples=100, deadline=None,
                          phases=[Phase.generate])
settings.load_profile(os.environ.get('PROPERTIES', 'here'))
# without coverage, as the tests of fixed examples run every line already
pytestmark = pytest.mark.no_cover

FLOATS = ['float32', 'float64', '>f4']
DTYPES = FLOATS + ['uint8', 'int32', 'bool', 'float16']
MODES = st.sampled_from(['max', 'avg'])


def identity(Z):
    """Return Z unchanged: an activation that hides nothing."""
    return Z


def layouts(array):
    """Return the same numbers in several memory layouts."""
    reverse = (slice(None, None, -1),) * array.ndim
    return [array, np.asfortranarray(array), array[reverse].copy()[reverse],
            np.repeat(array, 2, axis=2)[:, :, ::2],
            np.moveaxis(np.moveaxis(array, 3, 1).copy(), 1, 3)]


@st.composite
def pairs(draw, first, second):
    """Draw a pair of integers, Python's or any of NumPy's."""
    integer = draw(st.sampled_from([int, np.int64, np.uint8, np.int8]))
    return integer(draw(first)), integer(draw(second))


@st.composite
def arrays(draw, shape, dtypes, rng):
    """Draw an array of small numbers with any memory layout."""
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    if dtype.kind == 'f' and draw(st.booleans()):
        array = rng.randn(*shape)
    else:
        array = rng.randint(0, 4, shape)    # many of these tie
    ways = layouts(array.astype(dtype))
    # drawn by number: Hypothesis would print every array that it draws from
    array = ways[draw(st.sampled_from(range(len(ways))))]
    array.flags.writeable = False
    return array


@st.composite
def conv_layers(draw, dtypes=('float64',)):
    """Draw dZ, A_prev, W, b, padding and stride; dZ may be only a part."""
    rng = np.random.RandomState(draw(st.integers(0, 2 ** 32 - 1)))
    size = st.integers(1, 5)
    padding = draw(st.sampled_from(['same', 'valid']))
    m, kh, kw, c_prev, c_new = (draw(size) for _ in range(5))
    sh, sw = draw(pairs(size, size))
    h_prev, w_prev = (
        draw(st.integers(1 if padding == 'same' else k, k + 7))
        for k in (kh, kw))
    A_prev, W, b = (draw(arrays(shape, dtypes, rng)) for shape in (
        (m, h_prev, w_prev, c_prev), (kh, kw, c_prev, c_new),
        (1, 1, 1, c_new)))
    ph, pw = ((0, 0) if padding == 'valid' else (
        sum(loops.pad_same(h_prev, kh, sh)),
        sum(loops.pad_same(w_prev, kw, sw))))
    h_new, w_new = loops.output_shape((h_prev + ph, w_prev + pw), (kh, kw),
                                      (sh, sw))
    if draw(st.booleans()):
        h_new, w_new = (draw(st.integers(1, n)) for n in (h_new, w_new))
    dZ = draw(arrays((m, h_new, w_new, c_new), dtypes, rng))
    return dZ, A_prev, W, b, padding, (sh, sw)


@st.composite
def pool_layers(draw, dtypes=('float64',), overlap=True):
    """Draw dA, A_prev, kernel_shape and stride; dA may be only a part."""
    rng = np.random.RandomState(draw(st.integers(0, 2 ** 32 - 1)))
    m, kh, kw, c = (draw(st.integers(1, 5)) for _ in range(4))
    h_prev, w_prev = (draw(st.integers(k, k + 7)) for k in (kh, kw))
    stride = draw(pairs(*(st.integers(1 if overlap else k, k + 2)
                          for k in (kh, kw))))
    kernel_shape = draw(pairs(st.just(kh), st.just(kw)))
    A_prev = draw(arrays((m, h_prev, w_prev, c), dtypes, rng))
    h_new, w_new = loops.output_shape((h_prev, w_prev), (kh, kw), stride)
    if draw(st.booleans()):
        h_new, w_new = (draw(st.integers(1, n)) for n in (h_new, w_new))
    dA = draw(arrays((m, h_new, w_new, c), dtypes, rng))
    return dA, A_prev, kernel_shape, stride


def wide(array):
    """Return the same numbers as float64."""
    return np.asarray(array, 'f8')


def rounding(*arrays):
    """Return the machine epsilon of the least precise array."""
    return max([float(np.finfo(array.dtype).eps) for array in arrays
                if array.dtype.kind == 'f'] or [float(np.finfo('f8').eps)])


def close(ours, theirs, bound):
    """Assert that arrays differ by at most a bound, a number or an array."""
    assert ours.shape == theirs.shape
    assert (np.abs(wide(ours) - theirs) <= bound).all()


def nearly(ours, theirs, sizes, terms):
    """Assert that ours is right, up to one rounding for each term.

    Parameters
    ----------
    ours, theirs : numpy.ndarray
        The same sums of products, theirs in float64.
    sizes : numpy.ndarray
        What the sums would be if no term were negative.
    terms : int
        How many terms a sum has at most.
    """
    close(ours, theirs, (terms + 2) * rounding(ours) * sizes)


@given(conv_layers(DTYPES))
def test_conv_is_its_definition(layer):
    """With any dtypes and layouts, the error is that of the result's dtype."""
    dZ, A_prev, W, b, padding, stride = layer
    kept = [array.copy() for array in (dZ, A_prev, W, b)]
    Z = conv_forward(A_prev, W, b, identity, padding, stride)
    gradients = conv_backward(dZ, A_prev, W, b, padding, stride)
    for array, before in zip((dZ, A_prev, W, b), kept):
        np.testing.assert_array_equal(array, before)
    dtype = np.result_type(A_prev, W, b)
    assert Z.dtype == (dtype if dtype.kind == 'f' else 'i8')
    dtype = np.result_type(dZ, dtype)
    assert all(g.dtype == (dtype if dtype.kind == 'f' else 'i8')
               for g in gradients)

    def exact(change):
        """Return Z, dA_prev, dW, db in float64, from the changed arrays."""
        D, A, V, c = (change(wide(array)) for array in (dZ, A_prev, W, b))
        # the one case in which dW depends on the dtype of A_prev
        rounded = A_prev.dtype.char + dZ.dtype.char == 'fd'
        return (loops.conv_forward(A, V, c, padding, stride),) + (
            defined_backward(D, A.astype('f4') if rounded else A, V, padding,
                             stride))

    terms = [W[..., 0].size + 1, W[:, :, 0].size] + 2 * [dZ[..., 0].size]
    for numbers in zip((Z,) + gradients, exact(np.array), exact(np.abs),
                       terms):
        nearly(*numbers)


@given(pool_layers(DTYPES), MODES)
def test_pool_is_its_definition(layer, mode):
    """Results are right with any dtypes and layouts; a maximum is exact."""
    dA, A_prev, kernel_shape, stride = layer
    kept = dA.copy(), A_prev.copy()
    A = pool_forward(A_prev, kernel_shape, stride, mode)
    dA_prev = pool_backward(dA, A_prev, kernel_shape, stride, mode)
    np.testing.assert_array_equal(dA, kept[0])
    np.testing.assert_array_equal(A_prev, kept[1])
    native = A_prev.dtype.newbyteorder('=')
    assert A.dtype == (native if mode == 'max' or native.kind == 'f'
                       else 'f8')
    native = np.result_type(dA, A_prev)
    assert dA_prev.dtype == (native if native.kind == 'f' else
                             'i8' if mode == 'max' else 'f8')
    n = kernel_shape[0] * kernel_shape[1]
    exact = wide(dA), wide(A_prev), kernel_shape, stride, mode
    nearly(A, loops.pool_forward(*exact[1:]),
           0 if mode == 'max' else loops.pool_forward(
               np.abs(exact[1]), *exact[2:]), n)
    nearly(dA_prev, loops.pool_backward(*exact),
           loops.pool_backward(np.abs(exact[0]), *exact[1:]), n)


@given(conv_layers(), st.floats(-3, 3), st.integers(0, 2 ** 32 - 1))
def test_conv_is_linear_in_each_argument(layer, factor, seed):
    """f(x + factor * y) - f(0) = f(x) - f(0) + factor * (f(y) - f(0))."""
    _, A_prev, W, b, padding, stride = layer
    rng = np.random.RandomState(seed)
    given_arrays = [A_prev, W, b]
    for i in range(3):
        def at(array):
            """Return Z with the i-th argument replaced."""
            return conv_forward(*given_arrays[:i], array,
                                *given_arrays[i + 1:], identity, padding,
                                stride)
        x, y = given_arrays[i], rng.randn(*given_arrays[i].shape)
        zero = at(np.zeros(x.shape))
        close(at(x + factor * y) - zero,
              at(x) - zero + factor * (at(y) - zero), 1e-11)


@given(conv_layers(), st.integers(1, 3), st.integers(1, 3))
def test_conv_moves_with_its_input(layer, down, across):
    """An image moved by n strides gives the output moved by n positions."""
    _, A_prev, W, b, _, (sh, sw) = layer
    assume(A_prev.shape[1] >= W.shape[0] and A_prev.shape[2] >= W.shape[1])
    moved = np.pad(A_prev, ((0, 0), (down * sh, 0), (across * sw, 0), (0, 0)),
                   'constant')
    close(conv_forward(moved, W, b, identity, 'valid',
                       (sh, sw))[:, down:, across:],
          conv_forward(A_prev, W, b, identity, 'valid', (sh, sw)), 1e-11)


@given(conv_layers())
def test_conv_backward_is_the_adjoint(layer):
    """<dZ, conv(A)> = <dA, A> = <dW, W>, as for the gradient of conv_forward.
    """
    dZ, A_prev, W, b, padding, stride = layer
    Z = conv_forward(A_prev, W, np.zeros(b.shape), identity, padding, stride)
    Z = Z[:, :dZ.shape[1], :dZ.shape[2]]
    dA_prev, dW, db = conv_backward(dZ, A_prev, W, b, padding, stride)
    scale = 1 + (np.abs(dZ) * np.abs(Z)).sum()
    for gradient, array in (dA_prev, A_prev), (dW, W):
        assert abs((dZ * Z).sum() - (gradient * array).sum()) < 1e-10 * scale
    assert abs((dZ * b).sum() - (db * b).sum()) < 1e-10 * scale


@given(pool_layers())
def test_average_backward_is_the_adjoint(layer):
    """<dA, pool(A)> = <dA_prev, A_prev>."""
    dA, A_prev, kernel_shape, stride = layer
    A = pool_forward(A_prev, kernel_shape, stride, 'avg')
    A = A[:, :dA.shape[1], :dA.shape[2]]
    dA_prev = pool_backward(dA, A_prev, kernel_shape, stride, 'avg')
    assert abs((dA * A).sum() - (dA_prev * A_prev).sum()) < 1e-10


@given(pool_layers(overlap=False), MODES)
def test_pool_backward_hands_the_whole_gradient_on(layer, mode):
    """Without overlaps and ties, no part of the gradient is lost or added."""
    dA, A_prev, kernel_shape, stride = layer
    # the same order of pixels, without ties
    A_prev = np.argsort(np.argsort(A_prev, axis=None)).reshape(A_prev.shape)
    dA_prev = pool_backward(dA, A_prev, kernel_shape, stride, mode)
    assert abs(dA_prev.sum() - dA.sum()) < 1e-10
    given_to = np.count_nonzero(dA_prev)
    share = 1 if mode == 'max' else kernel_shape[0] * kernel_shape[1]
    assert given_to == share * np.count_nonzero(dA)


@given(conv_layers())
def test_conv_treats_each_example_alone(layer):
    """A batch gives what its examples give one by one; gradients add up."""
    dZ, A_prev, W, b, padding, stride = layer
    Z = conv_forward(A_prev, W, b, identity, padding, stride)
    dA_prev, dW, db = conv_backward(dZ, A_prev, W, b, padding, stride)
    sums = [np.zeros(W.shape), np.zeros(b.shape)]
    for i in range(len(A_prev)):
        one = slice(i, i + 1)
        close(conv_forward(A_prev[one], W, b, identity, padding, stride),
              Z[one], 1e-11)
        gradients = conv_backward(dZ[one], A_prev[one], W, b, padding, stride)
        close(gradients[0], dA_prev[one], 1e-11)
        for total, gradient in zip(sums, gradients[1:]):
            total += gradient
    close(dW, sums[0], 1e-10)
    close(db, sums[1], 1e-10)


def check_one_by_one(dA, A_prev, how, examples):
    """Assert that these examples alone give what they give in the batch."""
    A = pool_forward(A_prev, *how)
    dA_prev = pool_backward(dA, A_prev, *how)
    for i in examples:
        one = slice(i, i + 1)
        np.testing.assert_array_equal(pool_forward(A_prev[one], *how), A[one])
        np.testing.assert_array_equal(
            pool_backward(dA[one], A_prev[one], *how), dA_prev[one])


@given(pool_layers(), MODES)
def test_pool_treats_each_example_alone(layer, mode):
    """A batch gives what its examples give one by one, to the bit."""
    dA, A_prev, kernel_shape, stride = layer
    check_one_by_one(dA, A_prev, (kernel_shape, stride, mode),
                     range(len(A_prev)))


@given(conv_layers(['float32']))
def test_conv_float32_is_float64_rounded(layer):
    """The error is at most one rounding for each term of a sum."""
    arrays, how = layer[:4], layer[4:]
    exact = [wide(array) for array in arrays]
    sizes = [np.abs(array) for array in exact]
    dZ, _, W, _ = arrays

    def both(dZ, A_prev, W, b):
        """Return the results of both functions."""
        return (conv_forward(A_prev, W, b, identity, *how),) + conv_backward(
            dZ, A_prev, W, b, *how)

    terms = [W[..., 0].size + 1, W[:, :, 0].size] + 2 * [dZ[..., 0].size]
    for numbers in zip(both(*arrays), both(*exact), both(*sizes), terms):
        assert numbers[0].dtype == 'f4'
        nearly(*numbers)


@given(st.integers(0, 2 ** 32 - 1))
@settings(max_examples=20)
@pytest.mark.parametrize('shape, W_shape, padding', [
    ((70, 28, 28, 1), (5, 5, 1, 6), 'same'),
    ((1, 70, 90, 16), (3, 3, 16, 2), 'valid'),
    ((1, 3, 180, 64), (5, 5, 64, 64), 'same'),  # one row is more than a block
    ((1, 4, 6, 520), (1, 2, 520, 2), 'valid'),  # too deep for wide windows
    ((3, 40, 40, 32), (3, 3, 32, 8), 'same')])
def test_conv_in_several_blocks(shape, W_shape, padding, seed):
    """With more windows than fit in the cache, none is lost between blocks."""
    rng = np.random.RandomState(seed)
    A_prev, W = rng.randn(*shape), rng.randn(*W_shape)
    b = rng.randn(1, 1, 1, W_shape[3])
    Z = conv_forward(A_prev, W, b, identity, padding)
    # a sum of one product for each position in the kernel
    ph, pw = (k - 1 if padding == 'same' else 0 for k in W_shape[:2])
    A_pad = np.pad(A_prev, ((0, 0), (ph - ph // 2, ph // 2),
                            (pw - pw // 2, pw // 2), (0, 0)), 'constant')
    h_new, w_new = Z.shape[1:3]
    seen = [[A_pad[:, r:r + h_new, s:s + w_new] for s in range(W_shape[1])]
            for r in range(W_shape[0])]
    np.testing.assert_allclose(
        Z, b + sum(seen[r][s] @ W[r, s] for r in range(W_shape[0])
                   for s in range(W_shape[1])), atol=1e-10)
    dZ = rng.randn(*Z.shape)
    dA_prev, dW, db = conv_backward(dZ, A_prev, W, b, padding)
    np.testing.assert_allclose(db, dZ.sum(axis=(0, 1, 2), keepdims=True),
                               atol=1e-9)
    np.testing.assert_allclose(dW, [
        [np.tensordot(pixel, dZ, ((0, 1, 2), (0, 1, 2))) for pixel in row]
        for row in seen], atol=1e-8)
    assert abs((dZ * (Z - b)).sum() - (dA_prev * A_prev).sum()) < 1e-6


@given(st.integers(0, 2 ** 32 - 1), MODES)
@settings(max_examples=20)
@pytest.mark.parametrize('shape, kernel_shape, stride', [
    ((300, 28, 28, 2), (2, 2), (2, 2)), ((5, 110, 90, 8), (3, 3), (2, 2)),
    ((3, 140, 130, 8), (2, 3), (2, 1)),     # an image is more than a block
    ((2, 61, 140, 9), (3, 2), (2, 2)),
    ((1, 5, 4100, 17), (3, 3), (2, 2))])    # one row is more than a block
def test_pool_in_several_blocks(shape, kernel_shape, stride, seed, mode):
    """With more pixels than fit in the cache, none is lost between blocks."""
    rng = np.random.RandomState(seed)
    A_prev = rng.randn(*shape)
    A = pool_forward(A_prev, kernel_shape, stride, mode)
    dA = rng.randn(*A.shape)

    def seen(array):
        """Return views of the pixels at each position in the windows."""
        return [array[:, r::stride[0], s::stride[1]]
                [:, :A.shape[1], :A.shape[2]]
                for r, s in np.ndindex(*kernel_shape)]

    expected = (np.max if mode == 'max' else np.mean)(seen(A_prev), axis=0)
    np.testing.assert_allclose(A, expected, atol=1e-14)
    dA_prev = np.zeros(shape)
    for pixels, gradient in zip(seen(A_prev), seen(dA_prev)):
        gradient += dA * (pixels == A if mode == 'max' else
                          1 / np.prod(kernel_shape))
    np.testing.assert_allclose(
        pool_backward(dA, A_prev, kernel_shape, stride, mode), dA_prev,
        atol=1e-13)
    check_one_by_one(dA, A_prev, (kernel_shape, stride, mode),
                     rng.choice(len(A_prev), 3))
