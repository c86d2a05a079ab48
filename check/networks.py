#!/usr/bin/env python3
"""The questions about LeNet-5, asked in the process that the answer runs in.

The idea: each question builds the network, inspects it or runs it, and returns
plain numbers and text. Whether they are right is decided elsewhere. All the
weights have different shapes. So each can be set to fixed numbers by its shape
alone, however the network was written.
"""
import os
import random

import numpy as np

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
import tensorflow.compat.v1 as tf  # noqa: E402
import tensorflow.keras as K  # noqa: E402

from lenet import SHAPES, digits, weights  # noqa: E402


class Graph:
    """The network of task 4, in a graph of its own."""

    def __init__(self, lenet5):
        """Build the network."""
        self.graph = tf.Graph()
        with self.graph.as_default():
            random.seed(0)
            tf.set_random_seed(0)
            self.x = tf.placeholder(tf.float32, (None, 28, 28, 1))
            self.y = tf.placeholder(tf.float32, (None, 10))
            self.outputs = lenet5(self.x, self.y)
            self.variables = tf.trainable_variables()
            self.initialize = tf.global_variables_initializer()
        self.session = tf.Session(graph=self.graph)
        self.session.run(self.initialize)

    def run(self, what, images=None, labels=None):
        """Evaluate tensors."""
        return self.session.run(what, None if images is None else {
            self.x: images, self.y: labels})

    def fix(self):
        """Set the variables to the fixed weights."""
        fixed = dict(zip(SHAPES, weights()))
        with self.graph.as_default():
            for variable in self.variables:
                variable.load(fixed[tuple(variable.shape.as_list())],
                              self.session)


def graph_returned(lenet5):
    """Return the kind and shape of each value that task 4 returns."""
    outputs = Graph(lenet5).outputs
    if not isinstance(outputs, (tuple, list)):
        return [type(outputs).__name__]
    kinds = []
    for output in outputs:
        if isinstance(output, tf.Tensor):
            kinds.append('a tensor of the shape {}'.format(
                tuple(output.shape.as_list())
                if output.shape.rank is not None else 'unknown'))
        elif isinstance(output, tf.Operation):
            kinds.append('an operation')
        else:
            kinds.append('a ' + type(output).__name__)
    return kinds


def graph_shapes(lenet5):
    """Return the variables' shapes."""
    return [tuple(variable.shape.as_list())
            for variable in Graph(lenet5).variables]


def graph_weights(lenet5):
    """Return the initial weights and biases."""
    net = Graph(lenet5)
    return net.run(net.variables)


def graph_optimizer(lenet5):
    """Return the kind of each training operation, and Adam's parameters."""
    net, kinds, found = Graph(lenet5), [], []
    for op in net.graph.get_operations():
        if 'Apply' in op.type:
            kinds.append(op.type.replace('Resource', ''))
            if kinds[-1] == 'ApplyAdam':
                found.append([float(net.run(tensor))
                              for tensor in list(op.inputs)[5:9]])
    return {'kinds': kinds, 'numbers': found}


def graph_outputs(lenet5):
    """Return the output, loss and accuracy with fixed weights."""
    net = Graph(lenet5)
    net.fix()
    y_pred, _, loss, acc = net.outputs
    return dict(zip(('y_pred', 'loss', 'accuracy'),
                    net.run((y_pred, loss, acc), *digits(64))))


def graph_learns(lenet5):
    """Return the loss before and after a short training."""
    net, (images, labels) = Graph(lenet5), digits(256)
    _, train_op, loss, _ = net.outputs
    before = net.run(loss, images, labels)
    for _ in range(40):
        net.run(train_op, images, labels)
    return [float(before), float(net.run(loss, images, labels))]


def model(lenet5):
    """Build the network of task 5."""
    random.seed(0)
    np.random.seed(0)
    tf.set_random_seed(0)
    return lenet5(K.Input(shape=(28, 28, 1)))


def keras_returned(lenet5):
    """Return the kind of task 5's result, and its input and output shapes."""
    net = model(lenet5)
    if not isinstance(net, K.Model):
        return ['a ' + type(net).__name__]
    return ['a model', tuple(net.input_shape), tuple(net.output_shape)]


def keras_shapes(lenet5):
    """Return the shapes of the trainable variables."""
    return [tuple(variable.shape)
            for variable in model(lenet5).trainable_variables]


def keras_weights(lenet5):
    """Return the initial weights and biases."""
    return [np.array(variable)
            for variable in model(lenet5).trainable_variables]


def keras_optimizer(lenet5):
    """Return the optimizer's class, and Adam's parameters."""
    optimizer = model(lenet5).optimizer
    config = optimizer.get_config()
    return {'kinds': [type(optimizer).__name__.lower()], 'numbers': [[
        float(config.get(name, np.nan)) for name in (
            'learning_rate', 'beta_1', 'beta_2', 'epsilon')]]}


def keras_outputs(lenet5):
    """Return the output, loss and accuracy with fixed weights."""
    net, fixed = model(lenet5), dict(zip(SHAPES, weights()))
    for variable in net.trainable_variables:
        variable.assign(fixed[tuple(variable.shape)])
    images, labels = digits(64)
    found = net.evaluate(images, labels, batch_size=64, verbose=0)
    loss, *metrics = found if isinstance(found, list) else [found]
    return {'y_pred': net.predict(images, batch_size=64, verbose=0),
            'loss': float(loss),
            'accuracy': float(metrics[0]) if metrics else 'no metric'}


def keras_learns(lenet5):
    """Return the loss before and after a short training."""
    net, (images, labels) = model(lenet5), digits(256)
    losses = net.fit(images, labels, batch_size=256, epochs=40,
                     verbose=0).history['loss']
    return [float(losses[0]), float(losses[-1])]
