#!/usr/bin/env python3
"""Convolution, forward: an answer as students write it."""
import numpy as np


def conv_forward(A_prev, W, b, activation, padding="same", stride=(1, 1)):
    """Return the activated sum over each window."""
    m, h_prev, w_prev, _ = A_prev.shape
    kh, kw, _, c_new = W.shape
    sh, sw = stride
    top, bottom, left, right = 0, 0, 0, 0
    if padding == 'same':
        zeros = (h_prev - 1) * sh + kh - h_prev
        top, bottom = zeros - zeros // 2, zeros // 2
        zeros = (w_prev - 1) * sw + kw - w_prev
        left, right = zeros - zeros // 2, zeros // 2
    A_pad = np.pad(A_prev, ((0, 0), (top, bottom), (left, right), (0, 0)),
                   'constant')
    h_new = (h_prev + top + bottom - kh) // sh + 1
    w_new = (w_prev + left + right - kw) // sw + 1
    Z = np.zeros((m, h_new, w_new, c_new))
    for i in range(m):
        for y in range(h_new):
            for x in range(w_new):
                for k in range(c_new):
                    window = A_pad[i, y * sh:y * sh + kh, x * sw:x * sw + kw]
                    Z[i, y, x, k] = np.sum(window * W[..., k])
    return activation(Z + b)
