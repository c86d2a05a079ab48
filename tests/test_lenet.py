#!/usr/bin/env python3
"""Tasks 4 and 5 have the right layers and initial weights, and they learn."""
import os
import random
import runpy

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
import tensorflow.keras as K

from conftest import TESTS, function
from lenet import SHAPES, relu

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


@pytest.mark.parametrize('use', USES, ids=' '.join)
@pytest.mark.no_cover
def test_graph_with_other_dtypes(digits, float32, use):
    """From the same weights, results are those of float32 placeholders."""
    seen = trained(lenet5_graph, digits, use,
                   None if use[1] == 'float32' else float32['weights'])
    assert seen['names'][:10] == NAMES
    assert seen['dtypes'] == 12 * [use[1]] + ['float32']
    assert all(seen['changed'])
    half = use[1] == 'float16'
    for got, expected in zip(seen['first'], float32['first']):
        np.testing.assert_allclose(got, expected, rtol=1e-2 if half else 1e-5,
                                   atol=2e-3 if half else 1e-6)
    if not half:
        assert float32['last'] < .95 * float32['first'][1]
        np.testing.assert_allclose(seen['last'], float32['last'], rtol=1e-3)


@pytest.mark.parametrize('sizes', [
    (None, 'unknown'), ('unknown', None), ('unknown', 'unknown'), (32, 32)])
def test_graph_with_unknown_or_fixed_shapes(digits, float32, sizes):
    """Unknown shapes and fixed sizes fit, and give the same loss."""
    seen = trained(lenet5_graph, digits, PLAIN, sizes=sizes)
    np.testing.assert_allclose(seen['first'][1], float32['first'][1],
                               rtol=1e-5)


def test_graph_names_and_shapes():
    """Variables and outputs are named as tf.layers names them."""
    with tf.Graph().as_default():
        y_pred, train_op, loss, acc = lenet5_graph(
            tf.placeholder(tf.float32, (None, 28, 28, 1)),
            tf.placeholder(tf.float32, (None, 10)))
        variables = tf.trainable_variables()
        assert [v.name for v in variables] == NAMES
        assert [tuple(v.shape) for v in variables] == SHAPES
        assert [(t.name, t.shape.as_list()) for t in (y_pred, loss, acc)] == [
            ('Softmax:0', [None, 10]),
            ('softmax_cross_entropy_loss/value:0', []), ('Mean:0', [])]
        assert isinstance(train_op, tf.Operation) and train_op.name == 'Adam'


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


def test_graph_computes_in_float64(digits):
    """The prediction is NumPy's to 12 digits, not to float32's seven."""
    seen = trained(lenet5_graph, digits, USES[2])
    W, b = seen['weights'][::2], seen['weights'][1::2]

    A = digits[0].astype(float)
    for i, padding in enumerate(('same', 'valid')):
        A = function('conv_forward')(A, W[i], b[i].reshape(1, 1, 1, -1), relu,
                                     padding)
        A = function('pool_forward')(A, (2, 2), (2, 2))
    A = A.reshape(32, 400)
    A = relu(relu(A @ W[2] + b[2]) @ W[3] + b[3])
    A = np.exp(A @ W[4] + b[4])
    np.testing.assert_allclose(seen['first'][0],
                               A / A.sum(axis=1, keepdims=True), rtol=1e-12)


@pytest.mark.parametrize('network', ['graph', 'keras'])
def test_initializers(float32, network):
    """he_normal weights, different in every layer; zero biases."""
    values = float32['weights'] if network == 'graph' else lenet5_keras(
        K.Input(shape=(28, 28, 1))).get_weights()
    assert [value.shape for value in values] == SHAPES
    assert not any(b.any() for b in values[1::2])
    scaled = []
    for W in values[::2]:
        deviation = np.sqrt(2 / np.prod(W.shape[:-1]))
        # he_normal cuts a normal distribution off at two deviations; that
        # distribution has 1 / 0.8796 times the deviation of what is left
        assert np.abs(W).max() <= 2 * deviation / .8796 + 1e-6
        assert abs(W.mean()) < 4 * deviation / np.sqrt(W.size)
        assert abs(W.std() / deviation - 1) < 4 / np.sqrt(2 * W.size)
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
X_FITS = ', expected a placeholder or array that is floating'
Y_FITS = X_FITS + ' or integer or bool'
NO_TENSOR = ', which cannot become a tensor'
REFUSED = [(value, type(value).__name__ + NO_TENSOR) for value in (
    None, object(), {}, [[1.], [1., 2.]], [1., 'a'],
    np.full((4, 28, 28, 1), None), np.zeros((4, 28, 28, 1), 'datetime64[D]'))]
REFUSED += [(value, 'string') for value in (
    'digits', ['a', 'b'], np.full((4, 28, 28, 1), 'a'))]
REFUSED += [(make, dtype) for dtype in ('complex64', 'complex128')
            for make in (placeholder(dtype, None), IMAGES.astype(dtype))]


def refusal(x, y):
    """Return what is raised; nothing may have been built before.

    A tensor belongs to a graph, so x and y may be functions that make one.
    """
    with tf.Graph().as_default():
        x = x() if callable(x) else x
        y = y() if callable(y) else y
        with pytest.raises((TypeError, ValueError)) as caught:
            lenet5_graph(x, y)
        assert not tf.global_variables()
    return caught.type, str(caught.value)


@pytest.mark.parametrize('value, what', REFUSED)
def test_graph_refuses_what_is_no_number(value, what):
    """The message names the argument, what it got and what fits."""
    assert refusal(value, Y) == (TypeError, 'x is ' + what + X_FITS)
    assert refusal(X, value) == (TypeError, 'y is ' + what + Y_FITS)


@pytest.mark.parametrize('dtype', ['bool', 'int8', 'int32', 'int64', 'uint8'])
def test_graph_refuses_images_of_integers(dtype):
    """The message names x, the dtype it got and those that fit."""
    for x in placeholder(dtype, (4, 28, 28, 1)), IMAGES.astype(dtype):
        assert refusal(x, Y) == (TypeError, 'x is ' + dtype + X_FITS)


def test_graph_refuses_sparse_and_eager_tensors():
    """The message says what kind of tensor it is."""
    def sparse():
        """Return a sparse tensor."""
        return tf.sparse.placeholder(tf.float32, (4, 10))

    eager = tf.constant(Y)          # made outside of any graph
    for x, y, message in (
            (sparse, Y, 'x is SparseTensor, '),
            (X, sparse, 'y is SparseTensor, '),
            (X, eager, 'y is EagerTensor, ')):
        kind, found = refusal(x, y)
        assert kind is TypeError and found.startswith(message)


@pytest.mark.parametrize('x, y, message', [
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
     'y has the shape (3, 9), expected (None, 10)')])
def test_graph_refuses_other_shapes(x, y, message):
    """Only the placeholders' shapes fit, and y needs a row for each image."""
    assert refusal(x, y) == (ValueError, message)


@pytest.mark.parametrize('shape', [
    (32, 32, 1), (28, 28), (28, 28, 3), (None, None, 1), (28, 28, None), ()])
def test_keras_refuses_other_shapes(shape):
    """The message gives the sizes, with None for those that are unknown."""
    with pytest.raises(ValueError) as caught:
        lenet5_keras(K.Input(shape=shape))
    assert str(caught.value) == (
        f'X has the shape {(None,) + shape}, expected (m, 28, 28, 1)')


@pytest.mark.skipif(not TF_LAYERS, reason='Keras 3 has no such K.Input')
def test_keras_refuses_an_unknown_shape():
    """A K.Input is refused if even its number of dimensions is unknown."""
    with pytest.raises(ValueError, match='^X has the shape <unknown>, '
                       r'expected \(m, 28, 28, 1\)$'):
        lenet5_keras(K.Input(type_spec=tf.TensorSpec(None, tf.float32)))


@pytest.mark.parametrize('value, what', [
    (value, type(value).__name__) for value in (
        None, 'digits', (None, 28, 28, 1), [], {}, len, IMAGES,
        tf.constant(IMAGES), [K.Input(shape=(28, 28, 1))], K.layers.Flatten(),
        K.Sequential())] + [
    (K.Input(shape=(28, 28, 1), dtype=dtype), dtype) for dtype in (
        'int8', 'int32', 'int64', 'uint8', 'bool', 'complex64', 'string')] + [
    # Keras 3 would make a model that leaves that layer out
    (K.layers.Reshape((28, 28, 1))(K.Input(shape=(784,))),
     'the output of a layer')])
def test_keras_refuses_what_is_no_input(value, what):
    """The message names X, what it got and what fits."""
    with pytest.raises(TypeError) as caught:
        lenet5_keras(value)
    assert str(caught.value) == (
        'X is ' + what + ', expected a K.Input of floats')
