#!/usr/bin/env python3
"""Pooling, forward: one number at a time."""
import numpy as np


def pool_forward(A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """Return the maximum or the average of each window, in plain loops."""
    m, h_prev, w_prev, channels = A_prev.shape
    kh, kw = kernel_shape
    sh, sw = stride
    A = np.zeros((m, (h_prev - kh) // sh + 1, (w_prev - kw) // sw + 1,
                  channels))
    for i, y, x, c in np.ndindex(*A.shape):
        largest, total = A_prev[i, y * sh, x * sw, c], 0
        for r in range(kh):
            for s in range(kw):
                pixel = A_prev[i, y * sh + r, x * sw + s, c]
                total += pixel
                if pixel > largest:
                    largest = pixel
        A[i, y, x, c] = largest if mode == 'max' else total / (kh * kw)
    return A
