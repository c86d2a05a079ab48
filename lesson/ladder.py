#!/usr/bin/env python3
"""Go from nested loops to the speed of the libraries, step by step.

    lesson/ladder.py

The idea: each function below is complete, and changes one thing in the one
before it. All give the same results as loops.py, the first rung. The program
times them on real digits, and prints the times.
"""
import os
import sys
import timeit

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [ROOT, os.path.join(ROOT, 'lesson')]
import loops  # noqa: E402

CACHE = 2 ** 20     # bytes of windows at a time


def positions(shape, kernel_shape, stride):
    """Yield each output's row and column, and its window's two slices."""
    (kh, kw), (sh, sw) = kernel_shape, stride
    for y, x in np.ndindex(*loops.output_shape(shape, kernel_shape, stride)):
        yield y, x, np.s_[y * sh:y * sh + kh, x * sw:x * sw + kw]


def conv_loops(A_prev, W, b, padding, stride):
    """Every example, position and channel has a loop, as in loops.py."""
    return loops.conv_forward(A_prev, W, b, np.positive, padding, stride)


def conv_whole_examples(A_prev, W, b, padding, stride):
    """Loop over positions only: all examples and kernels at once."""
    A_pad, _ = loops.padded(A_prev, W, padding, stride)
    new = loops.output_shape(A_pad.shape[1:3], W.shape, stride)
    Z = np.zeros((len(A_prev), *new, W.shape[3]))
    for y, x, (rows, columns) in positions(A_pad.shape[1:3], W.shape[:2],
                                           stride):
        window = A_pad[:, rows, columns]            # (m, kh, kw, c_prev)
        Z[:, y, x] = np.tensordot(window, W, 3)     # (m, c_new)
    return Z + b


def places(kernel_shape, stride, new):
    """Yield each place in a kernel, and where its pixels are in A_pad.

    The pixels are (m, h_new, w_new, c): one of every window.
    """
    (kh, kw), (sh, sw), (h_new, w_new) = kernel_shape, stride, new
    for r in range(kh):
        for s in range(kw):
            yield r, s, np.s_[:, r:r + h_new * sh:sh, s:s + w_new * sw:sw]


def conv_places(A_prev, W, b, padding, stride):
    """Loop over the places in the kernel: all windows at once."""
    A_pad, _ = loops.padded(A_prev, W, padding, stride)
    new = loops.output_shape(A_pad.shape[1:3], W.shape, stride)
    Z = np.zeros((len(A_prev), *new, W.shape[3])) + b
    for r, s, place in places(W.shape[:2], stride, new):
        Z += A_pad[place] @ W[r, s]
    return Z


def conv_backward_places(dZ, A_prev, W, padding, stride):
    """Use the same slices: what Z read there, dA_pad adds there."""
    A_pad, (top, left) = loops.padded(A_prev, W, padding, stride)
    dA_pad, dW = np.zeros(A_pad.shape), np.zeros(W.shape)
    for r, s, place in places(W.shape[:2], stride, dZ.shape[1:3]):
        dA_pad[place] += dZ @ W[r, s].T
        dW[r, s] = np.tensordot(A_pad[place], dZ, ((0, 1, 2), (0, 1, 2)))
    h_prev, w_prev = A_prev.shape[1:3]
    return (dA_pad[:, top:top + h_prev, left:left + w_prev], dW,
            dZ.sum(axis=(0, 1, 2), keepdims=True))


def windows_of(A_pad, kh, kw, stride, new):
    """Return every window as a view, (m, h_new, w_new, kh, kw, c_prev).

    Nothing is copied. The strides say how far apart in memory the numbers of
    each axis are.
    """
    m, _, _, c_prev = A_pad.shape
    by_example, by_row, by_column, by_channel = A_pad.strides
    return np.lib.stride_tricks.as_strided(
        A_pad, (m, *new, kh, kw, c_prev),
        (by_example, stride[0] * by_row, stride[1] * by_column, by_row,
         by_column, by_channel), writeable=False)


def conv_one_matrix(A_prev, W, b, padding, stride):
    """No loop: every window is a row of one matrix, every kernel a column."""
    A_pad, _ = loops.padded(A_prev, W, padding, stride)
    kh, kw, c_prev, c_new = W.shape
    new = loops.output_shape(A_pad.shape[1:3], W.shape, stride)
    windows = windows_of(A_pad, kh, kw, stride, new)
    matrix = windows.reshape(-1, kh * kw * c_prev)          # copied here
    Z = matrix @ W.reshape(-1, c_new)                       # (windows, c_new)
    return Z.reshape(len(A_prev), *new, c_new) + b


def conv_blocks(A_prev, W, b, padding, stride):
    """A few examples at a time, so that the matrix stays in the cache."""
    A_pad, _ = loops.padded(A_prev, W, padding, stride)
    kh, kw, c_prev, c_new = W.shape
    new = loops.output_shape(A_pad.shape[1:3], W.shape, stride)
    Z = np.empty((len(A_prev), *new, c_new))
    n = max(1, CACHE // (new[0] * new[1] * kh * kw * c_prev * 8))
    for i in range(0, len(Z), n):
        windows = windows_of(A_pad[i:i + n], kh, kw, stride, new)
        matrix = windows.reshape(-1, kh * kw * c_prev)
        Z[i:i + n] = (matrix @ W.reshape(-1, c_new)).reshape(-1, *new, c_new)
    return Z + b


def conv_wide_windows(A_prev, W, b, padding, stride):
    """t neighbouring outputs share a window, which is copied only once."""
    A_pad, _ = loops.padded(A_prev, W, padding, stride)
    kh, kw, c_prev, c_new = W.shape
    h_new, w_new = loops.output_shape(A_pad.shape[1:3], W.shape, stride)
    t = max(t for t in range(1, min(w_new, 32) + 1) if w_new % t == 0)
    wide = np.zeros((kh, kw + (t - 1) * stride[1], c_prev, t, c_new))
    for j in range(t):          # in column j, the kernel is shifted by j * sw
        wide[:, j * stride[1]:j * stride[1] + kw, :, j] = W
    step, new = (stride[0], t * stride[1]), (h_new, w_new // t)
    Z = np.empty((len(A_prev), h_new, w_new, c_new))
    n = max(1, CACHE // (new[0] * new[1] * wide[..., 0, 0].size * 8))
    for i in range(0, len(Z), n):
        windows = windows_of(A_pad[i:i + n], kh, wide.shape[1], step, new)
        matrix = windows.reshape(-1, wide[..., 0, 0].size)
        Z[i:i + n] = (matrix @ wide.reshape(-1, t * c_new)).reshape(
            -1, h_new, w_new, c_new)
    return Z + b


def conv_ours(A_prev, W, b, padding, stride):
    """Our file: the bias in the product, a suitable t, and all checks."""
    return __import__('0-conv_forward').conv_forward(
        A_prev, W, b, np.positive, padding, stride)


def pool_whole_examples(dA, A_prev, kernel_shape, stride):
    """Loop over positions only: all examples and channels at once."""
    dA_prev = np.zeros(A_prev.shape)
    for y, x, (rows, columns) in positions(A_prev.shape[1:3], kernel_shape,
                                           stride):
        window = A_prev[:, rows, columns]           # (m, kh, kw, c)
        largest = window.max(axis=(1, 2), keepdims=True)
        gradient = dA[:, y:y + 1, x:x + 1]          # (m, 1, 1, c)
        dA_prev[:, rows, columns] += gradient * (window == largest)
    return dA_prev


def pool_places(A_prev, kernel_shape, stride, mode='max'):
    """Loop over the places in a window: all windows at once."""
    new = loops.output_shape(A_prev.shape[1:3], kernel_shape, stride)
    A = np.full((len(A_prev), *new, A_prev.shape[3]),
                -np.inf if mode == 'max' else 0)
    for r, s, place in places(kernel_shape, stride, new):
        A = np.maximum(A, A_prev[place]) if mode == 'max' else (
            A + A_prev[place] / np.prod(kernel_shape))
    return A


def pool_backward_places(dA, A_prev, kernel_shape, stride, mode='max'):
    """Use the same slices: each pixel adds up what its windows give it."""
    A = pool_places(A_prev, kernel_shape, stride)
    dA_prev = np.zeros(A_prev.shape)
    for r, s, place in places(kernel_shape, stride, dA.shape[1:3]):
        dA_prev[place] += dA * (A_prev[place] == A if mode == 'max' else
                                1 / np.prod(kernel_shape))
    return dA_prev


def pool_blocks(dA, A_prev, kernel_shape, stride):
    """A few examples at a time, so that their maps stay in the cache."""
    dA_prev = np.empty(A_prev.shape)
    n = max(1, CACHE // (A_prev[0].size * 8))
    for i in range(0, len(dA_prev), n):
        dA_prev[i:i + n] = pool_backward_places(
            dA[i:i + n], A_prev[i:i + n], kernel_shape, stride)
    return dA_prev


def pool_ours(dA, A_prev, kernel_shape, stride):
    """Our file: columns' maxima first, look-ups instead of sums, checks."""
    return __import__('3-pool_backward').pool_backward(dA, A_prev,
                                                       kernel_shape, stride)


CONVOLUTION = [('nested loops', conv_loops),
               ('whole examples at once', conv_whole_examples),
               ("one loop over the kernel's places", conv_places),
               ('windows as one matrix', conv_one_matrix),
               ('blocks that fit the cache', conv_blocks),
               ('wide windows', conv_wide_windows),
               ('0-conv_forward.py', conv_ours)]
POOLING = [('nested loops', loops.pool_backward),
           ('whole examples at once', pool_whole_examples),
           ("one loop over the window's places", pool_backward_places),
           ('blocks that fit the cache', pool_blocks),
           ('3-pool_backward.py', pool_ours)]
LAYERS = {'0. convolution, forward: 3x3, 2 kernels, valid': CONVOLUTION,
          '3. maximum pooling, backward: 3x3, stride 1': POOLING}


def arguments(rungs, images):
    """Return the arguments for the functions of a ladder."""
    rng = np.random.RandomState(0)
    if rungs is CONVOLUTION:
        return (images, rng.randn(3, 3, 1, 2), rng.randn(1, 1, 1, 2),
                'valid', (1, 1))
    pair = np.concatenate((images, 1 - images), axis=3)     # as driver 3 does
    return rng.randn(len(images), 26, 26, 2), pair, (3, 3), (1, 1)


def seconds_per_image(function, rungs, images):
    """Return the best time of three; nested loops get fewer images."""
    few = images[:20] if function is rungs[0][1] else images
    given = arguments(rungs, few)
    return min(timeit.repeat(lambda: function(*given), number=1,
                             repeat=3)) / len(few)


def main():
    """Time every step, and print the times."""
    with np.load(os.path.join(ROOT, 'data', 'MNIST.npz')) as lib:
        images = lib['X_train'][:5000, ..., None].astype(float)
    for layer, rungs in LAYERS.items():
        print(f'{layer}\n{"microseconds an image, times as fast":>72}')
        times = [seconds_per_image(step, rungs, images) for _, step in rungs]
        for (name, _), seconds in zip(rungs, times):
            print(f'{name:<34}{1e6 * seconds:18,.1f}'
                  f'{times[0] / seconds:20,.0f}')


if __name__ == '__main__':
    main()
