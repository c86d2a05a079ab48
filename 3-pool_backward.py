#!/usr/bin/env python3
"""Back propagation over a pooling layer.

The idea: pooling works across, then down (1-pool_forward.py), so its gradient
goes back down, then across. A_across holds the maxima of kw neighbours in each
row, A those of kh rows of A_across. In both steps every number looks up the
windows that it lies in, up to ceil(k / s) of them. Of a maximum it receives
the whole gradient, if it is that maximum; of an average it always does, with
dA divided by kh * kw at the start:

    dA_across  =  sum of  dA[window] * (A_across == A[window])
    dA_prev    =  sum of  dA_across[window] * (A_prev == A_across[window])

So all that tie for a maximum receive the whole gradient. Where windows do not
overlap across (sw >= kw), A_prev looks its windows up in A and dA at once.
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
    down = _windows_of(h_prev, kh, sh, h_new)
    across = _windows_of(w_prev, kw, sw, w_new)
    at_once = len(across) == 1
    if at_once:
        down = down[:, :, None] * (w_new + 1) + across  # (.., h_prev, w_prev)
    # n examples, or where they are large h rows of pixels of one, in 512 KiB
    fit = 2 ** 19 // (w_prev * c * dtype.itemsize)
    h = max(1, min(h_prev, fit))
    n = max(1, min(m, fit // h_prev))
    # where windows begin: the rows, and the pixels of all rows, laid out flat
    row, column = np.arange(h_new + 1) * sh, np.arange(w_new + 1) * sw
    first = np.arange(n * h_prev).reshape(n, h_prev, 1) * w_prev + column
    # pixels in no window look up one more, below or on the right, that is 0
    padded = np.zeros((n, h_new + 1, w_new + 1, c), dtype)
    dA_prev = np.empty(A_prev.shape, dtype)
    for i in range(0, m, n):
        pixels = np.ascontiguousarray(A_prev[i:i + n])
        gradient = padded[:len(pixels)]     # (n, h_new + 1, w_new + 1, c)
        if mode == 'avg':
            # kh * kw may be more than a float16 can be
            np.divide(dA[i:i + n], kh * kw, out=gradient[:, :-1, :-1],
                      dtype=np.result_type(dtype, np.float32))
            A = A_across = pixels           # of averages nobody looks at them
            finite = True
        else:
            gradient[:, :-1, :-1] = dA[i:i + n]
            A, A_across = _maxima(pixels, kh, kw, row, first[:len(pixels)])
            finite = _is_finite(gradient)
        if at_once:
            A, gradient = (x.reshape(len(x), -1, c) for x in (A, gradient))
        for y in range(0, h_prev, h):
            here = np.s_[:, y:y + h]
            out = dA_prev[i:i + n][here]    # (n, h, w_prev, c)
            if at_once:
                _receive(mode, pixels[here], A, gradient, finite, down[here],
                         1, out)
            else:
                rows = _receive(mode, A_across[here], A, gradient, finite,
                                down[here], 1)
                _receive(mode, pixels[here], A_across[here], rows,
                         mode == 'avg' or _is_finite(rows), across, 2, out)
    return dA_prev


def _is_finite(dA):
    """Return whether the sum, and so every number in dA, is finite."""
    with np.errstate(all='ignore'):
        return np.isfinite(dA.sum())


def _receive(mode, values, A, dA, finite, windows, axis, out=None):
    """Return what the values receive from the windows that they lie in.

    Each row of windows says for every value, or every row or column of them,
    where along the axis one of its windows stands in A and dA.
    """
    for j, window in enumerate(windows):
        share = np.take(dA, window, axis, None if j else out, 'clip')
        if mode == 'max':
            chosen = values == np.take(A, window, axis, mode='clip')
            if not finite:          # infinity times False would be NaN
                share[~chosen] = 0
            share *= chosen
        total = np.add(total, share, out=total) if j else share
    return total


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


def _maxima(pixels, kh, kw, row, first):
    """Return the maxima down, of windows that begin at these rows, and across.

    Those across are of the kw pixels of each row that begin at `first`.
    """
    c = pixels.shape[3]
    flat = pixels.reshape(-1)
    across = flat[:flat.size - (kw - 1) * c]
    for s in range(1, kw):
        across = np.maximum(across, flat[s * c:][:across.size])
    A_across = np.take(across.reshape(-1, c), first, axis=0, mode='clip')
    A = np.take(A_across, row, axis=1, mode='clip')
    for r in range(1, kh):          # (n, h_new + 1, w_new + 1, c)
        A = np.maximum(A, np.take(A_across, row + r, axis=1, mode='clip'))
    return A, A_across
