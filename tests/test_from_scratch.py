#!/usr/bin/env python3
"""LeNet-5 from scratch has TensorFlow's gradients, and learns."""
import os
import re
import sys

import numpy as np
import pytest
import tensorflow as tf

import lenet5_from_scratch as scratch
from conftest import MAINS, ROOT, run, with_fewer_digits


@pytest.mark.parametrize('dtype, rtol', [('float32', 1e-5),
                                         ('float64', 1e-12)])
def test_gradients_are_tensorflows(mnist, rng, dtype, rtol):
    """With the same weights and batch, each gradient is the same.

    Pixels of even strokes would tie for a maximum, so faint noise is added.
    TensorFlow gives the gradient to one of the tied pixels, the course to all.
    """
    theta = scratch.initialize(rng).astype(dtype)
    batch = rng.permutation(50000)[:32]
    X = mnist['X_train'][batch][..., None].astype(dtype)
    X += .01 * rng.randn(*X.shape).astype(dtype)
    Y = mnist['Y_train'][batch]
    layers = scratch.forward(theta, X)
    parameters = [tf.constant(part) for part in scratch.split(theta)]
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        W1, b1, W2, b2, W3, b3, W4, b4, W5, b5 = parameters
        A = tf.nn.relu(tf.nn.conv2d(X, W1, 1, 'SAME') + b1)
        A = tf.nn.max_pool2d(A, 2, 2, 'VALID')
        A = tf.nn.relu(tf.nn.conv2d(A, W2, 1, 'VALID') + b2)
        A = tf.reshape(tf.nn.max_pool2d(A, 2, 2, 'VALID'), (-1, 400))
        A = tf.nn.relu(tf.nn.relu(A @ W3 + b3) @ W4 + b4)
        cost = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(
            Y, A @ W5 + b5))
    np.testing.assert_allclose(scratch.cross_entropy(layers[-1], Y)[1],
                               cost.numpy(), rtol=rtol)
    for our, their in zip(
            scratch.split(scratch.backward(theta, layers, Y)),
            map(np.array, tape.gradient(cost, parameters))):
        assert our.dtype == dtype
        np.testing.assert_allclose(our, their, rtol=0,
                                   atol=rtol * np.abs(their).max())


@pytest.mark.parametrize('dtype, rtol', [('float32', 1e-5), ('float64', 1e-6)])
def test_adam_is_keras_adam(rng, dtype, rtol):
    """Ten steps with the same gradients give the same parameters."""
    theta = rng.randn(50).astype(dtype)
    # a copy, as a variable may share the memory of its initial value
    variable = tf.Variable(theta.copy())
    ours, theirs = scratch.Adam(theta), tf.keras.optimizers.Adam()
    for _ in range(10):
        gradient = rng.randn(50).astype(dtype)
        ours.step(gradient)
        theirs.apply_gradients([(tf.constant(gradient), variable)])
    assert ours.mean.dtype == ours.square.dtype == dtype
    np.testing.assert_allclose(theta, variable.numpy(), rtol=rtol)


def test_one_epoch(tmp_path):
    """It prints the course's lines, learns, and draws three figures."""
    program = with_fewer_digits(scratch.__file__, tmp_path, 10000)
    output, _, named = run([sys.executable, program, '--epochs', '1'],
                           tmp_path, PYTHONPATH=ROOT + os.pathsep + MAINS)
    found = re.findall(r'After (\d) epochs: [\d.]+ cost, [\d.]+ accuracy, '
                       r'[\d.]+ validation cost, ([\d.]+) validation accuracy'
                       '\n', output)
    assert [epoch for epoch, _ in found] == ['0', '1']
    assert float(found[0][1]) < .3 and float(found[1][1]) > .93
    assert len(named) == 3
