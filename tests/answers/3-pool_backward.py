#!/usr/bin/env python3
"""Pooling, backward: an answer as students write it."""
import numpy as np


def pool_backward(dA, A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """Return the gradient of the previous layer."""
    m, h_new, w_new, c = dA.shape
    kh, kw = kernel_shape
    sh, sw = stride
    dA_prev = np.zeros(A_prev.shape)
    for i in range(m):
        for y in range(h_new):
            for x in range(w_new):
                for k in range(c):
                    rows = slice(y * sh, y * sh + kh)
                    columns = slice(x * sw, x * sw + kw)
                    window = A_prev[i, rows, columns, k]
                    if mode == 'max':
                        mask = window == np.max(window)
                        dA_prev[i, rows, columns, k] += mask * dA[i, y, x, k]
                    else:
                        dA_prev[i, rows, columns, k] += (
                            dA[i, y, x, k] / (kh * kw))
    return dA_prev
