#!/usr/bin/env python3
"""LeNet-5 from scratch has TensorFlow's gradients, and learns."""
import re

import numpy as np
import pytest
import tensorflow as tf

from conftest import ROOT
from test_drivers import run

scratch = __import__('lenet5_from_scratch')


def tensorflow_gradients(theta, X, Y):
    """Return logits, loss and all gradients of the same network."""
    parameters = [tf.constant(part) for part in scratch.split(theta)]
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        W1, b1, W2, b2, W3, b3, W4, b4, W5, b5 = parameters
        A = tf.nn.relu(tf.nn.conv2d(X, W1, 1, 'SAME') + b1)
        A = tf.nn.max_pool2d(A, 2, 2, 'VALID')
        A = tf.nn.relu(tf.nn.conv2d(A, W2, 1, 'VALID') + b2)
        A = tf.nn.max_pool2d(A, 2, 2, 'VALID')
        A = tf.reshape(A, (-1, 400))
        A = tf.nn.relu(A @ W3 + b3)
        A = tf.nn.relu(A @ W4 + b4)
        logits = A @ W5 + b5
        loss = tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(Y, logits))
    gradients = tape.gradient(loss, parameters)
    return logits.numpy(), loss.numpy(), [g.numpy() for g in gradients]


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('dtype, rtol', [('float32', 1e-5),
                                         ('float64', 1e-12)])
def test_gradients_are_tensorflows(mnist, seed, dtype, rtol):
    """With the same weights and batch, each gradient is the same.

    Pixels of even strokes would tie for a maximum, so faint noise is added.
    TensorFlow gives the gradient to one of the tied pixels, the course to all.
    """
    rng = np.random.RandomState(seed)
    theta = scratch.initialize(rng).astype(dtype)
    batch = rng.permutation(50000)[:32]
    X = mnist['X_train'][batch][..., None].astype(dtype)
    X += .01 * rng.randn(*X.shape).astype(dtype)
    Y = mnist['Y_train'][batch]
    layers = scratch.forward(theta, X)
    ours = scratch.split(scratch.backward(theta, layers, Y))
    logits, loss, theirs = tensorflow_gradients(theta, X, Y)
    np.testing.assert_allclose(layers[-1], logits, rtol=0,
                               atol=rtol * np.abs(logits).max())
    np.testing.assert_allclose(
        scratch.cross_entropy(layers[-1], Y)[1], loss, rtol=rtol)
    for our, their in zip(ours, theirs):
        assert our.dtype == dtype
        np.testing.assert_allclose(our, their, rtol=0,
                                   atol=rtol * np.abs(their).max())


def test_adam_is_keras_adam(rng):
    """Ten steps with the same gradients give the same parameters."""
    theta = rng.randn(50)
    # a copy, as a variable may share the memory of its initial value
    variable = tf.Variable(theta.copy())
    ours, theirs = scratch.Adam(theta), tf.keras.optimizers.Adam()
    for _ in range(10):
        gradient = rng.randn(50)
        ours.step(gradient)
        theirs.apply_gradients([(tf.constant(gradient), variable)])
    np.testing.assert_allclose(theta, variable.numpy(), rtol=1e-6)


def test_one_epoch(tmp_path):
    """The driver prints the course's lines and reaches 97.5 % accuracy."""
    output, complaints, named = run(
        [ROOT + '/examples/lenet5_from_scratch.py', '--epochs', '1'], tmp_path)
    line = re.compile(r'After (\d) epochs: [\d.]+ cost, [\d.]+ accuracy, '
                      r'[\d.]+ validation cost, ([\d.]+) validation '
                      r'accuracy$')
    before, after = map(line.match, output.split('\n')[:-1])
    assert (before.group(1), after.group(1)) == ('0', '1')
    assert float(before.group(2)) < .3
    assert float(after.group(2)) >= .975
    assert len(named) == 3 and complaints.split('\n')[:-1] == named
