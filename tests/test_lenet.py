#!/usr/bin/env python3
"""Tasks 4 and 5: the layers, their first weights, and that they learn."""
import random

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
import tensorflow.keras as K

lenet5_graph = __import__('4-lenet5').lenet5
lenet5_keras = __import__('5-lenet5').lenet5

TF_LAYERS = tuple(map(int, tf.__version__.split('.')[:2])) < (2, 16)
NAMES = ['conv2d/kernel', 'conv2d/bias', 'conv2d_1/kernel', 'conv2d_1/bias',
         'dense/kernel', 'dense/bias', 'dense_1/kernel', 'dense_1/bias',
         'dense_2/kernel', 'dense_2/bias']
SHAPES = [(5, 5, 1, 6), (6,), (5, 5, 6, 16), (16,), (400, 120), (120,),
          (120, 84), (84,), (84, 10), (10,)]


def with_tf_layers(x, y):
    """Build the same network as the course did, out of tf.layers."""
    he_normal = tf.keras.initializers.VarianceScaling(scale=2.0)
    relu = {'activation': tf.nn.relu, 'kernel_initializer': he_normal}
    A = tf.layers.conv2d(x, 6, 5, padding='same', **relu)
    A = tf.layers.max_pooling2d(A, 2, 2)
    A = tf.layers.conv2d(A, 16, 5, padding='valid', **relu)
    A = tf.layers.max_pooling2d(A, 2, 2)
    A = tf.layers.flatten(A)
    A = tf.layers.dense(A, 120, **relu)
    A = tf.layers.dense(A, 84, **relu)
    logits = tf.layers.dense(A, 10, kernel_initializer=he_normal)
    y_pred = tf.nn.softmax(logits)
    loss = tf.losses.softmax_cross_entropy(y, logits)
    train_op = tf.train.AdamOptimizer().minimize(loss)
    correct = tf.equal(tf.argmax(y, 1), tf.argmax(y_pred, 1))
    acc = tf.reduce_mean(tf.cast(correct, tf.float32))
    return y_pred, train_op, loss, acc


def in_graph(build, use, seed=0):
    """Build a network in a graph of its own and return what `use` makes.

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
    """Return a function for `in_graph`: all names, first loss and accuracy.
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
    """The names, the first loss and the first accuracy are tf.layers' own."""
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


def he_normal_statistics(weights, biases):
    """Assert that weights were drawn by he_normal, each layer anew."""
    for W in weights:
        deviation = np.sqrt(2 / np.prod(W.shape[:-1]))
        # truncated at two deviations of the normal that is cut, whose own
        # deviation is 1 / 0.8796 of what is left
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
