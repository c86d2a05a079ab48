#!/usr/bin/env python3
"""Pooling, backward: one number at a time."""
import numpy as np


def pool_backward(dA, A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """Return the gradient of the previous layer, in plain loops."""
    kh, kw = kernel_shape
    sh, sw = stride
    dA_prev = np.zeros(A_prev.shape)
    for i, y, x, c in np.ndindex(*dA.shape):
        places = [(i, y * sh + r, x * sw + s, c) for r in range(kh)
                  for s in range(kw)]
        largest = max(A_prev[place] for place in places)
        for place in places:
            if mode == 'avg':
                dA_prev[place] += dA[i, y, x, c] / (kh * kw)
            elif A_prev[place] == largest:
                dA_prev[place] += dA[i, y, x, c]
    return dA_prev
