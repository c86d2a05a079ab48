#!/usr/bin/env python3
"""Forward propagation over a pooling layer.

What is computed. Each output is the maximum, or the average, of a window:

    A[i, y, x, c] = max over r < kh, s < kw of
                    A_prev[i, y * sh + r, x * sw + s, c]

    A_prev  (m, h_prev, w_prev, c)      A: (m, h_new, w_new, c)

How. The maximum of a window is the maximum of its columns' maxima. So first
each column of a window is reduced, `down`, by combining its rows in turn:

    a0 a1 a2 a3
    b0 b1 b2 b3     maximum of both rows:   m0 m1 m2 m3

Then neighbours in a row are combined, `across`. With kw = 2 and one channel:

    flat: all rows, end to end              m0   m1   m2   m3
    the same from the next pixel on         m1   m2   m3
    maximum of both                         m01  m12  m23

Finally, each window picks the result at its first pixel, its `start`. (A pair
across two rows is combined too, but never picked.) An average: sums instead.

What makes it fast. About kh + kw steps over whole arrays, not kh * kw, and a
few examples at a time, for the cache. In plain loops: lesson/loops.py.
"""
import numpy as np


def pool_forward(A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """Perform forward propagation over a pooling layer.

    Parameters
    ----------
    A_prev : numpy.ndarray, shape (m, h_prev, w_prev, c)
        The output of the previous layer, m examples. Never modified.
    kernel_shape : tuple of two int
        (kh, kw), the height and width of the window.
    stride : tuple of two int
        (sh, sw), how far the window moves down and across.
    mode : {'max', 'avg'}
        Whether a window gives its maximum or its average.

    Returns
    -------
    numpy.ndarray, shape (m, h_new, w_new, c)
        The output of the layer. Pooling does not pad: a window that does not
        fit is dropped. The dtype is A_prev's, but averages of integers are
        float64. float16 is summed in float32.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid; the message names it.

    References
    ----------
    LeCun et al. 1998, Gradient-Based Learning Applied to Document Recognition
    (average); Ranzato et al. 2007, Unsupervised Learning of Invariant Feature
    Hierarchies (maximum)
    """
    (kh, kw), (sh, sw), (h_new, w_new) = _fit(A_prev, kernel_shape, stride,
                                              mode)
    m, h_prev, w_prev, c = A_prev.shape
    dtype, combine = A_prev.dtype.newbyteorder('='), np.maximum
    if mode == 'avg':
        combine = np.add
        dtype = np.result_type(dtype, 'f4' if dtype.kind == 'f' else 'f8')
    A = np.empty((m, h_new, w_new, c), dtype)
    # 1 MiB of pixels, for the cache: n examples, or h rows of windows of one
    most = 2 ** 20 // (w_prev * c * dtype.itemsize)     # rows of pixels
    n = max(1, min(m, most // h_prev))
    h = max(1, min(h_new, (most - kh) // sh + 1))
    # where in `across` each window starts
    start = (np.arange(n * h).reshape(n, h, 1) * w_prev +
             np.arange(w_new) * sw)
    for i in range(0, m, n):
        for y in range(0, h_new, h):
            out = A[i:i + n, y:y + h]                   # (n, h, w_new, c)
            pixels = np.ascontiguousarray(
                A_prev[i:i + n, y * sh:(y + h - 1) * sh + kh], dtype)
            _, across = _combined(combine, pixels, kh, kw, sh)
            # np.take's default, 'raise', would copy `out`; all are in range
            np.take(across, start[:len(out), :out.shape[1]], 0, out, 'clip')
            if mode == 'avg':
                out /= kh * kw
    return A.astype('f2', copy=False) if A_prev.dtype.char == 'e' else A


# no warnings about windows that wrap round the end of a row, which are unused
@np.errstate(over='ignore', invalid='ignore')
def _combined(combine, pixels, kh, kw, sh):
    """Return windows' columns combined, and the windows of every pixel."""
    c, stop = pixels.shape[3], pixels.shape[1] - kh + 1
    down = pixels[:, :stop:sh]                  # (n, h_new, w_prev, c)
    for r in range(1, kh):
        down = combine(down, pixels[:, r:stop + r:sh])
    flat = down.reshape(-1)                 # the next pixel is c numbers on
    size = flat.size - (kw - 1) * c
    across = flat[:size]
    for s in range(1, kw):
        across = combine(across, flat[s * c:s * c + size])
    return down, across.reshape(-1, c)


def _fit(A_prev, kernel_shape, stride, mode):
    """Check these; return (kh, kw), (sh, sw) and (h_new, w_new)."""
    _check('A_prev', A_prev, 'm', 'h_prev', 'w_prev', 'c_prev')
    k, stride = _pair('kernel_shape', kernel_shape), _pair('stride', stride)
    (h_prev, w_prev), (kh, kw), (sh, sw) = A_prev.shape[1:3], k, stride
    if kh > h_prev or kw > w_prev:
        raise ValueError(f'kernel_shape is {k}, expected at most {h_prev} x '
                         f'{w_prev}, the pixels of A_prev')
    if not isinstance(mode, str) or mode not in ('max', 'avg'):
        raise ValueError(f"mode is {mode!r}, expected 'max' or 'avg'")
    return k, stride, ((h_prev - kh) // sh + 1, (w_prev - kw) // sw + 1)


def _check(name, array, *shape):
    """Raise unless real and of `shape`; a str is any size > 0 ('m': >= 0)."""
    if not isinstance(array, np.ndarray) or hasattr(array, 'mask'):
        raise TypeError(f'{name} is a {type(array).__name__}, expected a '
                        'plain numpy.ndarray')
    if array.dtype.kind not in 'buif':
        raise TypeError(f'{name} is {array.dtype}, expected real numbers')
    if array.ndim != 4 or any(
            size != want if isinstance(want, int) else size < 1 and want != 'm'
            for size, want in zip(array.shape, shape)):
        raise ValueError(f'{name} has the shape {array.shape}, expected '
                         f'({", ".join(map(str, shape))})' +
                         ', each at least 1' * (0 in array.shape[1:]))


def _pair(name, pair):
    """Return two positive integers as int, or raise."""
    numbers = pair.tolist() if isinstance(pair, np.ndarray) else pair
    if not isinstance(numbers, (tuple, list)) or len(numbers) != 2 or not all(
            isinstance(n, (int, np.integer)) and n > 0 and
            not isinstance(n, bool) for n in numbers):
        raise ValueError(f'{name} is {pair!r}, expected two positive integers')
    return int(numbers[0]), int(numbers[1])
