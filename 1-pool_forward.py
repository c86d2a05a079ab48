#!/usr/bin/env python3
"""Forward propagation over a pooling layer.

The idea: the maximum of a window is the maximum over its kh rows of the maxima
over their kw columns. Laid out flat, a pixel's neighbour on the right is
c_prev numbers on, so the maxima over kw columns, beginning at each pixel, are
those of kw shifted copies of one long array, which NumPy finds at full speed.
With one channel and kw = 2:

    flat       a  b  c  d  e  f
    shifted    b  c  d  e  f          flat[1:]
    maxima     ab bc cd de ef         np.maximum(flat[:-1], flat[1:])

Row r of each window is then looked up among these, at its first pixel; those
that run over the end of a row are never looked up. An average is the same with
sums. A few examples, or a few rows of a large one, are taken at a time, so
that the second step finds the result of the first in the processor's cache.
"""
import numpy as np


def pool_forward(A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """Perform forward propagation over a pooling layer.

    Parameters
    ----------
    A_prev : numpy.ndarray, shape (m, h_prev, w_prev, c_prev)
        The output of the previous layer, m examples. Never modified.
    kernel_shape : tuple of two int
        (kh, kw), the height and width of the window.
    stride : tuple of two int
        (sh, sw), how far the window moves down and across.
    mode : {'max', 'avg'}
        Whether a window gives its maximum or its average.

    Returns
    -------
    numpy.ndarray, shape (m, h_new, w_new, c_prev)
        The output of the layer. Pooling does not pad: a window that does not
        fit is dropped. The dtype is A_prev's, but averages of integers are
        float64.

    Raises
    ------
    TypeError, ValueError
        If an argument cannot be right; the message names it.

    References
    ----------
    Ranzato, Huang, Boureau, LeCun: "Unsupervised Learning of Invariant Feature
    Hierarchies with Applications to Object Recognition", CVPR 2007 (maximum);
    LeCun et al.: "Gradient-Based Learning Applied to Document Recognition",
    1998 (average, as "sub-sampling").
    """
    m, h_prev, w_prev, c_prev = _shape('A_prev', A_prev)
    kh, kw = _pair('kernel_shape', kernel_shape)
    sh, sw = _pair('stride', stride)
    if c_prev == 0:
        raise ValueError(f'A_prev has the shape {A_prev.shape}, expected one '
                         'channel or more')
    if kh > h_prev or kw > w_prev:
        raise ValueError(f'kernel_shape is {kernel_shape}, expected at most '
                         f'{h_prev} x {w_prev}, the pixels of A_prev')
    if not isinstance(mode, str) or mode not in ('max', 'avg'):
        raise ValueError(f"mode is {mode!r:.80}, expected 'max' or 'avg'")
    sh, sw = min(sh, h_prev), min(sw, w_prev)
    h_new = (h_prev - kh) // sh + 1
    w_new = (w_prev - kw) // sw + 1

    dtype = A_prev.dtype.newbyteorder('=')
    if mode == 'avg':
        # sums that overflow a float16 have averages that do not
        dtype = np.result_type(dtype, np.float64 if dtype.kind in 'bui' else
                               np.float32)
    combine = np.maximum if mode == 'max' else np.add
    # n examples, or where they are large h rows of windows of one, in 512 KiB
    fit = 2 ** 19 // (w_prev * c_prev * dtype.itemsize)     # rows of pixels
    h = max(1, min(h_new, (fit - kh) // sh + 1))
    n = max(1, min(m, fit // h_prev))
    rows = h_prev if n > 1 else (h - 1) * sh + kh
    # where each window begins, in what is laid out flat: (n, h, w_new)
    image = np.arange(n)[:, None, None] * h_prev * w_prev
    row, column = np.arange(h)[:, None] * sh, np.arange(w_new) * sw
    first = image + row * w_prev + column
    A = np.empty((m, h_new, w_new, c_prev), dtype)
    # sums over the end of a row may overflow, but nobody looks them up
    with np.errstate(over='ignore', invalid='ignore'):
        for i, y in ((i, y) for i in range(0, m, n)
                     for y in range(0, h_new, h)):
            out = A[i:i + n, y:y + h]
            here = first[:len(out), :out.shape[1]]
            flat = np.ascontiguousarray(
                A_prev[i:i + n, y * sh:y * sh + rows], dtype).reshape(-1)
            across = flat[:flat.size - (kw - 1) * c_prev]   # maybe A_prev's
            for s in range(1, kw):
                across = combine(across, flat[s * c_prev:][:across.size],
                                 out=across if s > 1 else None)
            across = across.reshape(-1, c_prev)     # (pixels, c_prev)
            result = np.take(across, here, axis=0, mode='clip',
                             out=out if kh == 1 else None)
            # not in place: NumPy 1.19 takes three times as long for maxima
            for r in range(1, kh):
                result = combine(
                    result, np.take(across[r * w_prev:], here, axis=0,
                                    mode='clip'),
                    out=out if r == kh - 1 else None)
            if mode == 'avg':
                out /= kh * kw
    return A.astype(np.float16) if A_prev.dtype.char == 'e' else A


def _shape(name, array):
    """Return the shape of an array of images, or raise if it is none."""
    if not isinstance(array, np.ndarray) or array.dtype.kind not in 'buif':
        got = getattr(array, 'dtype', type(array).__name__)
        raise TypeError(f'{name} is {got}, expected an array of numbers')
    if array.ndim != 4:
        raise ValueError(f'{name} has the shape {array.shape}, expected (m, '
                         'h_prev, w_prev, c_prev)')
    return array.shape


def _pair(name, pair):
    """Return a pair as int, or raise unless both are positive integers."""
    if not (isinstance(pair, (tuple, list)) and len(pair) == 2 and
            all(isinstance(n, (int, np.integer)) and n > 0 for n in pair)):
        raise ValueError(f'{name} is {pair!r:.80}, expected two positive '
                         'integers, (down, across)')
    return int(pair[0]), int(pair[1])
