#!/usr/bin/env python3
"""The four functions as they are defined, in plain loops.

Read each beside its task, whose signature it has. Every example, row, column
and channel of the output has a loop of its own, which is slow but easy to
read. Nothing here is shared with the task files, so that the tests can compare
the two.
"""
import numpy as np


def pad_same(h_prev, kh, sh):
    """Return how many zeros before and after an axis keep its size h_prev."""
    zeros = (h_prev - 1) * sh + kh - h_prev
    return zeros - zeros // 2, zeros // 2


def padded(A_prev, W, padding, stride):
    """Return A_prev with zeros around it, and how many are above and left."""
    rows, columns = (0, 0), (0, 0)
    if padding == 'same':
        rows = pad_same(A_prev.shape[1], W.shape[0], stride[0])
        columns = pad_same(A_prev.shape[2], W.shape[1], stride[1])
    return (np.pad(A_prev, ((0, 0), rows, columns, (0, 0)), 'constant'),
            (rows[0], columns[0]))


def output_shape(shape, kernel_shape, stride):
    """Return how many windows fit, down and across."""
    return tuple(max(0, (n - k) // s + 1)
                 for n, k, s in zip(shape, kernel_shape, stride))


def conv_forward(A_prev, W, b, activation, padding="same", stride=(1, 1)):
    """Return activation(Z): Z is each window times each kernel, plus b."""
    kh, kw, _, c_new = W.shape
    sh, sw = stride
    A_pad, _ = padded(A_prev, W, padding, stride)
    m, h_pad, w_pad, _ = A_pad.shape
    h_new, w_new = output_shape((h_pad, w_pad), (kh, kw), stride)
    Z = np.zeros((m, h_new, w_new, c_new))
    for i in range(m):
        for y in range(h_new):
            for x in range(w_new):
                window = A_pad[i, y * sh:y * sh + kh, x * sw:x * sw + kw]
                for k in range(c_new):
                    Z[i, y, x, k] = (window * W[..., k]).sum()
    return activation(Z + b)


def pool_forward(A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """Return the maximum or the average of each window."""
    m, h_prev, w_prev, c = A_prev.shape
    kh, kw = kernel_shape
    sh, sw = stride
    h_new, w_new = output_shape((h_prev, w_prev), (kh, kw), stride)
    A = np.zeros((m, h_new, w_new, c))
    for i in range(m):
        for y in range(h_new):
            for x in range(w_new):
                window = A_prev[i, y * sh:y * sh + kh, x * sw:x * sw + kw]
                for k in range(c):
                    A[i, y, x, k] = (window[..., k].max() if mode == 'max'
                                     else window[..., k].mean())
    return A


def conv_backward(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    """Return dA_prev, dW, db: what each product adds to the gradients."""
    m, h_new, w_new, c_new = dZ.shape
    kh, kw, _, _ = W.shape
    sh, sw = stride
    A_pad, (top, left) = padded(A_prev, W, padding, stride)
    dA_pad, dW = np.zeros(A_pad.shape), np.zeros(W.shape)
    db = np.zeros((1, 1, 1, c_new))
    for i in range(m):
        for y in range(h_new):
            for x in range(w_new):
                window = np.s_[i, y * sh:y * sh + kh, x * sw:x * sw + kw]
                for k in range(c_new):
                    dA_pad[window] += W[..., k] * dZ[i, y, x, k]
                    dW[..., k] += A_pad[window] * dZ[i, y, x, k]
                    db[..., k] += dZ[i, y, x, k]
    _, h_prev, w_prev, _ = A_prev.shape
    dA_prev = dA_pad[:, top:top + h_prev, left:left + w_prev]
    return dA_prev, dW, db


def pool_backward(dA, A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """Return dA_prev: the maxima get a window's gradient, or all share it."""
    m, h_new, w_new, c = dA.shape
    kh, kw = kernel_shape
    sh, sw = stride
    dA_prev = np.zeros(A_prev.shape)
    for i in range(m):
        for y in range(h_new):
            for x in range(w_new):
                window = np.s_[i, y * sh:y * sh + kh, x * sw:x * sw + kw]
                pixels, shares = A_prev[window], dA_prev[window]    # views
                for k in range(c):
                    gradient = dA[i, y, x, k]
                    if mode == 'max':
                        mask = pixels[..., k] == pixels[..., k].max()
                        shares[..., k] += np.where(mask, gradient, 0)
                    else:
                        shares[..., k] += gradient / (kh * kw)
    return dA_prev
