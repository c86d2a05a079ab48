#!/usr/bin/env python3
"""Back propagation over a pooling layer.

The idea: every pixel looks up the windows that it lies in. Of an average it
receives dA / (kh * kw); of a maximum it receives all of dA if it is that
maximum. With strides as large as the window a pixel lies in one window at
most, else in up to ceil(kh / sh) * ceil(kw / sw), whose gradients add up:

    dA_prev  =  sum over these of  dA[window] * (A_prev == A[window])

So all that tie for a maximum receive the whole gradient. The maxima A are
those of 1-pool_forward.py, found there in the same way. An average is one
across of averages down, so its gradient can be looked up across first, then
down: where windows overlap, ceil(kh / sh) + ceil(kw / sw) look-ups do.
"""
import numpy as np


def pool_backward(dA, A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """Perform back propagation over a pooling layer.

    Parameters
    ----------
    dA : numpy.ndarray, shape (m, h_new, w_new, c)
        The partial derivatives with respect to the output of the layer. With
        fewer rows or columns than that output has, they are those of its
        first h_new x w_new positions.
    A_prev : numpy.ndarray, shape (m, h_prev, w_prev, c)
        The output of the previous layer. No argument is modified.
    kernel_shape : tuple of two int
        (kh, kw), the height and width of the window.
    stride : tuple of two int
        (sh, sw), how far the window moves down and across.
    mode : {'max', 'avg'}
        Whether a window gave its maximum or its average.

    Returns
    -------
    numpy.ndarray, shape (m, h_prev, w_prev, c)
        The partial derivatives with respect to A_prev, in the dtype that
        NumPy gives to both arrays together; to integers, with int64,
        or float64 for averages. Every maximum of a window receives the
        whole gradient; NaN equals nothing and receives none.

    Raises
    ------
    TypeError, ValueError
        If an argument cannot be right; the message names it.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner: "Gradient-Based Learning Applied to
    Document Recognition", Proceedings of the IEEE 86 (11), 1998.
    """
    m, h_prev, w_prev, c = _shape('A_prev', A_prev, 'm', 'h_prev', 'w_prev',
                                  'c')
    kh, kw = _pair('kernel_shape', kernel_shape)
    sh, sw = _pair('stride', stride)
    if c == 0:
        raise ValueError(f'A_prev has the shape {A_prev.shape}, expected one '
                         'channel or more')
    if kh > h_prev or kw > w_prev:
        raise ValueError(f'kernel_shape is {kernel_shape}, expected at most '
                         f'{h_prev} x {w_prev}, the pixels of A_prev')
    if not isinstance(mode, str) or mode not in ('max', 'avg'):
        raise ValueError(f"mode is {mode!r:.80}, expected 'max' or 'avg'")
    sh, sw = min(sh, h_prev), min(sw, w_prev)
    h_most = (h_prev - kh) // sh + 1
    w_most = (w_prev - kw) // sw + 1
    _, h_new, w_new, _ = _shape('dA', dA, m, 'h_new', 'w_new', c)
    if h_new > h_most or w_new > w_most:
        raise ValueError(f'dA has the shape {dA.shape}, expected at most '
                         f'{(m, h_most, w_most, c)}')

    dtype = np.result_type(dA, A_prev)
    if dtype.kind in 'bui':
        dtype = np.result_type(dtype, np.int64 if mode == 'max' else
                               np.float64)
    if dA.size == 0:
        return np.zeros(A_prev.shape, dtype)
    with np.errstate(all='ignore'):
        finite = np.isfinite(dA.sum())
    down = _windows_of(h_prev, kh, sh, h_new)
    across = _windows_of(w_prev, kw, sw, w_new)
    n = min(m, max(1, 2 ** 20 // (h_prev * w_prev * c * dtype.itemsize)))
    # where each window begins, in n examples laid out flat; those that pixels
    # in no window look up, one more below and on the right, have no gradient
    image = np.arange(n)[:, None, None] * h_prev * w_prev
    row, column = np.arange(h_new + 1)[:, None] * sh, np.arange(w_new + 1) * sw
    first = image + row * w_prev + column           # (n, h_new + 1, w_new + 1)
    # an average's gradient goes to the columns alone, then on to the rows
    apart = mode == 'avg' and len(across) > 1
    columns = [np.arange(w_prev)] if apart else across
    w_seen = w_prev if apart else w_new + 1
    padded = np.zeros(first.shape + (c,), dtype)
    share = np.empty((n, h_prev * w_prev, c), dtype)
    dA_prev = np.empty((m, h_prev * w_prev, c), dtype)
    for i in range(0, m, n):
        pixels = np.ascontiguousarray(A_prev[i:i + n]).reshape(
            -1, h_prev * w_prev, c)
        gradient = padded[:len(pixels)]     # (n, h_new + 1, w_new + 1, c)
        gradient[:, :-1, :-1] = dA[i:i + n]
        if mode == 'avg':
            gradient /= kh * kw
        else:
            A = _maxima(pixels, first[:len(pixels)], kh, kw, w_prev)
            A = A.reshape(len(pixels), -1, c)
        if apart:                           # (n, h_new + 1, w_prev, c)
            gradient = sum(np.take(gradient, x, axis=2, mode='clip')
                           for x in across)
        gradient = gradient.reshape(len(pixels), -1, c)
        for j, (y, x) in enumerate((y, x) for y in down for x in columns):
            window = (y[:, None] * w_seen + x).ravel()  # of each pixel
            out = share[:len(pixels)] if j else dA_prev[i:i + n]
            np.take(gradient, window, axis=1, out=out, mode='clip')
            if mode == 'max':
                chosen = pixels == np.take(A, window, axis=1, mode='clip')
                if not finite:      # infinity times False would be NaN
                    out[~chosen] = 0
                out *= chosen
            if j:
                dA_prev[i:i + n] += out
    return dA_prev.reshape(A_prev.shape)


def _shape(name, array, *expected):
    """Return an array's shape, or raise unless its sizes are as expected.

    Where a name stands among the expected sizes, any size will do.
    """
    if not isinstance(array, np.ndarray) or array.dtype.kind not in 'buif':
        got = getattr(array, 'dtype', type(array).__name__)
        raise TypeError(f'{name} is {got}, expected an array of numbers')
    if array.ndim != 4 or any(isinstance(size, int) and size != found
                              for size, found in zip(expected, array.shape)):
        expected = ', '.join(map(str, expected))
        raise ValueError(
            f'{name} has the shape {array.shape}, expected ({expected})')
    return array.shape


def _pair(name, pair):
    """Return a pair as int, or raise unless both are positive integers."""
    if not (isinstance(pair, (tuple, list)) and len(pair) == 2 and
            all(isinstance(n, (int, np.integer)) and n > 0 for n in pair)):
        raise ValueError(f'{name} is {pair!r:.80}, expected two positive '
                         'integers, (down, across)')
    return int(pair[0]), int(pair[1])


def _windows_of(size, k, s, new):
    """Return which windows of a row hold each of its pixels.

    With size 4, k = 3, s = 1, so that new = 2, pixel 0 is in window 0, pixel 1
    in 1 and 0, pixel 3 in 1. They stand below one another, new is for none:

        [[0, 1, 2, 2],
         [2, 0, 1, 2],
         [2, 2, 0, 1]]
    """
    pixel = np.arange(size)
    window = pixel // s - np.arange(-(-k // s))[:, None]
    held = (window >= 0) & (window < new) & (pixel - window * s < k)
    return np.where(held, window, new)


def _maxima(pixels, first, kh, kw, w_prev):
    """Return the maxima of the windows that begin at the pixels `first`."""
    c = pixels.shape[2]
    flat = pixels.reshape(-1)
    across = flat[:flat.size - (kw - 1) * c]
    for s in range(1, kw):
        across = np.maximum(across, flat[s * c:][:across.size])
    across = across.reshape(-1, c)                  # (pixels, c)
    A = np.take(across, first, axis=0, mode='clip')
    for r in range(1, kh):
        A = np.maximum(A, np.take(across[r * w_prev:], first, axis=0,
                                  mode='clip'))
    return A                            # (n, h_new + 1, w_new + 1, c)
