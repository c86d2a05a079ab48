#!/usr/bin/env python3
"""The questions about LeNet-5, asked in the process that the answer runs in.

The idea: each question builds the network, inspects it or runs it, and returns
plain numbers and text. Whether they are right is decided elsewhere. All the
weights have different shapes. So each can be set to fixed numbers by its shape
alone, however the network was written.
"""
import random
import sys

import numpy as np
import tensorflow.compat.v1 as tf
import tensorflow.keras as K

from lenet import digits, weights

WEIGHTS = {values.shape: values for values in weights()}


def as_tensorflow_1(module):
    """Let a module of task 4 that imports tensorflow find TensorFlow 1."""
    for name, value in list(vars(module).items()):
        if value is sys.modules['tensorflow']:
            setattr(module, name, tf)


def fixed(variable):
    """Return the fixed weights for a variable, by its shape."""
    shape = tuple(map(int, variable.shape))
    if shape not in WEIGHTS:
        raise ValueError(f'no layer of the task has the shape {shape}')
    return WEIGHTS[shape]


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
            if not isinstance(self.outputs, (tuple, list)) or len(
                    self.outputs) != 4:
                raise TypeError(
                    f'lenet5 returns {type(self.outputs).__name__}, expected '
                    'y_pred, train_op, loss, accuracy')
            self.variables = tf.trainable_variables()
            initialize = tf.global_variables_initializer()
        self.session = tf.Session(graph=self.graph)
        self.session.run(initialize)

    def run(self, what, *given):
        """Evaluate tensors, which may need images and labels."""
        return self.session.run(what, dict(zip((self.x, self.y), given)))

    def returned(self):
        """Return the shape of each value that task 4 returns, or its type."""
        return [str(getattr(output, 'shape', type(output).__name__))
                for output in self.outputs]

    def weights(self):
        """Return the initial weights and biases."""
        return self.run(self.variables)

    def optimizer(self):
        """Return the kind of each training operation, and Adam's parameters.
        """
        found = [(op.type.replace('Resource', ''), list(op.inputs))
                 for op in self.graph.get_operations() if 'Apply' in op.type]
        return {'kinds': [kind for kind, _ in found], 'numbers': [
            [float(self.run(tensor)) for tensor in inputs[5:9]]
            for kind, inputs in found if kind == 'ApplyAdam']}

    def results(self):
        """Return the output, loss and accuracy with fixed weights."""
        with self.graph.as_default():
            for variable in self.variables:
                variable.load(fixed(variable), self.session)
        y_pred, _, loss, acc = self.outputs
        return dict(zip(('y_pred', 'loss', 'accuracy'),
                        self.run((y_pred, loss, acc), *digits())))

    def learns(self):
        """Return the loss before and after a short training."""
        given, (_, train_op, loss, _) = digits(), self.outputs
        before = self.run(loss, *given)
        for _ in range(40):
            self.run(train_op, *given)
        return [float(before), float(self.run(loss, *given))]


class Model:
    """The network of task 5."""

    def __init__(self, lenet5):
        """Build the network."""
        random.seed(0)
        np.random.seed(0)
        tf.set_random_seed(0)
        self.net = net = lenet5(K.Input(shape=(28, 28, 1)))
        if not isinstance(net, K.Model):
            raise TypeError(f'lenet5 returns {type(net).__name__}, expected '
                            'a model')
        if not (net.built and net.weights):     # or Keras 2 raises
            raise ValueError('the model has no weights: build it from X, as '
                             'in K.Model(inputs=X, outputs=Y)')
        if net.optimizer is None:
            raise ValueError('the model is not compiled')

    def returned(self):
        """Return the model's input and output shapes."""
        return [str(self.net.input_shape), str(self.net.output_shape)]

    def weights(self):
        """Return the initial weights and biases."""
        return [variable.numpy() for variable in self.net.trainable_variables]

    def optimizer(self):
        """Return the optimizer's class, its parameters, and what is added."""
        config = self.net.optimizer.get_config()
        numbers = [float(config.get(name, np.nan)) for name in (
            'learning_rate', 'beta_1', 'beta_2', 'epsilon')]
        return {
            'kinds': [type(self.net.optimizer).__name__.lower()],
            'numbers': [numbers], 'added': [name for name in (
                'amsgrad', 'clipnorm', 'clipvalue', 'global_clipnorm',
                'weight_decay', 'use_ema') if config.get(name)]}

    def results(self):
        """Return the output, loss and accuracy with fixed weights."""
        for variable in self.net.trainable_variables:
            variable.assign(fixed(variable))
        images, labels = digits()
        found = self.net.evaluate(images, labels, verbose=0)
        loss, *metrics = found if isinstance(found, list) else [found]
        return {'y_pred': self.net.predict(images, verbose=0),
                'training': np.array(self.net(images, training=True)),
                'loss': float(loss),
                'accuracy': float(metrics[0]) if metrics else 'no metric'}

    def learns(self):
        """Return the loss before and after a short training."""
        losses = self.net.fit(*digits(), epochs=41, verbose=0).history['loss']
        return [float(losses[0]), float(losses[-1])]
