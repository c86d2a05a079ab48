#!/usr/bin/env python3
"""Tasks 4 and 5 have the right layers and initial weights, and they learn."""
import os
import random
import runpy

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
import tensorflow.keras as K

from conftest import TESTS

conv_forward = __import__('0-conv_forward').conv_forward
pool_forward = __import__('1-pool_forward').pool_forward
lenet5_graph = __import__('4-lenet5').lenet5
lenet5_keras = __import__('5-lenet5').lenet5

TF_LAYERS = tuple(map(int, tf.__version__.split('.')[:2])) < (2, 16)
NAMES = ['conv2d/kernel', 'conv2d/bias', 'conv2d_1/kernel', 'conv2d_1/bias',
         'dense/kernel', 'dense/bias', 'dense_1/kernel', 'dense_1/bias',
         'dense_2/kernel', 'dense_2/bias']
SHAPES = [(5, 5, 1, 6), (6,), (5, 5, 6, 16), (16,), (400, 120), (120,),
          (120, 84), (84,), (84, 10), (10,)]
FLOATS = ['float16', 'float32', 'float64']
NUMBERS = FLOATS + ['bool', 'int8', 'int16', 'int32', 'int64', 'uint8',
                    'uint16', 'uint32', 'uint64']
# what x and y are, and their dtypes: every valid dtype, each way
USES = [(way, dtype, 'placeholder', 'float32')
        for way in ('placeholder', 'array') for dtype in FLOATS]
USES += [('placeholder', 'float32', way, dtype)
         for way in ('placeholder', 'array') for dtype in NUMBERS
         if (way, dtype) != ('placeholder', 'float32')]     # is above
USES += [('array', dtype, 'array', dtype) for dtype in FLOATS]
USES += [('placeholder', 'float64', 'array', 'bool'),
         ('array', 'float16', 'placeholder', 'uint8')]


def with_tf_layers(x, y):
    """Build the network as students did, with tf.layers."""
    path = os.path.join(TESTS, 'answers', '4-lenet5.py')
    return runpy.run_path(path)['lenet5'](x, y)


def in_graph(build, use, seed=0):
    """Build a network in a graph of its own and return what `use` returns.

    `use` gets the session, the placeholders x and y (digits), and what
    `build` returned.
    """
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.set_random_seed(seed)
        random.seed(seed)
        x = tf.placeholder(tf.float32, (None, 28, 28, 1))
        y = tf.placeholder(tf.int32, (None,))
        outputs = build(x, tf.one_hot(y, 10))
        sess.run(tf.global_variables_initializer())
        return use(sess, x, y, *outputs)


def names_and_numbers(mnist):
    """Return a function for `in_graph` that returns names and first results.
    """
    def use(sess, x, y, y_pred, train_op, loss, acc):
        """Evaluate before any training."""
        layers = [op.name for op in sess.graph.get_operations()
                  if op.type in ('Conv2D', 'BiasAdd', 'Relu', 'MaxPool',
                                 'MatMul', 'Softmax')
                  and not op.name.startswith(('gradients', 'Adam'))]
        return (layers, [v.name for v in tf.global_variables()],
                [t.name for t in (y_pred, train_op, loss, acc)],
                sess.run((y_pred, loss, acc),
                         {x: mnist['X_valid'][..., None],
                          y: mnist['Y_valid']}))
    return use


@pytest.mark.skipif(not TF_LAYERS, reason='tf.layers is gone from 2.16 on')
@pytest.mark.parametrize('seed', [0, 7])
def test_graph_equals_tf_layers(mnist, seed):
    """Names, first loss and first accuracy equal those of tf.layers."""
    ours = in_graph(lenet5_graph, names_and_numbers(mnist), seed)
    theirs = in_graph(with_tf_layers, names_and_numbers(mnist), seed)
    assert ours[:3] == theirs[:3]
    for our, their in zip(ours[3], theirs[3]):
        np.testing.assert_allclose(our, their, rtol=1e-5, atol=1e-7)


def test_graph_names_and_shapes():
    """Variables and outputs are named as tf.layers names them."""
    def use(sess, x, y, y_pred, train_op, loss, acc):
        """Look at the graph."""
        variables = tf.trainable_variables()
        assert [v.name for v in variables] == [n + ':0' for n in NAMES]
        assert [tuple(v.shape) for v in variables] == SHAPES
        assert y_pred.name == 'Softmax:0'
        assert tuple(y_pred.shape) == (None, 10)
        assert loss.name == 'softmax_cross_entropy_loss/value:0'
        assert tuple(loss.shape) == ()
        assert acc.name == 'Mean:0' and tuple(acc.shape) == ()
        assert isinstance(train_op, tf.Operation) and train_op.name == 'Adam'
        images = np.zeros((3, 28, 28, 1))
        shapes = [sess.run(name + ':0', {x: images}).shape for name in (
            'conv2d/Relu', 'max_pooling2d/MaxPool', 'conv2d_1/Relu',
            'max_pooling2d_1/MaxPool', 'dense/Relu', 'dense_1/Relu')]
        assert shapes == [(3, 28, 28, 6), (3, 14, 14, 6), (3, 10, 10, 16),
                          (3, 5, 5, 16), (3, 120), (3, 84)]
    in_graph(lenet5_graph, use)


def test_graph_twice():
    """A second network in the same graph has variables of its own."""
    def twice(x, y):
        """Build two networks."""
        return lenet5_graph(x, y), lenet5_graph(x, y)

    def use(sess, x, y, first, second):
        """Train the second; the first must stay as it was."""
        feed = {x: np.ones((4, 28, 28, 1)), y: [0, 1, 2, 3]}
        before = sess.run((first[2], second[2]), feed)
        sess.run(second[1], feed)
        after = sess.run((first[2], second[2]), feed)
        assert before[0] == after[0] and before[1] != after[1]
        assert len(tf.trainable_variables()) == 20
        assert second[0].name == 'Softmax_1:0'
    in_graph(twice, use)


def trained(build, mnist, use, weights=None):
    """Build a network as in USES, train it briefly, and return what happens.

    If `weights` are given, training starts from these, not from random ones.
    """
    x_way, x_dtype, y_way, y_dtype = use
    feed = {}

    def argument(way, values, shape):
        """Return an array, or a placeholder that is fed with it."""
        if way == 'array':
            return values
        placeholder = tf.placeholder(values.dtype, shape)
        feed[placeholder] = values
        return placeholder

    with tf.Graph().as_default(), tf.Session() as sess:
        tf.set_random_seed(0)
        random.seed(0)
        images = mnist['X_valid'][:32, ..., None].astype(x_dtype)
        labels = np.eye(10)[mnist['Y_valid'][:32]].astype(y_dtype)
        y_pred, train_op, loss, acc = build(
            argument(x_way, images, (None, 28, 28, 1)),
            argument(y_way, labels, (None, 10)))
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
            'outputs': [t.name for t in (y_pred, train_op, loss, acc)],
            'dtypes': [t.dtype.name for t in variables + [y_pred, loss, acc]],
            'weights': before, 'first': first,
            'changed': [((new != old) & np.isfinite(new)).any()
                        for old, new in zip(before, after)],
            'last': sess.run(loss, feed)}


@pytest.mark.skipif(not TF_LAYERS, reason='tf.layers is gone from 2.16 on')
@pytest.mark.parametrize('use', USES, ids=' '.join)
@pytest.mark.no_cover
def test_graph_equals_tf_layers_with_other_dtypes(mnist, use):
    """Placeholders and arrays of every dtype give what tf.layers gives."""
    ours = trained(lenet5_graph, mnist, use)
    theirs = trained(with_tf_layers, mnist, use)
    for seen in ('names', 'dtypes', 'changed'):
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
def float32(mnist):
    """Return what happens to the network with float32 placeholders."""
    return trained(lenet5_graph, mnist, USES[1])


@pytest.mark.skipif(TF_LAYERS, reason='compared with tf.layers itself')
@pytest.mark.parametrize('use', USES, ids=' '.join)
@pytest.mark.no_cover
def test_graph_with_other_dtypes(mnist, float32, use):
    """From the same weights, results are those of float32 placeholders."""
    seen = trained(lenet5_graph, mnist, use,
                   None if use[1] == 'float32' else float32['weights'])
    assert [name + ':0' for name in NAMES] == seen['names'][:10]
    assert seen['dtypes'] == 12 * [use[1]] + ['float32']
    assert all(seen['changed'])
    half = use[1] == 'float16'
    for got, expected in zip(seen['first'], float32['first']):
        np.testing.assert_allclose(got, expected, rtol=1e-2 if half else 1e-5,
                                   atol=2e-3 if half else 1e-6)
    if not half:
        assert float32['last'] < .95 * float32['first'][1]
        np.testing.assert_allclose(seen['last'], float32['last'], rtol=1e-3)


@pytest.mark.parametrize('dtype', ['float16', 'float64'])
def test_graph_initializers_of_other_dtypes(mnist, dtype):
    """he_normal weights, different in every layer; zero biases."""
    values = trained(lenet5_graph, mnist, (
        'placeholder', dtype, 'placeholder', 'float32'))['weights']
    values = [value.astype(float) for value in values]
    assert [value.shape for value in values] == SHAPES
    he_normal_statistics(values[::2], values[1::2])


def test_graph_computes_in_float64(mnist):
    """The prediction is NumPy's to 12 digits, not to float32's seven."""
    seen = trained(lenet5_graph, mnist, (
        'placeholder', 'float64', 'placeholder', 'float32'))
    W, b = seen['weights'][::2], seen['weights'][1::2]

    def relu(Z):
        """Return the positive part."""
        return np.maximum(Z, 0)

    A = mnist['X_valid'][:32, ..., None].astype(float)
    for i, padding in enumerate(('same', 'valid')):
        A = conv_forward(A, W[i], b[i].reshape(1, 1, 1, -1), relu, padding)
        A = pool_forward(A, (2, 2), (2, 2))
    A = A.reshape(32, 400)
    A = relu(relu(A @ W[2] + b[2]) @ W[3] + b[3])
    A = np.exp(A @ W[4] + b[4])
    np.testing.assert_allclose(seen['first'][0],
                               A / A.sum(axis=1, keepdims=True), rtol=1e-12)


@pytest.mark.parametrize('x, y', [
    (None, (None, 10)), ((None, 28, 28, 1), None), (None, None),
    ((None,) * 4, (None, None)), ((4, 28, 28, 1), (4, 10))])
def test_graph_with_unknown_or_fixed_shapes(x, y):
    """Unknown sizes and fixed sizes fit, and give the same loss."""
    images = np.random.RandomState(0).rand(4, 28, 28, 1)

    def first(x_shape, y_shape):
        """Return the first loss."""
        with tf.Graph().as_default(), tf.Session() as sess:
            tf.set_random_seed(0)
            random.seed(0)
            x = tf.placeholder(tf.float32, x_shape)
            y = tf.placeholder(tf.float32, y_shape)
            outputs = lenet5_graph(x, y)
            sess.run(tf.global_variables_initializer())
            loss = sess.run(outputs[2], {x: images, y: np.eye(10)[:4]})
            sess.run(outputs[1], {x: images, y: np.eye(10)[:4]})
            return loss
    np.testing.assert_allclose(first(x, y), first(
        (None, 28, 28, 1), (None, 10)), rtol=1e-5)


def he_normal_statistics(weights, biases):
    """Assert that he_normal drew the weights, anew for each layer."""
    for W in weights:
        deviation = np.sqrt(2 / np.prod(W.shape[:-1]))
        # he_normal cuts a normal distribution off at two deviations; that
        # distribution has 1 / 0.8796 times the deviation of what is left
        assert np.abs(W).max() <= 2 * deviation / .8796 + 1e-6
        assert abs(W.mean()) < 4 * deviation / np.sqrt(W.size)
        assert abs(W.std() / deviation - 1) < 4 / np.sqrt(2 * W.size)
    for b in biases:
        assert not b.any()
    scaled = [(W / W.std()).ravel()[:150] for W in weights]
    for i, first in enumerate(scaled):
        for second in scaled[:i]:
            assert not np.allclose(first, second, atol=.1)


def test_graph_initializers():
    """he_normal weights, different in every layer; zero biases."""
    def use(sess, *_):
        """Look at the variables."""
        values = sess.run(tf.trainable_variables())
        he_normal_statistics(values[::2], values[1::2])
    in_graph(lenet5_graph, use)


def test_keras_model():
    """The layers, the 61,706 parameters, he_normal, Adam and accuracy."""
    model = lenet5_keras(K.Input(shape=(28, 28, 1)))
    assert model.count_params() == 61706
    variables = model.get_weights()
    assert [v.shape for v in variables] == SHAPES
    he_normal_statistics(variables[::2], variables[1::2])
    configs = [layer.get_config() for layer in model.layers[1:]]
    assert [layer.__class__.__name__ for layer in model.layers[1:]] == [
        'Conv2D', 'MaxPooling2D', 'Conv2D', 'MaxPooling2D', 'Flatten',
        'Dense', 'Dense', 'Dense']
    assert [c['activation'] for c in configs if 'activation' in c] == [
        'relu', 'relu', 'relu', 'relu', 'softmax']
    assert [c['padding'] for c in configs if 'padding' in c] == [
        'same', 'valid', 'valid', 'valid']
    for config in configs:
        if 'pool_size' in config:
            assert tuple(config['pool_size']) == (2, 2)
            assert tuple(config['strides']) == (2, 2)
    initializers = [layer.kernel_initializer for layer in model.layers
                    if hasattr(layer, 'kernel_initializer')]
    assert len(set(map(id, initializers))) == 5
    optimizer, default = model.optimizer.get_config(), K.optimizers.Adam()
    assert isinstance(model.optimizer, K.optimizers.Adam)
    for name, value in default.get_config().items():
        if name != 'name':
            np.testing.assert_allclose(optimizer[name] or 0, value or 0)
    assert model.loss == 'categorical_crossentropy'


@pytest.mark.parametrize('x, y, named', [
    ((None, 32, 32, 1), (None, 10), 'x'),
    ((None, 28, 28), (None, 10), 'x'),
    ((None, 28, 28, 3), (None, 10), 'x'),
    ((None, 28, 28, 1), (None,), 'y'),
    ((None, 28, 28, 1), (None, 9), 'y')])
def test_graph_refuses_other_shapes(x, y, named):
    """The message names the argument, what it got and what would fit."""
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match='^{} has the shape .*28|10'
                           .format(named)):
            lenet5_graph(tf.placeholder(tf.float32, x),
                         tf.placeholder(tf.float32, y))


@pytest.mark.parametrize('shape', [(32, 32, 1), (28, 28), (28, 28, 3)])
def test_keras_refuses_other_shapes(shape):
    """The message names the argument, what it got and what would fit."""
    with pytest.raises(ValueError, match=r'^X has the shape .*28, 28, 1'):
        lenet5_keras(K.Input(shape=shape))


def placeholder(dtype, shape):
    """Return a function that makes a placeholder in a later graph."""
    return lambda: tf.placeholder(dtype, shape)


NO_TENSORS = {
    'None': None, 'object': object(), 'dict': {},
    'ragged list': [[1.], [1., 2.]], 'mixed list': [1., 'a'],
    'array of objects': np.full((4, 28, 28, 1), None),
    'array of dates': np.zeros((4, 28, 28, 1), 'datetime64[D]')}
STRINGS = {'a string': 'digits', 'strings': ['a', 'b'],
           'array of strings': np.full((4, 28, 28, 1), 'a')}


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
    assert '\n' not in str(caught.value)
    return caught.type, str(caught.value)


@pytest.mark.parametrize('name', NO_TENSORS)
def test_graph_refuses_what_is_no_tensor(name):
    """The message names the argument, the type it got and what fits."""
    value = NO_TENSORS[name]
    message = '{{}} is {}, which cannot become a tensor, expected a {}'.format(
        type(value).__name__, 'placeholder or array that is floating')
    assert refusal(value, np.eye(10)[:4]) == (TypeError, message.format('x'))
    assert refusal(placeholder('float32', (None, 28, 28, 1)), value) == (
        TypeError, message.format('y') + ' or integer or bool')


def test_graph_refuses_sparse_and_eager_tensors():
    """The message says what kind of tensor it is."""
    images = placeholder('float32', (None, 28, 28, 1))
    kind, message = refusal(
        lambda: tf.sparse.placeholder(tf.float32, (4, 28, 28, 1)),
        np.eye(10)[:4])
    assert kind is TypeError and message.startswith('x is SparseTensor, ')
    kind, message = refusal(images, lambda: tf.sparse.placeholder(
        tf.float32, (4, 10)))
    assert kind is TypeError and message.startswith('y is SparseTensor, ')
    eager = tf.constant(np.eye(10)[:4])     # made outside of any graph
    kind, message = refusal(images, eager)
    assert kind is TypeError and message.startswith('y is EagerTensor, ')


@pytest.mark.parametrize('dtype', [
    'bool', 'int8', 'int32', 'int64', 'uint8', 'complex64', 'complex128'])
@pytest.mark.parametrize('way', ['placeholder', 'array'])
def test_graph_refuses_images_of_other_dtypes(way, dtype):
    """The message names x, the dtype it got and those that fit."""
    x = np.zeros((4, 28, 28, 1), dtype)
    if way == 'placeholder':
        x = placeholder(dtype, x.shape)
    assert refusal(x, np.eye(10)[:4]) == (
        TypeError, 'x is {}, expected a placeholder or array that is '
        'floating'.format(dtype))


@pytest.mark.parametrize('dtype', ['complex64', 'complex128'])
@pytest.mark.parametrize('way', ['placeholder', 'array'])
def test_graph_refuses_labels_of_other_dtypes(way, dtype):
    """The message names y, the dtype it got and those that fit."""
    y = np.eye(10)[:4].astype(dtype)
    if way == 'placeholder':
        y = placeholder(dtype, y.shape)
    assert refusal(placeholder('float32', (None, 28, 28, 1)), y) == (
        TypeError, 'y is {}, expected a placeholder or array that is '
        'floating or integer or bool'.format(dtype))


@pytest.mark.parametrize('name', STRINGS)
def test_graph_refuses_strings(name):
    """A string is a tensor to TensorFlow, but not one of numbers."""
    kind, message = refusal(STRINGS[name], np.eye(10)[:4])
    assert kind is TypeError and message.startswith('x is string, expected ')
    kind, message = refusal(placeholder('float32', (None, 28, 28, 1)),
                            STRINGS[name])
    assert kind is TypeError and message.startswith('y is string, expected ')
    kind, message = refusal(placeholder('string', (None, 28, 28, 1)),
                            np.eye(10)[:4])
    assert kind is TypeError and message.startswith('x is string, expected ')


@pytest.mark.parametrize('x, y, message', [
    (np.zeros((4, 28, 28)), np.eye(10)[:4],
     'x has the shape (4, 28, 28), expected (None, 28, 28, 1)'),
    (np.zeros((4, 28, 28, 3)), np.eye(10)[:4],
     'x has the shape (4, 28, 28, 3), expected (None, 28, 28, 1)'),
    (np.zeros((4, 28, 28, 1)), np.arange(4),
     'y has the shape (4,), expected (4, 10)'),
    (np.zeros((4, 28, 28, 1)), np.eye(10)[:3],
     'y has the shape (3, 10), expected (4, 10)'),
    (placeholder('float32', (4, 28, 28, 1)), placeholder('int32', (3, 10)),
     'y has the shape (3, 10), expected (4, 10)'),
    (placeholder('float32', None), placeholder('int32', (3, 9)),
     'y has the shape (3, 9), expected (None, 10)')])
def test_graph_refuses_arrays_of_other_shapes(x, y, message):
    """Only the placeholders' shapes fit, and y needs a row for each image."""
    assert refusal(x, y) == (ValueError, message)


@pytest.mark.parametrize('dtype', FLOATS)
def test_keras_with_other_dtypes(mnist, dtype):
    """Images of each float dtype go into the same float32 network."""
    images = mnist['X_valid'][:32, ..., None]
    labels = np.eye(10)[mnist['Y_valid'][:32]]
    model = lenet5_keras(K.Input(shape=(28, 28, 1), dtype=dtype))
    float32 = lenet5_keras(K.Input(shape=(28, 28, 1)))
    float32.set_weights(model.get_weights())
    assert getattr(model.input.dtype, 'name', model.input.dtype) == dtype
    before = model.get_weights()
    assert {W.dtype.name for W in before} == {'float32'}
    np.testing.assert_allclose(
        model.predict(images.astype(dtype), verbose=0),
        float32.predict(images, verbose=0), rtol=1e-5 if dtype != 'float16'
        else 1e-2, atol=1e-6)
    losses = model.fit(images.astype(dtype), labels, epochs=3,
                       verbose=0).history['loss']
    assert losses[2] < losses[0]
    assert all((new != old).any()
               for old, new in zip(before, model.get_weights()))


def test_keras_with_a_batch_size(mnist):
    """A model for batches of one size trains."""
    model = lenet5_keras(K.Input(shape=(28, 28, 1), batch_size=16))
    assert tuple(model.input_shape) == (16, 28, 28, 1)
    assert tuple(model.output_shape) == (16, 10)
    losses = model.fit(mnist['X_valid'][:32, ..., None],
                       np.eye(10)[mnist['Y_valid'][:32]], batch_size=16,
                       epochs=3, verbose=0).history['loss']
    assert losses[2] < losses[0]


@pytest.mark.parametrize('dtype', ['int8', 'int32', 'int64', 'uint8', 'bool',
                                   'complex64', 'string'])
def test_keras_refuses_other_dtypes(dtype):
    """The message names X, the dtype it got and what fits."""
    with pytest.raises(TypeError, match='^X is {}, expected a K.Input of '
                       'floats$'.format(dtype)):
        lenet5_keras(K.Input(shape=(28, 28, 1), dtype=dtype))


@pytest.mark.parametrize('value', [
    None, 'digits', (None, 28, 28, 1), [], {}, len,
    np.zeros((4, 28, 28, 1)), np.zeros((4, 28, 28, 1), int),
    np.zeros((4, 28, 28)), tf.constant(np.zeros((4, 28, 28, 1))),
    [K.Input(shape=(28, 28, 1))], K.layers.Flatten(),
    K.Sequential()], ids=lambda value: type(value).__name__)
def test_keras_refuses_what_is_no_input(value):
    """The message names X, the type it got and what fits."""
    with pytest.raises(TypeError, match='^X is {}, expected a K.Input of '
                       'floats$'.format(type(value).__name__)):
        lenet5_keras(value)


def test_keras_refuses_the_output_of_a_layer():
    """Keras 3 would make a model that leaves that layer out."""
    images = K.Input(shape=(784,))
    with pytest.raises(TypeError, match='^X is the output of a layer, '
                       'expected a K.Input of floats$'):
        lenet5_keras(K.layers.Reshape((28, 28, 1))(images))


@pytest.mark.parametrize('shape', [
    (None, None, 1), (28, 28, None), (None, 28, 1), (None, None, None), ()])
def test_keras_refuses_unknown_sizes(shape):
    """The message gives the sizes, with None for those that are unknown."""
    with pytest.raises(ValueError) as caught:
        lenet5_keras(K.Input(shape=shape))
    assert str(caught.value) == (
        'X has the shape {}, expected (m, 28, 28, 1)'.format((None,) + shape))


@pytest.mark.skipif(not TF_LAYERS, reason='Keras 3 has no such K.Input')
def test_keras_refuses_an_unknown_shape():
    """A K.Input is refused if even its number of dimensions is unknown."""
    with pytest.raises(ValueError, match='^X has the shape <unknown>, '
                       r'expected \(m, 28, 28, 1\)$'):
        lenet5_keras(K.Input(type_spec=tf.TensorSpec(None, tf.float32)))
