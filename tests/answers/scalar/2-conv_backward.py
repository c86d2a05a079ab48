#!/usr/bin/env python3
"""Convolution, backward: one number at a time."""
import numpy as np


def conv_backward(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    """Return the three gradients, in plain loops."""
    _, h_prev, w_prev, c_prev = A_prev.shape
    kh, kw = W.shape[:2]
    sh, sw = stride
    ph, pw = 0, 0
    if padding == 'same':
        ph = ((h_prev - 1) * sh + kh - h_prev + 1) // 2
        pw = ((w_prev - 1) * sw + kw - w_prev + 1) // 2
    dA_prev, dW = np.zeros(A_prev.shape), np.zeros(W.shape)
    db = np.zeros(b.shape)
    for i, y, x, k in np.ndindex(*dZ.shape):
        db[0, 0, 0, k] += dZ[i, y, x, k]
        for r in range(kh):
            for s in range(kw):
                row, column = y * sh + r - ph, x * sw + s - pw
                if 0 <= row < h_prev and 0 <= column < w_prev:
                    for c in range(c_prev):
                        dA_prev[i, row, column, c] += (W[r, s, c, k] *
                                                       dZ[i, y, x, k])
                        dW[r, s, c, k] += (A_prev[i, row, column, c] *
                                           dZ[i, y, x, k])
    return dA_prev, dW, db
