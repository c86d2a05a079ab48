#!/usr/bin/env python3
"""Convolution, backward: an answer as students write it."""
import numpy as np


def conv_backward(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    """Return the gradients of the previous layer, kernels and biases."""
    m, h_new, w_new, c_new = dZ.shape
    _, h_prev, w_prev, c_prev = A_prev.shape
    kh, kw, _, _ = W.shape
    sh, sw = stride
    top, bottom, left, right = 0, 0, 0, 0
    if padding == 'same':
        zeros = (h_prev - 1) * sh + kh - h_prev
        top, bottom = zeros - zeros // 2, zeros // 2
        zeros = (w_prev - 1) * sw + kw - w_prev
        left, right = zeros - zeros // 2, zeros // 2
    A_pad = np.pad(A_prev, ((0, 0), (top, bottom), (left, right), (0, 0)),
                   'constant')
    dA_pad = np.zeros(A_pad.shape)
    dW = np.zeros(W.shape)
    db = np.sum(dZ, axis=(0, 1, 2), keepdims=True)
    for i in range(m):
        for y in range(h_new):
            for x in range(w_new):
                for k in range(c_new):
                    rows = slice(y * sh, y * sh + kh)
                    columns = slice(x * sw, x * sw + kw)
                    dA_pad[i, rows, columns] += W[..., k] * dZ[i, y, x, k]
                    dW[..., k] += A_pad[i, rows, columns] * dZ[i, y, x, k]
    dA_prev = dA_pad[:, top:top + h_prev, left:left + w_prev]
    return dA_prev, dW, db
