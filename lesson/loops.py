#!/usr/bin/env python3
"""The four functions as they are defined, in plain loops.

Read each beside its task. Every example, row, column and channel has a loop of
its own, so it is easy to see what is computed, and slow. Nothing here is
shared with the task files, so that the tests can compare the two.
"""
import numpy as np


def pad_same(h_prev, kh, sh):
    """Return how many zeros before and after an axis keep its size h_prev."""
    total = (h_prev - 1) * sh + kh - h_prev
    return total - total // 2, total // 2


def padded(A_prev, W, padding, stride):
    """Return A_prev with zeros around it, and how many are above and left."""
    if padding == 'valid':
        return A_prev, (0, 0)
    rows = pad_same(A_prev.shape[1], W.shape[0], stride[0])
    columns = pad_same(A_prev.shape[2], W.shape[1], stride[1])
    return (np.pad(A_prev, ((0, 0), rows, columns, (0, 0)), 'constant'),
            (rows[0], columns[0]))


def output_shape(shape, kernel_shape, stride):
    """Return how many windows fit, down and across."""
    return tuple(max(0, (n - k) // s + 1)
                 for n, k, s in zip(shape, kernel_shape, stride))


def conv_forward(A_prev, W, b, padding, stride):
    """Return Z: each window times each kernel, added up, plus the bias."""
    A_pad, _ = padded(A_prev, W, padding, stride)
    (kh, kw, _, c_new), (sh, sw), m = W.shape, stride, len(A_prev)
    h_new, w_new = output_shape(A_pad.shape[1:3], (kh, kw), stride)
    Z = np.zeros((m, h_new, w_new, c_new))
    for i in range(m):
        for y in range(h_new):
            for x in range(w_new):
                window = np.s_[i, y * sh:y * sh + kh, x * sw:x * sw + kw]
                for k in range(c_new):
                    Z[i, y, x, k] = ((A_pad[window] * W[..., k]).sum() +
                                     b[0, 0, 0, k])
    return Z


def pool_forward(A_prev, kernel_shape, stride, mode):
    """Return A: the maximum or the mean of each window."""
    (m, h_prev, w_prev, c), (kh, kw) = A_prev.shape, kernel_shape
    (sh, sw), reduce = stride, {'max': np.max, 'avg': np.mean}[mode]
    h_new, w_new = output_shape((h_prev, w_prev), kernel_shape, stride)
    A = np.zeros((m, h_new, w_new, c))
    for i in range(m):
        for y in range(h_new):
            for x in range(w_new):
                for k in range(c):
                    window = np.s_[i, y * sh:y * sh + kh,
                                   x * sw:x * sw + kw, k]
                    A[i, y, x, k] = reduce(A_prev[window])
    return A


def conv_backward(dZ, A_prev, W, padding, stride):
    """Return dA_prev, dW, db: what each product of conv_forward gives."""
    A_pad, (top, left) = padded(A_prev, W, padding, stride)
    (kh, kw, _, c_new), (sh, sw), (m, h_new, w_new, _) = (
        W.shape, stride, dZ.shape)
    dA_pad, dW = np.zeros(A_pad.shape), np.zeros(W.shape)
    db = np.zeros((1, 1, 1, c_new))
    for i in range(m):
        for y in range(h_new):
            for x in range(w_new):
                window = np.s_[i, y * sh:y * sh + kh, x * sw:x * sw + kw]
                for k in range(c_new):
                    db[0, 0, 0, k] += dZ[i, y, x, k]
                    dW[..., k] += dZ[i, y, x, k] * A_pad[window]
                    dA_pad[window] += dZ[i, y, x, k] * W[..., k]
    _, h_prev, w_prev, _ = A_prev.shape
    return dA_pad[:, top:top + h_prev, left:left + w_prev], dW, db


def pool_backward(dA, A_prev, kernel_shape, stride, mode):
    """Return dA_prev: the maxima get a window's gradient, or all share it."""
    (kh, kw), (sh, sw), (m, h_new, w_new, c) = kernel_shape, stride, dA.shape
    dA_prev = np.zeros(A_prev.shape)
    for i in range(m):
        for y in range(h_new):
            for x in range(w_new):
                for k in range(c):
                    window = np.s_[i, y * sh:y * sh + kh,
                                   x * sw:x * sw + kw, k]
                    pixels = A_prev[window]
                    if mode == 'max':
                        dA_prev[window] += np.where(
                            pixels == pixels.max(), dA[i, y, x, k], 0)
                    else:
                        dA_prev[window] += dA[i, y, x, k] / (kh * kw)
    return dA_prev
