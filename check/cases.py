#!/usr/bin/env python3
"""The test cases of tasks 0 to 3: calls, each a line that can be pasted.

The idea: a case is the text of a call. The call is made with the answer's
function and with the definition, and the results are compared. The numbers are
small integers, so that every order of summation gives the same result.
"""
import collections
import functools
import itertools
import os
import sys

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(1, os.path.join(ROOT, 'lesson'))
import loops  # noqa: E402

# name; the call; the note on a different result, where accepted answers
# differ, else ''; what else gives the same result as the definition; the MiB
# beyond arguments and results that ours does with, where it is measured
Case = collections.namedtuple('Case', 'name call note also most')
Case.__new__.__defaults__ = None,

DIGITS = os.path.join(ROOT, 'data', 'ten.npz')     # the drivers' images
ODD = ("Accepted answers differ where the number of zeros is odd. Ours puts "
       'the extra row or column on the top or left, as most answers to task 2 '
       'do, so that forward and backward agree.')
TENSORFLOW, DIFFERENCES = 'TensorFlow', 'finite differences'
PUBLISHED = "the course's published output"
DTYPE = ('The numbers are right. Their dtype is {}; ours keeps float32, as '
         'NumPy does.')
MEMORY = ('The numbers are right. The call takes {} MiB beyond its arguments '
          'and its result; ours takes at most {}.')
SMALL = ('Accepted answers differ on small integers: NumPy computes with '
         'uint8, say, modulo 256. Ours adds at least int64, so nothing wraps '
         'around.')
HALF = ('Accepted answers differ on float16, whose sums lose digits. Ours '
        'adds in float32, and rounds once.')
INFINITE = ('Accepted answers differ where a gradient is infinite or NaN: 0 '
            'times infinity is NaN. Ours gives it to the maximum, and nothing '
            'to the other pixels.')
ROUNDED = ('The numbers are right. The seventh digit of some differs from the '
           "course's output, because the course's NumPy rounded each product "
           'of dW to float32. Ours does so with every NumPy.')
# whatever an answer does there, it is not wrong
OPEN = SMALL, HALF, INFINITE


def widened(*arrays):
    """Return arrays, small dtypes made large enough for any sum.

    >>> [array.dtype.name for array in widened(np.uint8([1]), np.float16([1]))]
    ['int64', 'float64']
    """
    wide = {'b': 'i8', 'u': 'i8', 'i': 'i8', 'f': 'f4'}
    return [array.astype('f8' if array.dtype.char == 'e' else np.result_type(
        array, wide[array.dtype.kind])) for array in arrays]


def conv_forward(A_prev, W, b, activation, padding="same", stride=(1, 1)):
    """Return what task 0 defines."""
    return activation(loops.conv_forward(*widened(A_prev, W, b), padding,
                                         stride))


def pool_forward(A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """Return what task 1 defines."""
    return loops.pool_forward(A_prev, kernel_shape, stride, mode)


def conv_backward(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    """Return what task 2 defines."""
    return loops.conv_backward(*widened(dZ, A_prev, W), padding, stride)


def pool_backward(dA, A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """Return what task 3 defines."""
    return loops.pool_backward(dA, A_prev, kernel_shape, stride, mode)


DEFINITIONS = {'0-conv_forward.py': conv_forward,
               '1-pool_forward.py': pool_forward,
               '2-conv_backward.py': conv_backward,
               '3-pool_backward.py': pool_backward}


@functools.lru_cache(1)     # as many mistakes are tried on one call
def prepared(lines):
    """Return the names that the lines before a call define."""
    names = {'np': np}
    exec(lines, names)
    return names


def evaluate(call, function):
    """Evaluate the text of a call with the given function."""
    before, _, call = call.rpartition('\n')
    with np.errstate(all='ignore'):
        names = dict(prepared(before), **{call.split('(')[0]: function})
        return eval(call, names)


def numbers(shape, factor=7, modulus=11, less=5, dtype=''):
    """Return the text of an array of integers that repeat after a while.

    >>> numbers((1, 2, 2, 1))
    'np.arange(4.).reshape(1, 2, 2, 1) * 7 % 11 - 5'
    >>> eval(numbers((4,))).tolist()
    [-5.0, 2.0, -2.0, 5.0]
    """
    size = int(np.prod(shape))
    argument = "{}, dtype='{}'".format(size, dtype) if dtype else '{}.'.format(
        size)
    return 'np.arange({}).reshape{} * {} % {} - {}'.format(
        argument, shape, factor, modulus, less).replace('- -', '+ ')


@functools.lru_cache(None)
def right(file, call):
    """Return the definition's result for the text of a call."""
    return evaluate(call, DEFINITIONS[file])


# name, A_prev, kernel, c_new, padding, stride
LAYERS = [
    ('1x1 kernel', (1, 3, 3, 1), (1, 1), 1, 'valid', (1, 1)),
    ('3x3', (1, 5, 5, 1), (3, 3), 1, 'valid', (1, 1)),
    ('3x3, same', (1, 5, 5, 1), (3, 3), 1, 'same', (1, 1)),
    ('1x1 kernel, same: no zeros', (1, 3, 4, 1), (1, 1), 2, 'same', (1, 1)),
    ('3x1 kernel, same: no zeros across', (1, 4, 5, 1), (3, 1), 1, 'same',
     (1, 1)),
    ('1x5 kernel, same: no zeros down', (1, 4, 6, 1), (1, 5), 1, 'same',
     (1, 1)),
    ('2x2 kernel', (1, 4, 4, 1), (2, 2), 1, 'valid', (1, 1)),
    ('2x3 kernel', (1, 4, 6, 1), (2, 3), 1, 'valid', (1, 1)),
    ('3x5 kernel, same', (1, 5, 7, 1), (3, 5), 1, 'same', (1, 1)),
    ('5x5, same', (1, 6, 7, 1), (5, 5), 1, 'same', (1, 1)),
    ('7x7', (1, 9, 8, 1), (7, 7), 1, 'valid', (1, 1)),
    ('7x7, same', (1, 8, 9, 1), (7, 7), 1, 'same', (1, 1)),
    ('stride 2', (1, 7, 7, 1), (3, 3), 1, 'valid', (2, 2)),
    ('stride 3', (1, 9, 9, 1), (3, 3), 1, 'valid', (3, 3)),
    ('stride 2 down, 1 across', (1, 7, 6, 1), (3, 3), 1, 'valid', (2, 1)),
    ('stride 1 down, 3 across', (1, 5, 9, 1), (3, 3), 1, 'valid', (1, 3)),
    ('stride 2, the last windows do not fit', (1, 6, 8, 1), (3, 3), 1,
     'valid', (2, 2)),
    ('stride 3, the last windows do not fit', (1, 8, 10, 1), (2, 3), 1,
     'valid', (3, 3)),
    ('stride 2, same', (1, 5, 5, 1), (3, 3), 1, 'same', (2, 2)),
    ('stride 3, same', (1, 4, 4, 1), (3, 3), 1, 'same', (3, 3)),
    ('stride 1 down, 2 across, same', (1, 5, 5, 1), (3, 3), 1, 'same',
     (1, 2)),
    ('stride 2 down, 1 across, same', (1, 3, 6, 1), (3, 3), 1, 'same',
     (2, 1)),
    ('three channels', (1, 4, 5, 3), (3, 3), 1, 'valid', (1, 1)),
    ('four kernels', (1, 5, 4, 1), (3, 3), 4, 'valid', (1, 1)),
    ('three examples', (3, 4, 4, 1), (3, 3), 1, 'same', (1, 1)),
    ('examples, channels and kernels', (2, 5, 6, 3), (3, 3), 4, 'same',
     (1, 1)),
    ('examples, channels, kernels, stride', (2, 7, 8, 3), (3, 2), 4, 'valid',
     (2, 3)),
    ('kernel as large as the image', (2, 3, 4, 2), (3, 4), 2, 'valid',
     (1, 1)),
    ('one example of 28x28', (1, 28, 28, 1), (3, 3), 8, 'same', (1, 1)),
    ('a hundred examples', (100, 8, 8, 1), (3, 3), 2, 'valid', (1, 1)),
    ('a hundred wide examples', (100, 5, 130, 3), (3, 3), 1, 'valid', (1, 1)),
    ('17 pixels across', (1, 5, 17, 1), (3, 3), 8, 'same', (1, 1)),
    ('four examples of 64 channels', (4, 40, 40, 64), (5, 5), 1, 'valid',
     (4, 4)),
    ('one example of 64 channels', (1, 60, 40, 64), (5, 5), 1, 'valid',
     (2, 3)),
    ('264 channels', (1, 6, 64, 264), (5, 5), 2, 'valid', (1, 1)),
    ('sixty examples of 64 channels', (60, 20, 20, 64), (5, 5), 1, 'valid',
     (2, 3)),
    ('one row of 3,000 pixels', (1, 1, 3000, 64), (1, 101), 1, 'same', (1, 1)),
    ('sixteen kernels, stride 2 across', (1, 5, 19, 1), (3, 3), 16, 'valid',
     (1, 2)),
    ('sixteen kernels, stride 2 across, same', (1, 4, 9, 1), (3, 3), 16,
     'same', (1, 2)),
    ('two hundred kernels', (1, 3, 4, 1), (2, 2), 200, 'valid', (1, 1)),
    ('eight channels and kernels', (1, 12, 13, 8), (2, 3), 8, 'valid', (1, 1)),
    ('sixteen channels, five kernels, same', (1, 8, 11, 16), (3, 1), 5,
     'same', (1, 1)),
]
ODD_LAYERS = [
    ('2x2 kernel, same', (1, 4, 4, 1), (2, 2), 1, 'same', (1, 1)),
    ('4x2 kernel, same', (1, 6, 5, 2), (4, 2), 2, 'same', (1, 1)),
    ('stride 2, same, odd number of zeros', (1, 4, 4, 1), (3, 3), 1, 'same',
     (2, 2)),
]

# name, A_prev, kernel_shape, stride
POOLS = [
    ('1x1', (1, 3, 3, 1), (1, 1), (1, 1)),
    ('2x2, stride 2', (1, 4, 4, 1), (2, 2), (2, 2)),
    ('2x2, stride 1', (1, 4, 4, 1), (2, 2), (1, 1)),
    ('3x3, stride 3', (1, 6, 9, 1), (3, 3), (3, 3)),
    ('3x3, stride 2', (1, 7, 7, 1), (3, 3), (2, 2)),
    ('3x3, stride 1', (1, 5, 6, 1), (3, 3), (1, 1)),
    ('2x2, stride 3', (1, 8, 8, 1), (2, 2), (3, 3)),
    ('2x3 window', (1, 4, 6, 1), (2, 3), (2, 3)),
    ('3x1 window', (1, 6, 4, 1), (3, 1), (1, 1)),
    ('1x4 window', (1, 3, 7, 1), (1, 4), (1, 2)),
    ('5x5, stride 1', (1, 7, 8, 1), (5, 5), (1, 1)),
    ('7x7, stride 2', (1, 9, 11, 1), (7, 7), (2, 2)),
    ('stride 2 down, 1 across', (1, 6, 5, 1), (2, 2), (2, 1)),
    ('stride 1 down, 3 across', (1, 5, 8, 1), (2, 2), (1, 3)),
    ('2x2, stride 2, the last windows do not fit', (1, 5, 7, 1), (2, 2),
     (2, 2)),
    ('3x3, stride 2, the last windows do not fit', (1, 6, 8, 1), (3, 3),
     (2, 2)),
    ('three channels', (1, 4, 4, 3), (2, 2), (2, 2)),
    ('three examples', (3, 4, 4, 1), (2, 2), (2, 2)),
    ('examples and channels', (2, 6, 7, 3), (3, 2), (1, 2)),
    ('window as large as the image', (2, 3, 4, 2), (3, 4), (1, 1)),
    ('one example of 28x28', (1, 28, 28, 2), (3, 3), (2, 2)),
    ('a hundred examples', (100, 8, 8, 1), (2, 2), (2, 2)),
    ('three examples, long rows', (3, 40, 1600, 4), (3, 3), (4, 160)),
    ('long rows', (2, 9, 700, 1), (2, 3), (3, 2)),
    ('long rows, the last windows do not fit', (2, 8, 700, 1), (3, 3),
     (2, 2)),
    ('nine examples, long rows', (9, 10, 640, 4), (2, 2), (2, 128)),
    ('one wide window', (1, 1, 8000, 1), (1, 4000), (1, 1)),
    ('one high window', (1, 8000, 1, 1), (4000, 1), (1, 1)),
    ('one large image', (1, 60, 3000, 8), (9, 5), (7, 60)),
]
# the layers whose memory is measured; in MiB, what ours takes at most, forward
# and backward
MOST = {'one example of 28x28': (2, 2),
        'sixty examples of 64 channels': (25, 40),
        'one row of 3,000 pixels': (12, 24),
        'one wide window': (2, 2), 'one high window': (2, 2),
        'one large image': (4, 34)}


def shape_of_output(A_prev, kernel, padding, stride):
    """Return (h_new, w_new)."""
    if padding == 'same':
        return A_prev[1:3]
    return loops.output_shape(A_prev[1:3], kernel, stride)


def conv_cases(backward):
    """Yield the cases of task 0, or of task 2."""
    for name, A_prev, kernel, c_new, padding, stride in LAYERS + ODD_LAYERS:
        W, b = kernel + (A_prev[3], c_new), (1, 1, 1, c_new)
        arrays = [numbers(A_prev), numbers(W, 5, 7, 3), numbers(b, 1, 9, -2)]
        rest = ["padding='{}'".format(padding), 'stride={}'.format(stride)]
        if backward:
            dZ = A_prev[:1] + shape_of_output(
                A_prev, kernel, padding, stride) + (c_new,)
            call = ['conv_backward(' + numbers(dZ, 3, 13, 6)] + arrays + rest
        else:
            call = ['conv_forward(' + arrays[0]] + arrays[1:] + [
                'np.positive'] + rest
        odd = (name, A_prev, kernel, c_new, padding, stride) in ODD_LAYERS
        # TensorFlow's SAME pads differently at strides larger than 1
        also = [TENSORFLOW] * (padding == 'valid' or
                               stride == (1, 1) and not odd)
        also += [DIFFERENCES] * backward
        most = MOST.get(name, (None, None))[backward]
        yield Case(name, ', '.join(call) + ')',
                   MEMORY if most else ODD if odd else '', also, most)


def pool_cases(backward):
    """Yield the cases of task 1, or of task 3."""
    for (name, A_prev, kernel, stride), mode in itertools.product(
            POOLS, ('max', 'avg')):
        # no two pixels are equal: ties have cases of their own
        call = [numbers(A_prev, 2971, 7919, 4000), str(kernel),
                'stride={}'.format(stride), "mode='{}'".format(mode)]
        if backward:
            dA = A_prev[:1] + shape_of_output(
                A_prev, kernel, 'valid', stride) + A_prev[3:]
            call.insert(0, numbers(dA, 3, 13, 6))
        most = MOST.get(name, (None, None))[backward]
        yield Case('{}, {}'.format(mode, name), '{}({})'.format(
            'pool_backward' if backward else 'pool_forward', ', '.join(call)),
            MEMORY if most else '', [TENSORFLOW] + [DIFFERENCES] * backward,
            most)


def case(name, call, note='', also=()):
    """Return a case whose text may be split over several lines here."""
    return Case(name, ' '.join(call.split()).replace('; ', '\n'), note,
                list(also))


# the same numbers in three dtypes: image, kernel, bias, gradient
ARRAYS = {dtype: [numbers((1, 5, 5, 1), dtype=dtype),
                  numbers((3, 3, 1, 1), 5, 7, 3, dtype),
                  numbers((1, 1, 1, 1), 1, 9, -2, dtype),
                  numbers((1, 5, 5, 1), 3, 13, 6, dtype)]
          for dtype in ('', 'f4', 'i8')}
# numbers whose sums need more than their dtype
BRIGHT = {dtype: [numbers((1, 5, 5, 1), 1, 9, -most, dtype),
                  numbers((3, 3, 1, 1), 1, 9, -most, dtype),
                  numbers((1, 1, 1, 1), 1, 9, -most, dtype),
                  numbers((1, 5, 5, 1), 1, 9, -most, dtype)]
          for dtype, most in (('u1', 200), ('i2', 9000))}
HALF_ONES = ["np.ones((1, 12, 12, 1), 'f2')",
             "np.full((11, 11, 1, 1), .1, 'f2')",
             "np.zeros((1, 1, 1, 1), 'f2')"]
BROKEN = 'A = np.ones((2, 6, {}, 1)); A[0, 2, 3, 0] = {}; '
# the 2 ** 30 in each pixel cancels in the sums, but a sum that is rounded to
# float32 on the way loses the rest
LARGE = '{} + 2. ** 30'.format(ARRAYS[''][0])
TEN = "X = np.load({!r})['X_train'][..., None]; ".format(DIGITS)


def forward_cases():
    """Yield the cases of task 0 that are not about geometry."""
    three = ', '.join(ARRAYS[''][:3])
    image, kernel, bias, _ = ARRAYS['']
    for name, last in (
            ('ReLU comes after the bias', 'lambda Z: np.maximum(Z, 0)'),
            ('another activation', "np.square, padding='valid'"),
            ('padding and stride left out', 'np.positive')):
        yield case(name, 'conv_forward({}, {})'.format(three, last),
                   also=[TENSORFLOW])
    yield case('integers', 'conv_forward({}, {}, {}, np.positive)'.format(
        *ARRAYS['i8']), also=[TENSORFLOW])
    yield case('float32', 'conv_forward({}, {}, {}, np.positive)'.format(
        *ARRAYS['f4']), DTYPE, [TENSORFLOW])
    yield case('fractions', "conv_forward(({}) / 8, ({}) / 16, ({}) / 4, "
               "np.positive, padding='valid')".format(image, kernel, bias),
               also=[TENSORFLOW])
    yield case('large numbers that cancel', 'conv_forward({}, {}, {}, '
               "np.positive, padding='valid')".format(
                   LARGE, numbers((3, 3, 1, 1), 1, 9, 4), bias),
               also=[TENSORFLOW])
    for name, value, w, c_new in (('infinity', 'np.inf', 6, 2),
                                  ('NaN', 'np.nan', 6, 2),
                                  ('infinity', 'np.inf', 17, 8)):
        yield case('{} in one pixel, {} pixels across'.format(name, w),
                   BROKEN.format(w, value) + 'conv_forward(A, np.ones((3, 3, '
                   "1, {0})), np.zeros((1, 1, 1, {0})), np.positive)".format(
                       c_new))
    for dtype in BRIGHT:
        yield case('dtype {}'.format(dtype), 'conv_forward({}, {}, {}, '
                   'np.positive)'.format(*BRIGHT[dtype]), SMALL)
    yield case('float16', 'conv_forward({}, {}, {}, np.positive)'.format(
        *HALF_ONES), HALF)


def pool_forward_cases():
    """Yield the cases of task 1 that are not about geometry."""
    for name, call in (
            ('stride and mode left out', 'pool_forward({}, (2, 2))'),
            ('mode left out', 'pool_forward({}, (3, 2), (2, 1))')):
        yield case(name, call.format(ARRAYS[''][0]), also=[TENSORFLOW])
    for name, dtype in ('integers', 'i8'), ('float32', 'f4'):
        for mode in 'max', 'avg':
            yield case('{}, {}'.format(mode, name), 'pool_forward({}, (2, 2), '
                       "mode='{}')".format(ARRAYS[dtype][0], mode),
                       DTYPE if dtype == 'f4' else '', [TENSORFLOW])
    yield case('infinity in one pixel', BROKEN.format(6, '-np.inf') +
               "pool_forward(A, (2, 2), (2, 2), 'avg')")
    yield case('NaN in one pixel', BROKEN.format(6, 'np.nan') +
               'pool_forward(A, (2, 2), (2, 2))')
    for dtype in BRIGHT:
        yield case('avg, dtype {}'.format(dtype), 'pool_forward({}, (2, 2), '
                   "mode='avg')".format(BRIGHT[dtype][0]), SMALL)
    yield case('avg, float16', "pool_forward(np.full((1, 9, 9, 1), 2047, "
               "'f2'), (3, 3), mode='avg')", HALF)


def backward_cases():
    """Yield the cases of task 2 that are not about geometry."""
    image, kernel, bias, gradient = ARRAYS['']
    both = [TENSORFLOW, DIFFERENCES]
    yield case('padding and stride left out', 'conv_backward({}, {}, {}, {})'
               .format(gradient, image, kernel, bias), also=both)
    yield case('gradient of the first positions only', 'conv_backward({}, {}, '
               "{}, {}, padding='valid')".format(numbers((1, 2, 3, 1)), image,
                                                 kernel, bias))
    for name, dtype in ('integers', 'i8'), ('float32', 'f4'):
        image, kernel, bias, gradient = ARRAYS[dtype]
        yield case(name, 'conv_backward({}, {}, {}, {})'.format(
            gradient, image, kernel, bias), DTYPE if dtype == 'f4' else '',
            [TENSORFLOW])
    yield case('fractions', 'conv_backward(({}) / 4, ({}) / 8, ({}) / 16, {})'
               .format(gradient, image, kernel, bias), also=[TENSORFLOW])
    image, kernel, bias, gradient = ARRAYS['']
    yield case('large numbers that cancel', 'conv_backward({}, {}, {}, {}, '
               "padding='valid')".format(numbers((1, 3, 3, 1), 1, 9, 4), LARGE,
                                         kernel, bias), also=[TENSORFLOW])
    for name, value, w, c_new in (('NaN', 'np.nan', 6, 2),
                                  ('infinity', 'np.inf', 17, 8),
                                  ('NaN', 'np.nan', 19, 8)):
        yield case('{} in one pixel, {} pixels across'.format(name, w),
                   BROKEN.format(w, value) + 'conv_backward(np.ones((2, 6, '
                   '{1}, {0})), A, np.ones((3, 3, 1, {0})), np.zeros((1, 1, '
                   '1, {0})))'.format(c_new, w))
    yield case('NaN in one gradient, 17 pixels across', 'G = np.ones((2, 6, '
               '17, 8)); G[0, 2, 3, 0] = np.nan; conv_backward(G, np.ones((2, '
               '6, 17, 1)), np.ones((3, 3, 1, 8)), np.zeros((1, 1, 1, 8)))')
    for dtype in BRIGHT:
        image, kernel, bias, gradient = BRIGHT[dtype]
        yield case('dtype {}'.format(dtype), 'conv_backward({}, {}, {}, {})'
                   .format(gradient, image, kernel, bias), SMALL)
    yield case('float16', 'conv_backward({0}, {0}, {1}, {2})'.format(
        *HALF_ONES), HALF)
    yield case('infinity in one weight, 19 pixels across', 'W = np.ones((3, '
               '3, 1, 8)); W[1, 0, 0, 0] = np.inf; conv_backward(np.ones((2, '
               '6, 19, 8)), np.ones((2, 6, 19, 1)), W, np.zeros((1, 1, 1, 8)))'
               )
    yield case("the course's driver", TEN +
               'np.random.seed(0); W = np.random.randn(3, 3, 1, 2); '
               'b = np.random.randn(1, 1, 1, 2); '
               'dZ = np.random.randn(10, 26, 26, 2); '
               "conv_backward(dZ, X, W, b, padding='valid')", ROUNDED,
               [PUBLISHED])


def pool_backward_cases():
    """Yield the cases of task 3 that are not about geometry."""
    small, image = numbers((1, 2, 2, 1)), ARRAYS[''][0]
    yield case('stride and mode left out', 'pool_backward({}, {}, (2, 2))'
               .format(numbers((1, 4, 4, 1), 3, 13, 6), image))
    yield case('all pixels equal', 'pool_backward({}, np.ones((1, 4, 4, 1)), '
               '(2, 2), (2, 2))'.format(small))
    yield case('ties of windows that overlap', 'pool_backward({}, {}, (2, 2))'
               .format(numbers((1, 3, 4, 2)), numbers((1, 4, 5, 2), 7, 3, 1)))
    yield case('ties at zero', 'pool_backward({}, {}, (2, 2), (2, 2))'.format(
        small, numbers((1, 4, 4, 1), 7, 2, 0)))
    yield case('gradient of the first positions only', 'pool_backward({}, {}, '
               '(2, 2))'.format(numbers((1, 2, 3, 1)), image))
    for name, dtype in ('integers', 'i8'), ('float32', 'f4'):
        for mode in 'max', 'avg':
            yield case('{}, {}'.format(mode, name), 'pool_backward({}, {}, '
                       "(2, 2), (2, 2), '{}')".format(
                           numbers((1, 2, 2, 1), dtype=dtype),
                           ARRAYS[dtype][0], mode),
                       DTYPE if dtype == 'f4' else '')
    for mode in 'max', 'avg':
        for dtype in BRIGHT:
            yield case('{}, dtype {}'.format(mode, dtype), 'pool_backward({}, '
                       "{}, (2, 2), mode='{}')".format(
                           numbers((1, 4, 4, 1), 1, 9, -200, dtype),
                           BRIGHT[dtype][0], mode), SMALL)
        # in float16, the sums of 500 such gradients are off by 2 to 4 percent
        yield case('{}, float16'.format(mode), "pool_backward(np.full((1, 1, "
                   "501, 1), .1, 'f2'), np.ones((1, 1, 1000, 1), 'f2'), "
                   "(1, 500), mode='{}')".format(mode), HALF)
        for name, value in ('infinity', 'np.inf'), ('NaN', 'np.nan'):
            for stride in (1, 1), (2, 2):
                yield case('{}, {} in one gradient, stride {}'.format(
                    mode, name, stride[0]), 'G = np.ones((1, 2, 2, 1)); '
                    'G[0, 0, 0, 0] = {}; pool_backward(G, {}, (2, 2), {}, '
                    "'{}')".format(value, image, stride, mode), INFINITE)
    yield case("the course's driver", TEN +
               'X = np.concatenate((X, 1 - X), axis=3); np.random.seed(0); '
               'dA = np.random.randn(10, 9, 9, 2); '
               'pool_backward(dA, X, (3, 3), stride=(3, 3))',
               also=[PUBLISHED])


def cases(file):
    """Return the cases of a file; the LeNet-5 files have none."""
    found = {'0': [conv_cases(False), forward_cases()],
             '1': [pool_cases(False), pool_forward_cases()],
             '2': [conv_cases(True), backward_cases()],
             '3': [pool_cases(True), pool_backward_cases()]}
    return list(itertools.chain(*found.get(file[0], [])))
