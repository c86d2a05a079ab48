#!/usr/bin/env python3
"""Pooling, forward: an answer as students write it."""
import numpy as np


def pool_forward(A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """Return the maximum or the average of each window."""
    m, h_prev, w_prev, c = A_prev.shape
    kh, kw = kernel_shape
    sh, sw = stride
    h_new = (h_prev - kh) // sh + 1
    w_new = (w_prev - kw) // sw + 1
    A = np.zeros((m, h_new, w_new, c))
    for y in range(h_new):
        for x in range(w_new):
            window = A_prev[:, y * sh:y * sh + kh, x * sw:x * sw + kw]
            if mode == 'max':
                A[:, y, x] = np.max(window, axis=(1, 2))
            else:
                A[:, y, x] = np.mean(window, axis=(1, 2))
    return A
