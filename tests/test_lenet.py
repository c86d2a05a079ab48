#!/usr/bin/env python3
"""Tasks 4 and 5 have the right layers and initial weights, and they learn."""
import os
import random
import runpy

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
import tensorflow.keras as K

import lenet
from conftest import TESTS

lenet5_graph = __import__('4-lenet5').lenet5
lenet5_keras = __import__('5-lenet5').lenet5

TF_LAYERS = tuple(map(int, tf.__version__.split('.')[:2])) < (2, 16)
NAMES = [layer + '/' + variable for layer in (
    'conv2d', 'conv2d_1', 'dense', 'dense_1', 'dense_2')
    for variable in ('kernel:0', 'bias:0')]
# what x and y are, and their dtypes: every kind of dtype, each way
USES = [(way, dtype, 'placeholder', 'float32')
        for way in ('placeholder', 'array')
        for dtype in ('float16', 'float32', 'float64')]
USES += [('placeholder', 'float32', 'placeholder', dtype) for dtype in (
    'float16', 'float64', 'bool', 'int8', 'int32', 'int64', 'uint8', 'uint64')]
USES += [('array', 'float16', 'placeholder', 'uint8'),
         ('array', 'float64', 'array', 'bool'),
         ('placeholder', 'float32', 'array', 'float64'),
         ('placeholder', 'float32', 'array', 'int64')]
PLAIN = USES[1]


@pytest.fixture(scope='module')
def digits(mnist):
    """Return 32 images and their one-hot labels."""
    return mnist['X_valid'][:32, ..., None], np.eye(10)[mnist['Y_valid'][:32]]


def with_tf_layers(x, y):
    """Build the network as students did, with tf.layers."""
    path = os.path.join(TESTS, 'answers', '4-lenet5.py')
    return runpy.run_path(path)['lenet5'](x, y)


def trained(build, digits, use, weights=None, sizes=(None, None)):
    """Build a network as in USES, train it briefly, and return what happens.

    If `weights` are given, training starts from these, not from random ones.
    """
    feed = {}

    def argument(way, values, dtype, shape):
        """Return an array, or a placeholder that is fed with it."""
        values = values.astype(dtype)
        if way == 'array':
            return values
        placeholder = tf.placeholder(dtype, shape)
        feed[placeholder] = values
        return placeholder

    with tf.Graph().as_default() as graph, tf.Session() as sess:
        tf.set_random_seed(0)
        random.seed(0)
        outputs = y_pred, train_op, loss, acc = build(
            argument(use[0], digits[0], use[1], (sizes[0], 28, 28, 1)
                     if sizes[0] != 'unknown' else None),
            argument(use[2], digits[1], use[3], (sizes[1], 10)
                     if sizes[1] != 'unknown' else None))
        variables = tf.trainable_variables()
        sess.run(tf.global_variables_initializer())
        for variable, W in zip(variables, weights or ()):
            sess.run(variable.assign(W))
        before = sess.run(variables)
        first = sess.run((y_pred, loss, acc), feed)
        sess.run(train_op, feed)
        after = sess.run(variables)
        sess.run(train_op, feed)
        sess.run(train_op, feed)
        return {
            'names': [v.name for v in tf.global_variables()],
            'outputs': [t.name for t in outputs],
            'layers': [op.name for op in graph.get_operations()
                       if op.type in ('Conv2D', 'BiasAdd', 'Relu', 'MaxPool',
                                      'MatMul', 'Softmax')
                       and not op.name.startswith(('gradients', 'Adam'))],
            'dtypes': [t.dtype.name for t in variables + [y_pred, loss, acc]],
            'weights': before, 'first': first,
            'changed': [((new != old) & np.isfinite(new)).any()
                        for old, new in zip(before, after)],
            'last': sess.run(loss, feed)}


@pytest.mark.skipif(not TF_LAYERS, reason='tf.layers is gone from 2.16 on')
@pytest.mark.parametrize('use', USES[:3] + USES[-1:], ids=' '.join)
@pytest.mark.no_cover
def test_graph_equals_tf_layers(digits, use):
    """Placeholders and arrays of each dtype give what tf.layers gives."""
    ours = trained(lenet5_graph, digits, use)
    theirs = trained(with_tf_layers, digits, use)
    for seen in ('names', 'layers', 'dtypes', 'changed'):
        assert ours[seen] == theirs[seen]
    assert use[2] == 'array' or ours['outputs'] == theirs['outputs']
    assert all(ours['changed'])
    exact = {'rtol': 2e-3, 'atol': 1e-3} if use[1] == 'float16' else {
        'rtol': 1e-5, 'atol': 1e-7}
    for our, their in zip(ours['weights'], theirs['weights']):
        np.testing.assert_array_equal(our, their)
    for our, their in zip(ours['first'], theirs['first']):
        np.testing.assert_allclose(our, their, **exact)
    # in float16, Adam gives NaN, and does so with tf.layers, too
    np.testing.assert_allclose(ours['last'], theirs['last'], rtol=1e-3)


@pytest.fixture(scope='module')
def float32(digits):
    """Return what happens to the network with float32 placeholders."""
    return trained(lenet5_graph, digits, PLAIN)


@pytest.mark.parametrize('use, sizes', [
    (use, (None, None)) for use in USES] + [
    (PLAIN, sizes) for sizes in (
        (None, 'unknown'), ('unknown', None), ('unknown', 'unknown'),
        (32, 32))], ids=str)
@pytest.mark.no_cover
def test_graph_with_other_dtypes_and_shapes(digits, float32, use, sizes):
    """From the same weights, results are those of float32 placeholders."""
    seen = trained(lenet5_graph, digits, use,
                   None if use[1] == 'float32' else float32['weights'], sizes)
    assert seen['names'][:10] == NAMES
    assert use != PLAIN or seen['outputs'] == [
        'Softmax:0', 'Adam', 'softmax_cross_entropy_loss/value:0', 'Mean:0']
    assert seen['dtypes'] == 12 * [use[1]] + ['float32']
    assert all(seen['changed'])
    half = use[1] == 'float16'
    for got, expected in zip(seen['first'], float32['first']):
        np.testing.assert_allclose(got, expected, rtol=1e-2 if half else 1e-5,
                                   atol=2e-3 if half else 1e-6)
    if not half:
        assert float32['last'] < .95 * float32['first'][1]
        np.testing.assert_allclose(seen['last'], float32['last'], rtol=1e-3)


def test_graph_twice(digits):
    """A second network in the same graph has variables of its own."""
    with tf.Graph().as_default(), tf.Session() as sess:
        first, second = lenet5_graph(*digits), lenet5_graph(*digits)
        sess.run(tf.global_variables_initializer())
        before = sess.run((first[2], second[2]))
        sess.run(second[1])
        after = sess.run((first[2], second[2]))
        assert before[0] == after[0] and before[1] != after[1]
        assert len(tf.trainable_variables()) == 20
        assert second[0].name == 'Softmax_1:0'


def test_graph_computes_in_float64():
    """The prediction is the definition's to 12 digits, not to seven."""
    seen = trained(lenet5_graph, lenet.digits(), USES[2], lenet.weights())
    np.testing.assert_allclose(seen['first'][0], lenet.softmax(
        lenet.forward()), rtol=1e-12)


@pytest.mark.parametrize('network', ['graph', 'keras'])
def test_initializers(float32, network):
    """The weights end at two deviations, and differ in every layer."""
    values = float32['weights'] if network == 'graph' else lenet5_keras(
        K.Input(shape=(28, 28, 1))).get_weights()
    scaled = []
    for W in values[::2]:
        deviation = np.sqrt(2 / np.prod(W.shape[:-1]))
        # he_normal cuts a normal distribution off at two deviations; that
        # distribution has 1 / 0.8796 times the deviation of what is left
        assert np.abs(W).max() <= 2 * deviation / .8796 + 1e-6
        assert abs(W.mean()) < 4 * deviation / np.sqrt(W.size)
        scaled.append((W / W.std()).ravel()[:150])
        assert not any(np.allclose(scaled[-1], other, atol=.1)
                       for other in scaled[:-1])


@pytest.mark.parametrize('dtype, batch_size', [
    ('float16', None), ('float32', 16), ('float64', None)])
def test_keras_with_other_dtypes(digits, dtype, batch_size):
    """Images of each float dtype go into the same float32 network."""
    images, labels = digits[0].astype(dtype), digits[1]
    model = lenet5_keras(K.Input(shape=(28, 28, 1), dtype=dtype,
                                 batch_size=batch_size))
    float32 = lenet5_keras(K.Input(shape=(28, 28, 1)))
    float32.set_weights(model.get_weights())
    assert getattr(model.input.dtype, 'name', model.input.dtype) == dtype
    assert tuple(model.output_shape) == (batch_size, 10)
    before = model.get_weights()
    assert {W.dtype.name for W in before} == {'float32'}
    how = {'batch_size': 16, 'verbose': 0}
    np.testing.assert_allclose(
        model.predict(images, **how), float32.predict(digits[0], **how),
        rtol=1e-5 if dtype != 'float16' else 1e-2, atol=1e-6)
    losses = model.fit(images, labels, epochs=3, **how).history['loss']
    assert losses[2] < losses[0]
    assert all((new != old).any()
               for old, new in zip(before, model.get_weights()))


def placeholder(dtype, shape):
    """Return a function that makes a placeholder in a later graph."""
    return lambda: tf.placeholder(dtype, shape)


X, Y = placeholder('float32', (None, 28, 28, 1)), np.eye(10)[:4]
IMAGES = np.zeros((4, 28, 28, 1))
FITS = ', expected a placeholder or array that is floating'
NO_TENSOR = ', which cannot become a tensor'
NO_NUMBERS = [(value, type(value).__name__ + NO_TENSOR) for value in (
    None, object(), {}, [[1.], [1., 2.]], [1., 'a'], tf.constant(Y),
    np.full(IMAGES.shape, None), np.zeros(IMAGES.shape, 'datetime64[D]'))]
NO_NUMBERS += [
    (lambda: tf.sparse.placeholder(tf.float32, (4, 10)),
     'SparseTensor' + NO_TENSOR),
    ('digits', 'string'), (np.full(IMAGES.shape, 'a'), 'string')]
NO_NUMBERS += [(make, dtype) for dtype in ('complex64', 'complex128')
               for make in (placeholder(dtype, None), IMAGES.astype(dtype))]
INTEGERS = [(make, dtype) for dtype in (
    'bool', 'int8', 'int32', 'int64', 'uint8') for make in (
        placeholder(dtype, (4, 28, 28, 1)), IMAGES.astype(dtype))]
REFUSED = [(value, Y, TypeError, 'x is ' + what + FITS)
           for value, what in NO_NUMBERS + INTEGERS]
REFUSED += [(X, value, TypeError, 'y is ' + what + FITS +
             ' or integer or bool') for value, what in NO_NUMBERS]
REFUSED += [(x, y, ValueError, message) for x, y, message in (
    (placeholder('float32', (None, 32, 32, 1)), Y,
     'x has the shape (None, 32, 32, 1), expected (None, 28, 28, 1)'),
    (np.zeros((4, 28, 28)), Y,
     'x has the shape (4, 28, 28), expected (None, 28, 28, 1)'),
    (np.zeros((4, 28, 28, 3)), Y,
     'x has the shape (4, 28, 28, 3), expected (None, 28, 28, 1)'),
    (IMAGES, np.arange(4), 'y has the shape (4,), expected (4, 10)'),
    (IMAGES, Y[:3], 'y has the shape (3, 10), expected (4, 10)'),
    (X, placeholder('int32', (None, 9)),
     'y has the shape (None, 9), expected (None, 10)'),
    (placeholder('float32', None), placeholder('int32', (3, 9)),
     'y has the shape (3, 9), expected (None, 10)'))]


@pytest.mark.parametrize('x, y, kind, message', REFUSED)
def test_graph_refuses(x, y, kind, message):
    """The message says what it got and what fits; nothing is built before.

    A tensor belongs to a graph, so x and y may be functions that make one.
    """
    with tf.Graph().as_default():
        x = x() if callable(x) else x
        y = y() if callable(y) else y
        with pytest.raises(kind) as caught:
            lenet5_graph(x, y)
        assert not tf.global_variables()
    assert str(caught.value) == message


NO_INPUTS = [(value, type(value).__name__) for value in (
    None, 'digits', (None, 28, 28, 1), [], {}, len, IMAGES,
    tf.constant(IMAGES), [K.Input(shape=(28, 28, 1))], K.layers.Flatten(),
    K.Sequential())]
NO_INPUTS += [(K.Input(shape=(28, 28, 1), dtype=dtype), dtype) for dtype in (
    'int8', 'int32', 'int64', 'uint8', 'bool', 'complex64', 'string')]
# Keras 3 would make a model that leaves that layer out
NO_INPUTS += [(K.layers.Reshape((28, 28, 1))(K.Input(shape=(784,))),
               'the output of a layer')]
SHAPES_REFUSED = [(K.Input(shape=shape), (None,) + shape) for shape in (
    (32, 32, 1), (28, 28), (28, 28, 3), (None, None, 1), (28, 28, None), ())]
if TF_LAYERS:       # Keras 3 has no input of an unknown shape
    SHAPES_REFUSED += [(K.Input(type_spec=tf.TensorSpec(None, tf.float32)),
                        '<unknown>')]


@pytest.mark.parametrize('value, kind, message', [
    (value, TypeError, f'X is {what}, expected a K.Input of floats')
    for value, what in NO_INPUTS] + [
    (value, ValueError, f'X has the shape {shape}, expected (m, 28, 28, 1)')
    for value, shape in SHAPES_REFUSED])
def test_keras_refuses(value, kind, message):
    """The message says what it got and what fits; None is an unknown size."""
    with pytest.raises(kind) as caught:
        lenet5_keras(value)
    assert str(caught.value) == message
