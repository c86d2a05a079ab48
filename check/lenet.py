#!/usr/bin/env python3
"""The right results for LeNet-5, tasks 4 and 5, computed with tasks 0 and 1.

The idea: with fixed weights, our own convolution and pooling give the
network's output. They also give its output with a known mistake.
"""
import collections
import os
import sys

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHAPES = [(5, 5, 1, 6), (6,), (5, 5, 6, 16), (16,), (400, 120), (120,),
          (120, 84), (84,), (84, 10), (10,)]
LAYERS = ['first convolution', 'second convolution',
          'fully connected layer of 120', 'fully connected layer of 84']
WHY = 'Expected: what our tasks 0 and 1 give for the same weights.'

Question = collections.namedtuple('Question', 'name title judge')


def digits(size):
    """Return `size` images and their one-hot labels."""
    with np.load(os.path.join(ROOT, 'data', 'MNIST.npz')) as lib:
        return (lib['X_train'][:size, ..., None].astype('float32'),
                np.eye(10, dtype='float32')[lib['Y_train'][:size]])


def weights():
    """Return fixed weights and biases, in the order of SHAPES."""
    rng = np.random.RandomState(0)
    return [rng.randn(*shape).astype('float32') * (
        .1 if len(shape) == 1 else np.sqrt(2 / np.prod(shape[:-1])))
        for shape in SHAPES]


def relu(Z):
    """Return Z with every negative number replaced by 0."""
    return np.maximum(Z, 0)


def softmax(Z):
    """Return e ** Z, each row divided by its sum."""
    exp = np.exp(Z - Z.max(axis=1, keepdims=True))
    return exp / exp.sum(axis=1, keepdims=True)


def forward(images, activations=(relu,) * 4, mode='max'):
    """Return the logits, which are the input of the softmax, (m, 10)."""
    sys.path.append(ROOT)
    conv_forward = __import__('0-conv_forward').conv_forward
    pool_forward = __import__('1-pool_forward').pool_forward
    sys.path.remove(ROOT)
    W1, b1, W2, b2, W3, b3, W4, b4, W5, b5 = weights()
    A = images
    for W, b, padding, activation in ((W1, b1, 'same', activations[0]),
                                      (W2, b2, 'valid', activations[1])):
        A = conv_forward(A, W, b.reshape((1, 1, 1, -1)), activation, padding)
        A = pool_forward(A, (2, 2), (2, 2), mode)
    A = A.reshape((len(A), -1))
    for W, b, activation in (W3, b3, activations[2]), (W4, b4, activations[3]):
        A = activation(A @ W + b)
    return A @ W5 + b5


def cross_entropy(logits, labels):
    """Return the loss, averaged over the examples."""
    logits = logits - logits.max(axis=1, keepdims=True)
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return -(labels * logs).sum(axis=1).mean()


def near(one, other):
    """Say whether two results agree up to float32's rounding."""
    return np.shape(one) == np.shape(other) and np.allclose(
        one, other, rtol=1e-3, atol=1e-5)


def returned(reply, kind):
    """Judge what the function returns."""
    if kind == 'graph':
        names = 'y_pred', 'train_op', 'loss', 'accuracy'
        right = [['a tensor of the shape (None, 10)'], ['an operation'],
                 ['a tensor of the shape ()'], ['a tensor of the shape ()']]
        if len(reply) != 4:
            return 'lenet5 returns {}, expected four: {}.'.format(
                reply[0] if len(reply) == 1 else '{} values'.format(
                    len(reply)), ', '.join(names))
        for name, found, fits in zip(names, reply, right):
            if found not in fits:
                return '{} is {}, expected {}.'.format(name, found, fits[0])
    elif reply != ['a model', (None, 28, 28, 1), (None, 10)]:
        return ('lenet5 returns {}, expected a model from (None, 28, 28, 1) '
                'to (None, 10).'.format(' '.join(map(str, reply))))


def shapes(reply, kind):
    """Judge the variables' shapes, which the layers determine."""
    if sorted(reply) != sorted(SHAPES):
        wrong = [shape for shape in reply if shape not in SHAPES]
        missing = [shape for shape in SHAPES if shape not in reply]
        return ('The variables have the shapes {}, expected {}. {}'.format(
            reply, SHAPES, 'Missing: {}; not the task\'s: {}.'.format(
                missing or 'none', wrong or 'none')))


def initializers(reply, kind):
    """Judge the initial weights, he_normal, and the initial biases, zero."""
    for values in reply:
        if values.ndim == 1:
            if values.any():
                return 'The biases of {} units do not begin at zero.'.format(
                    values.size)
            continue
        # a sample of this size has a deviation this close to the true one
        close = 5 / np.sqrt(2 * values.size)
        fan_in, fan_out = (np.prod(values.shape[:-1]),
                           np.prod(values.shape[:-2]) * values.shape[-1])
        ratio = values.std() / np.sqrt(2 / fan_in)
        if abs(ratio - 1) > close:
            guess = [name for name, size in (
                ('scale=1.0, the default of VarianceScaling', np.sqrt(.5)),
                ("Glorot's, the default of a layer",
                 np.sqrt(fan_in / (fan_in + fan_out))))
                if abs(ratio / size - 1) < close]
            return ['The weights of the shape {} have the deviation {:.4f}, '
                    'expected sqrt(2 / {}) = {:.4f}.'.format(
                        values.shape, values.std(), fan_in,
                        np.sqrt(2 / fan_in)),
                    'Looks like this: ' + guess[0] + '.' if guess else '']


def optimizer(reply, kind):
    """Judge whether it is Adam with its default parameters."""
    wrong = [found for found in reply['kinds']
             if found not in ('ApplyAdam', 'adam')]
    if wrong or not reply['kinds']:
        return 'The optimizer is {}, expected Adam.'.format(
            wrong[0] if wrong else 'none')
    if kind == 'graph' and len(reply['kinds']) != 10:
        return 'Adam trains {} variables, expected all 10.'.format(
            len(reply['kinds']))
    for numbers in reply['numbers']:
        names = 'the learning rate', 'beta_1', 'beta_2', 'epsilon'
        for name, found, right in zip(names, numbers, (
                (.001,), (.9,), (.999,), (1e-8, 1e-7))):
            if not any(np.isclose(found, r, rtol=1e-3, atol=0)
                       for r in right):
                return "Of Adam, {} is {:g}, expected the default, {:g}." \
                    .format(name, found, right[0])


def outputs(reply, kind):
    """Judge output, loss and accuracy with fixed weights."""
    images, labels = digits(64)
    logits = forward(images)
    right = softmax(logits)
    found = np.asarray(reply['y_pred'])
    if not near(found, right):
        return ['On fixed weights, the first output is {}, expected {}.'
                .format(np.array2string(found[:1], precision=4),
                        np.array2string(right[:1], precision=4)),
                wrong_output(found, images, logits), WHY]
    right = cross_entropy(logits, labels)
    if not near(reply['loss'], right):
        looks = [text for text, value in (
            ('Looks like this: the loss is given the softmax, and takes it '
             'for what goes into the softmax.',
             cross_entropy(softmax(logits), labels)),
            ('Looks like this: the loss is the sum over the examples, not '
             'the mean.', right * len(labels))) if near(reply['loss'], value)]
        return ['On fixed weights, the loss is {:.6g}, expected {:.6g}.'
                .format(reply['loss'], right)] + looks + [WHY]
    right = (logits.argmax(axis=1) == labels.argmax(axis=1)).mean()
    if isinstance(reply['accuracy'], str) or not near(reply['accuracy'],
                                                      right):
        return ['On fixed weights, the accuracy is {}, expected {:.6g}.'
                .format(reply['accuracy'], right), WHY]


def wrong_output(found, images, logits):
    """Return a sentence on what a wrong output looks like, or ''."""
    variants = [('the softmax is missing', logits),
                ('the pooling takes averages, not maxima',
                 softmax(forward(images, mode='avg')))]
    for other in np.positive, np.tanh:
        text = {np.positive: 'the {} has no ReLU',
                np.tanh: 'the {} has tanh, not ReLU'}[other]
        for n, layer in enumerate(LAYERS):
            activations = [relu] * 4
            activations[n] = other
            variants.append((text.format(layer),
                             softmax(forward(images, activations))))
        variants.append((text.format('network'),
                         softmax(forward(images, [other] * 4))))
    looks = [text for text, value in variants if near(found, value)]
    return 'Looks like this: {}.'.format(looks[0]) if looks else ''


def learns(reply, kind):
    """Judge whether a short training halves the loss."""
    before, after = reply
    if not after < before / 2:
        return ('After 40 steps on 256 digits the loss is {:.4g}; before, it '
                'was {:.4g}. Expected: less than half.'.format(after, before))


QUESTIONS = [
    Question('returned', 'what is returned', returned),
    Question('shapes', 'the layers, by the shapes of their variables',
             shapes),
    Question('weights', 'the first weights are he_normal', initializers),
    Question('optimizer', 'Adam, with its default numbers', optimizer),
    Question('outputs', 'output, loss and accuracy on fixed weights',
             outputs),
    Question('learns', 'a short training learns', learns)]
