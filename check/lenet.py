#!/usr/bin/env python3
"""The right results for LeNet-5, tasks 4 and 5, computed in nested loops.

The idea: with fixed weights, the definitions of convolution and pooling give
the network's output. They also give its output with a known mistake.
"""
import collections
import functools
import os

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHAPES = [(5, 5, 1, 6), (6,), (5, 5, 6, 16), (16,), (400, 120), (120,),
          (120, 84), (84,), (84, 10), (10,)]
relu = functools.partial(np.maximum, 0)
LAYERS = ['first convolution', 'second convolution',
          'fully connected layer of 120', 'fully connected layer of 84']

RETURNED = {
    '4': [('y_pred', '(None, 10)'), ('train_op', 'Operation'), ('loss', '()'),
          ('accuracy', '()')],
    '5': [("model's input", '(None, 28, 28, 1)'),
          ("model's output", '(None, 10)')]}

Question = collections.namedtuple('Question', 'name call judge note')


@functools.lru_cache(None)
def digits():
    """Return the first ten digits of MNIST and their one-hot labels."""
    try:
        with np.load(os.path.join(ROOT, 'data', 'ten.npz')) as lib:
            return (lib['X_train'][..., None], np.eye(10, dtype='float32')[
                [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]])
    except Exception as error:
        raise OSError('this project has lost data, see data/README.md: '
                      f'{error}') from error


def weights():
    """Return fixed weights and biases, in the order of SHAPES."""
    rng = np.random.RandomState(7)       # three of the ten digits are right
    return [rng.randn(*shape).astype('float32') * (
        .1 if len(shape) == 1 else np.sqrt(2 / np.prod(shape[:-1])))
        for shape in SHAPES]


def softmax(Z):
    """Return e ** Z, each row divided by its sum."""
    exp = np.exp(Z - Z.max(axis=1, keepdims=True))
    return exp / exp.sum(axis=1, keepdims=True)


@functools.lru_cache(None)
def forward(activations=(relu,) * 4, mode='max'):
    """Return the logits, which are the input of the softmax, (10, 10)."""
    import loops        # which an answer's process does not need
    W1, b1, W2, b2, W3, b3, W4, b4, W5, b5 = weights()
    A = digits()[0].astype(float)
    for W, b, padding, activation in ((W1, b1, 'same', activations[0]),
                                      (W2, b2, 'valid', activations[1])):
        A = loops.conv_forward(A, W, b.reshape((1, 1, 1, -1)), activation,
                               padding)
        A = loops.pool_forward(A, (2, 2), (2, 2), mode)
    A = A.reshape((len(A), -1))
    for W, b, activation in (W3, b3, activations[2]), (W4, b4, activations[3]):
        A = activation(A @ W + b)
    return A @ W5 + b5


def cross_entropy(logits, labels):
    """Return the loss, averaged over the examples."""
    return -(labels * np.log(softmax(logits))).sum(axis=1).mean()


def near(one, other):
    """Say whether two results agree up to float32's rounding."""
    return np.shape(one) == np.shape(other) and np.allclose(
        one, other, rtol=1e-3, atol=1e-5)


def returned(reply, file):
    """Judge what the function returns."""
    return [f'The {name} is {found}, expected {right}.'
            for (name, right), found in zip(RETURNED[file[0]], reply)
            if found != right]


def shapes(reply, file):
    """Judge the variables' shapes, which the layers determine."""
    found = [values.shape for values in reply]
    odd = [shape for shape in found if shape not in SHAPES] or 'none'
    lost = [shape for shape in SHAPES if shape not in found] or 'none'
    return [] if sorted(found) == sorted(SHAPES) else [
        f'Of the {len(found)} variables, some have shapes that are not the '
        f"task's: {odd}.", f'These are missing: {lost}.']


def initializers(reply, file):
    """Judge the initial weights, he_normal, and the initial biases, zero."""
    for values in reply:
        if values.ndim == 1:
            if values.any():
                return [f'The biases of {values.size} units do not begin at '
                        'zero.']
            continue
        # a sample of this size has a deviation this close to the true one
        close = 5 / np.sqrt(2 * values.size)
        fan_in, fan_out = (np.prod(values.shape[:-1]),
                           np.prod(values.shape[:-2]) * values.shape[-1])
        he_normal = np.sqrt(2 / fan_in)
        ratio = values.std() / he_normal
        if abs(ratio - 1) > close:
            return [f'The weights of the shape {values.shape} have the '
                    f'deviation {values.std():.4f}, expected sqrt(2 / '
                    f'{fan_in}) = {he_normal:.4f}.'] + [
                f'This is {name}.' for name, size in (
                    ('scale=1.0, the default of VarianceScaling', np.sqrt(.5)),
                    ("Glorot's, the default of a layer",
                     np.sqrt(fan_in / (fan_in + fan_out))))
                if abs(ratio / size - 1) < close]
        # uniform numbers end at their deviation times the square root of 3
        if np.abs(values).max() < 1.8 * he_normal:
            return [f'The weights of the shape {values.shape} are uniform '
                    'numbers, as of he_uniform, expected he_normal.']
    return []


def optimizer(reply, file):
    """Judge whether it is Adam with its default parameters."""
    kinds = reply['kinds']
    wrong = [kind for kind in kinds if kind not in ('ApplyAdam', 'adam')]
    if wrong or not kinds:
        found = wrong[0] if wrong else 'missing'
        return [f'The optimizer is {found}, expected Adam.']
    if file[0] == '4' and len(kinds) != 10:
        return [f'Adam trains {len(kinds)} variables, expected all 10.']
    names = ('the learning rate', .001), ('beta_1', .9), ('beta_2', .999), (
        'epsilon', 1e-7)
    return [f'Of Adam, {name} is {found:g}, expected the default, {right:g}.'
            for numbers in reply['numbers'][:1]
            for (name, right), found in zip(names, numbers)
            # TensorFlow 1 has another epsilon than Keras
            if not np.isclose(found, [right, 1e-8], rtol=1e-3, atol=0).any()
            ] + [
            f'Adam is given {name}, which is none of its defaults.'
            for name in reply.get('added', [])]


def results(reply, file):
    """Judge output, loss and accuracy with fixed weights."""
    labels, logits = digits()[1], forward()
    right, found = softmax(logits), reply['y_pred']
    if not near(found, right):
        return ['On fixed weights, the first output is {}, expected {}.'
                .format(*(np.array2string(rows[:1], precision=4)
                          for rows in (found, right)))
                ] + wrong_output(found)
    if not near(reply.get('training', right), right):
        return ['In training the output is another than in use: the task has '
                'no Dropout and no noise.']
    right = cross_entropy(logits, labels)
    if not near(reply['loss'], right):
        return [f"On fixed weights, the loss is {reply['loss']:.6g}, "
                f'expected {right:.6g}.'] + [text for text, value in (
                    ('The loss is given the softmax, and takes it for what '
                     'goes into the softmax.',
                     cross_entropy(softmax(logits), labels)),
                    ('The loss is the sum over the examples, not the mean.',
                     right * len(labels))) if near(reply['loss'], value)]
    right = (logits.argmax(axis=1) == labels.argmax(axis=1)).mean()
    return [] if reply['accuracy'] != 'no metric' and near(
        reply['accuracy'], right) else [
            f"On fixed weights, the accuracy is {reply['accuracy']}, expected "
            f'{right:.6g}.']


def wrong_output(found):
    """Return what a wrong output looks like, at most one sentence."""
    if near(found, forward()):
        return ['The softmax is missing.']
    if near(found, softmax(forward(mode='avg'))):
        return ['The pooling takes averages, not maxima.']
    for other, text in ((np.positive, 'no ReLU'), (np.tanh, 'tanh, not ReLU')):
        for n, layer in enumerate(LAYERS + ['network']):
            activations = (other if n in (m, 4) else relu for m in range(4))
            if near(found, softmax(forward(tuple(activations)))):
                return [f'The {layer} has {text}.']
    return []


def learns(reply, file):
    """Judge whether a short training halves the loss."""
    before, after = reply
    return [] if after < before / 2 else [
        f'After 40 steps on 10 digits the loss is {after:.4g}; before, it was '
        f'{before:.4g}. Expected: less than half.']


QUESTIONS = [Question(*parts, '') for parts in (
    ('what is returned', 'returned', returned),
    ('the layers, by the shapes of their variables', 'weights', shapes),
    ('the first weights are he_normal', 'weights', initializers),
    ('Adam, with its default numbers', 'optimizer', optimizer),
    ('output, loss and accuracy on fixed weights', 'results', results),
    ('a short training learns', 'learns', learns))]
