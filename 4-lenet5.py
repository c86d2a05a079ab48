#!/usr/bin/env python3
"""A modified LeNet-5, as a TensorFlow 1 graph.

The idea: a layer is a few `tf.nn` operations and two variables, inside a scope
that carries the layer's name. `tf.layers` did the same under these very names
until TensorFlow 2.16 dropped it; written out, the graph builds on every
TensorFlow since 2.6, and one sees what a layer is.
"""
import tensorflow.compat.v1 as tf


def lenet5(x, y):
    """Build a modified version of LeNet-5.

    | layer                               | output shape    | variables      |
    |-------------------------------------|-----------------|----------------|
    | convolution, 6 5x5, 'same', ReLU    | (m, 28, 28, 6)  | conv2d/...     |
    | max pooling, 2x2, strides 2x2       | (m, 14, 14, 6)  |                |
    | convolution, 16 5x5, 'valid', ReLU  | (m, 10, 10, 16) | conv2d_1/...   |
    | max pooling, 2x2, strides 2x2       | (m, 5, 5, 16)   |                |
    | fully connected, ReLU               | (m, 120)        | dense/...      |
    | fully connected, ReLU               | (m, 84)         | dense_1/...    |
    | fully connected, softmax            | (m, 10)         | dense_2/...    |

    Parameters
    ----------
    x : tf.placeholder or numpy.ndarray, float, shape (m, 28, 28, 1)
        The input images; the variables have their dtype. In float16 Adam's
        epsilon, 1e-8, is 0, so training gives NaN, as with `tf.layers`.
    y : tf.placeholder or numpy.ndarray, float, integer or bool, shape (m, 10)
        The one-hot labels.

    Returns
    -------
    y_pred : tf.Tensor, dtype of x, shape (m, 10)
        The softmax activated output.
    train_op : tf.Operation
        One step of Adam (Kingma and Ba, 2015), default hyperparameters.
    loss : tf.Tensor, dtype of x, shape ()
        The softmax cross-entropy, averaged over the examples.
    acc : tf.Tensor, float32, shape ()
        The share of the examples that are classified correctly.

    Raises
    ------
    TypeError
        If x or y has another dtype, or cannot become a tensor.
    ValueError
        If x or y has another shape.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner: "Gradient-Based Learning Applied to
    Document Recognition", Proceedings of the IEEE 86 (11), 1998. He, Zhang,
    Ren, Sun: "Delving Deep into Rectifiers", ICCV 2015 (the initial weights).
    """
    x = _tensor('x', x, (None, 28, 28, 1), 'floating')
    y = _tensor('y', y, x.shape[:1].concatenate(10), 'floating', 'integer',
                'bool')

    A = _convolution(x, 1, 6, 'SAME')           # (m, 28, 28, 6)
    A = _max_pooling(A)                         # (m, 14, 14, 6)
    A = _convolution(A, 6, 16, 'VALID')         # (m, 10, 10, 16)
    A = _max_pooling(A)                         # (m, 5, 5, 16)
    A = _flatten(A, 400)                        # (m, 400)
    A = _fully_connected(A, 400, 120, tf.nn.relu)   # (m, 120)
    A = _fully_connected(A, 120, 84, tf.nn.relu)    # (m, 84)
    logits = _fully_connected(A, 84, 10)            # (m, 10)

    y_pred = tf.nn.softmax(logits)
    loss = tf.losses.softmax_cross_entropy(y, logits)
    train_op = tf.train.AdamOptimizer().minimize(loss)
    correct = tf.equal(tf.argmax(y, 1), tf.argmax(y_pred, 1))
    acc = tf.reduce_mean(tf.cast(correct, tf.float32))
    return y_pred, train_op, loss, acc


def _tensor(name, value, shape, *kinds):
    """Return a value as a tensor, or raise unless kind and shape fit."""
    fits = 'expected a placeholder or array that is ' + ' or '.join(kinds)
    try:
        tensor = tf.convert_to_tensor(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f'{name} is {type(value).__name__}, which cannot '
                        f'become a tensor, {fits}') from error
    if not any(getattr(tensor.dtype, 'is_' + kind) for kind in kinds):
        raise TypeError(f'{name} is {tensor.dtype.name}, {fits}')
    if not tensor.shape.is_compatible_with(shape):
        raise ValueError(
            f'{name} has the shape {tensor.shape}, expected {shape}')
    return tensor


def _weights(dtype, *shape):
    """Create a layer's two variables, he_normal weights and zero biases.

    The initializer is a new object each time: on today's Keras one object
    shared by several layers would draw the same numbers for each.
    """
    he_normal = tf.keras.initializers.VarianceScaling(scale=2.0)
    W = tf.get_variable('kernel', shape, dtype, he_normal)
    b = tf.get_variable('bias', shape[-1:], dtype, tf.zeros_initializer())
    return W, b


def _convolution(A_prev, c_prev, c_new, padding):
    """Add a convolution with 5x5 kernels and ReLU."""
    with tf.variable_scope(None, default_name='conv2d'):
        W, b = _weights(A_prev.dtype, 5, 5, c_prev, c_new)
        Z = tf.nn.conv2d(A_prev, W, strides=(1, 1), padding=padding)
        return tf.nn.relu(tf.nn.bias_add(Z, b))


def _max_pooling(A_prev):
    """Add a max pooling of 2x2 windows, strides 2x2."""
    with tf.name_scope('max_pooling2d'):
        return tf.nn.max_pool2d(A_prev, 2, 2, 'VALID', name='MaxPool')


def _flatten(A_prev, n):
    """Lay out each example as a row of n numbers."""
    with tf.name_scope('flatten'):
        return tf.reshape(A_prev, (-1, n))


def _fully_connected(A_prev, n_prev, n, activation=None):
    """Add a layer in which each of n units sees the whole input."""
    with tf.variable_scope(None, default_name='dense'):
        W, b = _weights(A_prev.dtype, n_prev, n)
        Z = tf.nn.bias_add(tf.matmul(A_prev, W), b)
        return activation(Z) if activation else Z
