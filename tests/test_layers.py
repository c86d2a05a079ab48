#!/usr/bin/env python3
"""Files 0 to 3 on a table of layers, against all that computes the same."""
import tracemalloc

import numpy as np
import pytest

import ladder
from conftest import close, defined, function, results

# A_prev's shape, W's shape or kernel_shape, stride, padding or mode
LAYERS = [
    ((2, 9, 7, 1), (3, 3, 1, 2), (1, 1), 'valid'),
    ((2, 9, 7, 3), (3, 3, 3, 2), (1, 1), 'same'),
    ((3, 8, 8, 2), (2, 2, 2, 5), (1, 1), 'same'),
    ((2, 7, 10, 3), (4, 1, 3, 4), (1, 1), 'same'),
    ((2, 6, 9, 2), (1, 6, 2, 3), (2, 3), 'same'),
    ((2, 10, 11, 2), (5, 4, 2, 3), (3, 2), 'same'),
    ((1, 10, 11, 2), (5, 4, 2, 3), (3, 2), 'valid'),
    ((2, 5, 5, 4), (5, 5, 4, 1), (1, 1), 'valid'),
    ((2, 5, 6, 4), (7, 7, 4, 3), (2, 2), 'same'),
    ((2, 4, 4, 3), (1, 1, 3, 2), (3, 3), 'valid'),
    ((2, 1, 1, 1), (1, 1, 1, 1), (1, 1), 'same'),
    ((2, 12, 12, 32), (3, 3, 32, 16), (2, 1), 'valid'),
    ((2, 3, 70, 1), (2, 3, 1, 3), (1, 2), 'same'),
    ((2, 5, 31, 1), (3, 3, 1, 8), (1, 1), 'valid'),
    ((1, 5, 6, 2), (3, 3, 2, 2), (100, 100), 'same'),
    ((2, 7, 9, 9), (3, 2, 9, 8), (1, 1), 'same'),
    ((1, 6, 7, 70), (4, 5, 70, 3), (1, 1), 'same'),
] + [layer + (mode,) for mode in ('max', 'avg') for layer in (
    ((2, 8, 8, 3), (2, 2), (2, 2)),
    ((2, 9, 7, 1), (3, 3), (2, 2)),
    ((2, 9, 7, 2), (3, 2), (1, 1)),
    ((1, 9, 11, 2), (1, 4), (2, 3)),
    ((3, 10, 9, 2), (2, 2), (3, 4)),
    ((2, 5, 6, 4), (5, 6), (1, 1)),
    ((2, 1, 1, 1), (1, 1), (3, 1)),
    ((1, 3, 3, 1), (1, 1), (1, 1)),
    ((3, 13, 11, 2), (12, 11), (1, 1)),
    ((3, 13, 11, 2), (7, 5), (3, 2)))]
# more than a block: many images, large images, long rows, deep windows
LARGE = [
    ((70, 28, 28, 1), (5, 5, 1, 6), (1, 1), 'same'),
    ((1, 70, 90, 16), (3, 3, 16, 2), (1, 1), 'valid'),
    ((1, 3, 180, 64), (5, 5, 64, 64), (1, 1), 'same'),
    ((1, 4, 6, 520), (1, 2, 520, 2), (1, 1), 'valid'),
    ((3, 40, 40, 32), (3, 3, 32, 8), (2, 1), 'same'),
    ((1, 1, 100003, 1), (1, 101, 1, 1), (1, 1), 'same'),
] + [layer + (mode,) for mode in ('max', 'avg') for layer in (
    ((700, 7, 7, 16), (3, 3), (2, 2)),
    ((300, 28, 28, 2), (2, 2), (2, 2)),
    ((5, 110, 90, 8), (3, 3), (2, 2)),
    ((3, 140, 130, 8), (2, 3), (2, 1)),
    ((2, 61, 300, 9), (3, 2), (2, 2)),
    ((2, 50, 300, 9), (2, 3), (3, 1)),
    ((2, 7, 4100, 17), (3, 3), (2, 2)),
    ((1, 13, 30000, 2), (4, 2), (1, 1)),
    ((1, 13, 30000, 2), (2, 1), (5, 3)),
    ((3, 9, 7, 512), (7, 7), (1, 2)),
    ((4, 9, 40, 64), (3, 1), (4, 3)),
    ((2, 40, 60, 128), (3, 3), (4, 9)),
    ((1, 1, 8000, 1), (1, 4000), (1, 1)),
    ((2, 224, 224, 8), (224, 224), (1, 1)))]
# a layer, and how many MiB it may take besides its results, forward and back
MEMORY = [
    (((30000, 28, 28, 1), (5, 5, 1, 2), (1, 1), 'same'), 64, 64),
    (((30000, 28, 28, 1), (3, 3, 1, 2), (1, 1), 'valid'), 64, 64),
    (((1, 1, 1000003, 1), (1, 101, 1, 1), (1, 1), 'same'), 64, 64),
    # nearly all windows see zeros; one padded image is held at a time
    (((10, 28, 28, 1), (3, 3, 1, 1), (100, 100), 'same'), 70, 140),
] + [(layer + (mode,), most, most) for mode in ('max', 'avg')
     for layer, most in (
         (((1, 1, 8000, 1), (1, 8000), (1, 1)), 1.24),
         (((1, 8000, 1, 1), (8000, 1), (1, 1)), 1.24),
         (((1, 1, 8000, 1), (1, 4000), (1, 1)), 1.24),
         (((2, 224, 224, 8), (224, 224), (1, 1)), 25),
         (((4000, 28, 28, 2), (2, 2), (2, 2)), 10),
         (((4000, 28, 28, 2), (3, 3), (1, 1)), 10),
         (((4000, 28, 28, 2), (2, 2), (3, 3)), 10))]


def calls(rng, layer, dtype='f8', missing=0, digits=None):
    """Return the names and arguments of a layer's two calls.

    The gradient lacks some rows and columns. The numbers of A_prev are normal,
    or the digits below `digits`, many of which tie, or, with digits=0, all
    different, which makes a maximum one.
    """
    shape, kernel, stride, how = layer
    if digits is None:
        A_prev = rng.randn(*shape)
    elif digits:
        A_prev = rng.randint(0, digits, shape)
    else:
        A_prev = rng.permutation(np.prod(shape)).reshape(shape)
    kind, gradient, c = 'pool', 'dA', shape[3:]
    forward = {'A_prev': A_prev.astype(dtype), 'stride': stride}
    if len(kernel) == 2:
        forward.update(kernel_shape=kernel, mode=how)
    else:
        kind, gradient, c = 'conv', 'dZ', kernel[3:]
        forward.update(W=rng.randn(*kernel).astype(dtype), padding=how,
                       b=rng.randn(1, 1, 1, *c).astype(dtype))
    new = [max(1, (size if how == 'same' else (size - k) // s + 1) - missing)
           for size, k, s in zip(shape[1:], kernel, stride)]
    backward = dict(forward, **{gradient: rng.randn(
        shape[0], *new, *c).astype(dtype)})
    return [(kind + '_forward', forward), (kind + '_backward', backward)]


@pytest.mark.parametrize('layer', LAYERS)
@pytest.mark.parametrize('missing', [0, 1])
@pytest.mark.parametrize('digits', [None, 3])
def test_results_are_the_definition(rng, layer, missing, digits):
    """Results equal those of the plain loops, with ties or without."""
    for name, arguments in calls(rng, layer, missing=missing, digits=digits):
        for ours, theirs in zip(results(name, **arguments),
                                defined(name, **arguments)):
            close(ours, theirs)


@pytest.mark.parametrize('layer', LARGE)
def test_results_in_several_blocks(rng, layer):
    """Nothing is lost between blocks; each example is on its own."""
    for name, arguments in calls(rng, layer, digits=9):
        theirs = getattr(ladder, name.replace('forward', 'places').replace(
            'backward', 'backward_places'))(**{
                key: value for key, value in arguments.items()
                if key != 'b' or name == 'conv_forward'})
        theirs = theirs if isinstance(theirs, tuple) else [theirs]
        ours = results(name, **arguments)
        for one, other in zip(ours, theirs):
            close(one, other, 1e-11)
        last = results(name, **{
            key: value[-1:] if key in ('A_prev', 'dZ', 'dA') else value
            for key, value in arguments.items()})
        close(last[0], ours[0][-1:])
        odd = {key: value.copy() if key in ('A_prev', 'dZ', 'dA') else value
               for key, value in arguments.items()}
        for key in {'A_prev', 'dZ', 'dA'} & set(odd):
            odd[key][0, 0, 0] = np.nan      # the other examples stay the same
        close(results(name, **odd)[0][1:], ours[0][1:], 1e-11)


@pytest.mark.parametrize('layer, forward, backward', MEMORY)
def test_memory(rng, layer, forward, backward):
    """Many images, long rows and large windows go in blocks."""
    dtype = 'f4' if np.prod(layer[0]) > 10 ** 6 else 'f8'
    for (name, arguments), most in zip(calls(rng, layer, dtype, digits=9),
                                       (forward, backward)):
        tracemalloc.start()
        found = results(name, **arguments)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak - sum(array.nbytes for array in found) < most * 2 ** 20


@pytest.mark.filterwarnings('ignore:invalid value:RuntimeWarning')
@pytest.mark.parametrize('special', [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize('layer', [
    layer for layer in LAYERS if np.prod(layer[0]) < 700])
def test_nan_and_infinity_reach_what_depends_on_them(rng, layer, special):
    """At edges, and in the last example, which later ones could hide."""
    for name, arguments in calls(rng, layer):
        for key in {'A_prev', 'W', 'b', 'dZ', 'dA'} & set(arguments):
            for index in (0, 0, -1, 0), (-1, 0, 0, 0), (-1, -1, -1, -1):
                odd = dict(arguments, **{key: arguments[key].copy()})
                odd[key][index] = special
                for ours, theirs in zip(results(name, **odd),
                                        defined(name, **odd)):
                    np.testing.assert_allclose(ours, theirs, rtol=1e-11,
                                               atol=1e-13)


@pytest.mark.parametrize('layer', [
    layer for layer in LAYERS if np.prod(layer[0]) < 700])
def test_gradients_are_slopes(rng, layer):
    """Gradients equal central differences, too small to change a maximum."""
    (name, arguments), (_, backward) = calls(rng, layer, digits=0)
    dZ, = set(backward) - set(arguments)
    gradients = results(name.replace('forward', 'backward'), **backward)
    for key, gradient in zip(('A_prev', 'W', 'b'), gradients):
        array, slope = arguments[key], np.empty(arguments[key].shape)
        for index in np.ndindex(array.shape):
            kept, at = array[index], []
            for array[index] in kept + .25, kept - .25:
                at.append(results(name, **arguments)[0])
            array[index] = kept
            slope[index] = ((at[0] - at[1]) * backward[dZ]).sum() / .5
        close(gradient, slope, 1e-10)


def random_layers():
    """Return layers that TensorFlow computes as the course does.

    Its SAME is another at longer strides, and for even kernels.
    """
    rng = np.random.RandomState(1)
    for i in range(60):
        c, c_new = rng.randint(1, 33, 2)
        kh, kw = rng.choice([1, 3, 5, 7], 2) if i % 2 else rng.randint(1, 8, 2)
        stride = (1, 1) if i % 2 else tuple(map(int, rng.randint(1, 4, 2)))
        yield ((rng.randint(1, 5), kh + rng.randint(9), kw + rng.randint(9),
                c), (kh, kw, c, c_new), stride, 'same' if i % 2 else 'valid')


@pytest.mark.parametrize('dtype, rtol', [('f8', 1e-12), ('f4', 1e-5)])
@pytest.mark.parametrize('layer', list(random_layers()) + [
    layer for layer in LAYERS + LARGE if len(layer[1]) == 2])
def test_tensorflow_agrees(rng, layer, dtype, rtol):
    """Without ties, output and gradients equal TensorFlow's."""
    import tensorflow as tf
    forward, backward = calls(rng, layer, dtype, digits=0)
    arguments, stride = forward[1], layer[2]
    inputs = [tf.constant(arguments[key]) for key in ('A_prev', 'W', 'b')
              if key in arguments]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        if len(inputs) == 3:
            Z = tf.nn.conv2d(inputs[0], inputs[1], [1, *stride, 1],
                             layer[3].upper()) + inputs[2]
        else:
            Z = getattr(tf.nn, layer[3] + '_pool2d')(
                inputs[0], layer[1], stride, 'VALID')
    dZ, = set(backward[1]) - set(arguments)
    theirs = tape.gradient(Z, inputs, tf.constant(backward[1][dZ]))
    for one, other in zip(results(forward[0], **arguments) +
                          results(backward[0], **backward[1]), [Z] + theirs):
        assert one.dtype == dtype
        close(one, other.numpy(), rtol)


def test_activation_is_called_once_on_everything(rng):
    """The activation gets the whole batch, as a softmax over it requires."""
    arguments = calls(rng, ((1400,) + LAYERS[1][0][1:],) + LAYERS[1][1:])[0][1]
    seen = []

    def activation(Z):
        """Remember the shape, and return something else."""
        seen.append(Z.shape)
        return 'whatever the activation returns'

    assert function('conv_forward')(
        activation=activation, **arguments) == activation(np.empty(0))
    assert seen == [(1400, 9, 7, 2), (0,)]
