#!/usr/bin/env python3
"""Convolution, forward: one number at a time."""
import numpy as np


def conv_forward(A_prev, W, b, activation, padding="same", stride=(1, 1)):
    """Return the activated sum over each window, in plain loops."""
    m, h_prev, w_prev, c_prev = A_prev.shape
    kh, kw, _, c_new = W.shape
    sh, sw = stride
    ph, pw = 0, 0
    h_new, w_new = (h_prev - kh) // sh + 1, (w_prev - kw) // sw + 1
    if padding == 'same':
        ph = ((h_prev - 1) * sh + kh - h_prev + 1) // 2
        pw = ((w_prev - 1) * sw + kw - w_prev + 1) // 2
        h_new, w_new = h_prev, w_prev
    Z = np.zeros((m, h_new, w_new, c_new))
    for i, y, x, k in np.ndindex(m, h_new, w_new, c_new):
        total = b[0, 0, 0, k]
        for r in range(kh):
            for s in range(kw):
                row, column = y * sh + r - ph, x * sw + s - pw
                if 0 <= row < h_prev and 0 <= column < w_prev:
                    for c in range(c_prev):
                        total += A_prev[i, row, column, c] * W[r, s, c, k]
        Z[i, y, x, k] = total
    return activation(Z)
