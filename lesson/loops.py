#!/usr/bin/env python3
"""The four functions as they are defined, one window at a time.

Every example, position and channel has a loop of its own, so that it is easy
to see what is computed. Nothing here is shared with the task files, so that
the tests can compare the two.
"""
import itertools

import numpy as np


def pad_same(h_prev, kh, sh):
    """Return how many zeros before and after an axis keep its size h_prev."""
    total = (h_prev - 1) * sh + kh - h_prev
    return total - total // 2, total // 2


def padded(A_prev, W, padding, stride):
    """Return A_prev padded with zeros, and how many are above and left."""
    if padding == 'valid':
        return np.array(A_prev), (0, 0)
    rows = pad_same(A_prev.shape[1], W.shape[0], stride[0])
    columns = pad_same(A_prev.shape[2], W.shape[1], stride[1])
    return (np.pad(A_prev, ((0, 0), rows, columns, (0, 0)), 'constant'),
            (rows[0], columns[0]))


def positions(shape, kernel_shape, stride):
    """Yield each output position and its window."""
    (h, w), (kh, kw), (sh, sw) = shape, kernel_shape, stride
    tops, lefts = range(0, h - kh + 1, sh), range(0, w - kw + 1, sw)
    for (y, top), (x, left) in itertools.product(enumerate(tops),
                                                 enumerate(lefts)):
        yield y, x, (slice(top, top + kh), slice(left, left + kw))


def output_shape(shape, kernel_shape, stride):
    """Return how many windows fit, down and across."""
    return tuple(len(range(0, n - k + 1, s))
                 for n, k, s in zip(shape, kernel_shape, stride))


def conv_forward(A_prev, W, b, padding, stride):
    """Return the pre-activation, a sum over each window."""
    A_pad, _ = padded(A_prev, W, padding, stride)
    size = A_pad.shape[1:3]
    Z = np.zeros((len(A_prev),) + output_shape(size, W.shape, stride) +
                 W.shape[3:], np.result_type(A_prev, W, b))
    for i, k in itertools.product(range(len(A_prev)), range(W.shape[3])):
        for y, x, window in positions(size, W.shape[:2], stride):
            Z[i, y, x, k] = b[0, 0, 0, k] + (
                A_pad[i][window] * W[..., k]).sum()
    return Z


def dtype_of_products(A_prev, dZ):
    """Return the dtype of the products that make up dW.

    It is NumPy's common dtype of the two arrays, with one exception. Where
    A_prev is float32 and dZ float64, the course's NumPy rounded each product
    to float32. The same is done here, unless dZ is beyond float32's range.
    """
    if A_prev.dtype.char + dZ.dtype.char == 'fd' and (
            1e-18 < np.abs(dZ).max(initial=0) < 1e18):
        return np.dtype('float32')
    return np.result_type(A_prev, dZ)


def conv_backward(dZ, A_prev, W, padding, stride):
    """Return dA_prev, dW, db: every product of the forward pass, in turn."""
    A_pad, (top, left) = padded(A_prev, W, padding, stride)
    dA_pad, dW = np.zeros(A_pad.shape), np.zeros(W.shape)
    dtype = dtype_of_products(A_prev, dZ)
    A_pad, dZ_ = A_pad.astype(dtype), dZ.astype(dtype)
    for i, k in itertools.product(range(len(A_prev)), range(W.shape[3])):
        for y, x, window in positions(A_pad.shape[1:3], W.shape[:2], stride):
            if y < dZ.shape[1] and x < dZ.shape[2]:
                dA_pad[i][window] += dZ[i, y, x, k] * W[..., k]
                dW[..., k] += dZ_[i, y, x, k] * A_pad[i][window]
    h_prev, w_prev = A_prev.shape[1:3]
    return (dA_pad[:, top:top + h_prev, left:left + w_prev], dW,
            dZ.sum(axis=(0, 1, 2)).reshape((1, 1, 1, -1)))


def pool_forward(A_prev, kernel_shape, stride, mode):
    """Return the maximum or the mean of each window."""
    size = A_prev.shape[1:3]
    reduce = {'max': np.max, 'avg': np.mean}[mode]
    A = np.zeros((len(A_prev),) + output_shape(size, kernel_shape, stride) +
                 A_prev.shape[3:])
    for i, k in itertools.product(range(len(A_prev)), range(A.shape[3])):
        for y, x, window in positions(size, kernel_shape, stride):
            A[i, y, x, k] = reduce(A_prev[i, :, :, k][window])
    return A


def pool_backward(dA, A_prev, kernel_shape, stride, mode):
    """Return dA_prev: maxima get a window's gradient, or all pixels share it.
    """
    dA_prev = np.zeros(A_prev.shape)
    for i, k in itertools.product(range(len(A_prev)), range(dA.shape[3])):
        for y, x, window in positions(A_prev.shape[1:3], kernel_shape,
                                      stride):
            if y < dA.shape[1] and x < dA.shape[2]:
                pixels = A_prev[i, :, :, k][window]
                if mode == 'max':
                    share = np.where(pixels == pixels.max(), dA[i, y, x, k], 0)
                else:
                    share = dA[i, y, x, k] / pixels.size
                dA_prev[i, :, :, k][window] += share
    return dA_prev
