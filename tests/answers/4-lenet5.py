#!/usr/bin/env python3
"""LeNet-5 as a TensorFlow graph: an answer as students write it.

It calls tf.layers, which TensorFlow dropped in 2.16.
"""
import tensorflow.compat.v1 as tf


def lenet5(x, y):
    """Return the output, the training step, the loss and the accuracy."""
    init = tf.keras.initializers.VarianceScaling(scale=2.0)
    A = tf.layers.conv2d(x, 6, (5, 5), padding='same', activation=tf.nn.relu,
                         kernel_initializer=init)
    A = tf.layers.max_pooling2d(A, (2, 2), (2, 2))
    A = tf.layers.conv2d(A, 16, (5, 5), padding='valid',
                         activation=tf.nn.relu, kernel_initializer=init)
    A = tf.layers.max_pooling2d(A, (2, 2), (2, 2))
    A = tf.layers.flatten(A)
    A = tf.layers.dense(A, 120, activation=tf.nn.relu,
                        kernel_initializer=init)
    A = tf.layers.dense(A, 84, activation=tf.nn.relu, kernel_initializer=init)
    logits = tf.layers.dense(A, 10, kernel_initializer=init)
    y_pred = tf.nn.softmax(logits)
    loss = tf.losses.softmax_cross_entropy(y, logits)
    train_op = tf.train.AdamOptimizer().minimize(loss)
    correct = tf.equal(tf.argmax(y, 1), tf.argmax(y_pred, 1))
    accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))
    return y_pred, train_op, loss, accuracy
