#!/usr/bin/env python3
"""Back propagation over a pooling layer.

What is computed. dA is the derivative of the cost with respect to the maximum
or the average of each window:

    A[i, y, x, c] = max over r < kh, s < kw of
                    A_prev[i, y * sh + r, x * sw + s, c]

    A_prev, dA_prev  (m, h_prev, w_prev, c)     A, dA: (m, h_new, w_new, c)

Each pixel equal to its window's maximum, even if tied, gets all its gradient;
of an average, each gets dA / (kh * kw). A pixel adds up what its windows give:

    dA_prev[i, p, q, c] = sum over the windows (y, x) that hold (p, q) of
                         dA[i, y, x, c] * (A_prev[i, p, q, c] == A[i, y, x, c])

How. In two steps, as in pool_forward. A_down[y, q] is the maximum of the kh
pixels in column q of the windows of row y. It gets the gradient of each window
whose maximum it is. Then each pixel gets that of each A_down it is equal to:

    dA_down[y, q] = sum over x: dA[y, x] * (A_down[y, q] == A[y, x])
    dA_prev[p, q] = sum over y: dA_down[y, q] * (A_prev[p, q] == A_down[y, q])

Both sums take only windows that hold (p, q). An average does not compare.

What makes it fast. About kh + kw steps over whole arrays, not kh * kw, and a
few examples at a time, for the cache. In plain loops: lesson/loops.py.
"""
import numpy as np


def pool_backward(dA, A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """Perform back propagation over a pooling layer.

    Parameters
    ----------
    dA : numpy.ndarray, shape (m, h_new, w_new, c)
        The partial derivatives with respect to the output of the layer, or to
        its top left part, if there are fewer rows or columns.
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
        The partial derivatives with respect to A_prev, in NumPy's common dtype
        of both arrays; for integers at least int64 (max) or float64 (avg).
        float16 is summed in float32. A window whose maximum is NaN gives none.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid; the message names it.

    References
    ----------
    LeCun et al. 1998, Gradient-Based Learning Applied to Document Recognition
    """
    (kh, kw), (sh, sw), new = _fit(A_prev, kernel_shape, stride, mode)
    (m, h_prev, w_prev, c), (h_new, w_new) = A_prev.shape, new
    _check_gradient('dA', dA, (m, h_new, w_new, c))
    dtype, sum_dtype = _dtypes(dA, A_prev)
    if mode == 'avg' and dtype.kind == 'i':
        dtype = sum_dtype = np.dtype('f8')
    dA_prev = np.empty(A_prev.shape, sum_dtype)
    # n examples at a time, 1 MiB of dA_prev, or a single one
    n = max(1, min(m, 2 ** 20 // (h_prev * w_prev * c * sum_dtype.itemsize)))
    # where in `across` each window starts
    start = np.arange(n * h_new).reshape(n, -1, 1) * w_prev + (
        np.arange(w_new) * sw)
    # dA, and a last row and column of zeros, for pixels in no (more) windows
    padded = np.zeros((n, h_new + 1, w_new + 1, c), sum_dtype)
    inside = padded[:, :dA.shape[1], :dA.shape[2]]
    of_y, of_x = map(_holders, (h_prev, w_prev), (kh, kw), (sh, sw), new)
    for i in range(0, m, n):
        A_down = A = across = dA_down = None    # None if 'avg'; frees memory
        pixels = np.ascontiguousarray(A_prev[i:i + n])
        if mode == 'max':
            inside[:m - i] = dA[i:i + n]
            A_down, across = _combined(np.maximum, pixels, kh, kw, sh)
            A = across.take(start[:m - i], 0, mode='clip')
        else:
            np.divide(dA[i:i + n], kh * kw, inside[:m - i], dtype=sum_dtype)
        dA_down = _receive(padded[:m - i], of_x, 2, A_down, A)
        _receive(dA_down, of_y, 1, pixels, A_down, dA_prev[i:i + n])
    return dA_prev.astype(dtype, copy=False)


def _holders(size, k, s, new):
    """Return each pixel's first and last window, and how many it has at most.

    Where there is none, both are `new`, the place of the zeros.

    >>> _holders(6, 3, 2, 2)
    (array([0, 0, 0, 1, 1, 2]), array([0, 0, 1, 1, 1, 2]), 2)
    """
    first = np.maximum(0, (np.arange(size) - k) // s + 1)
    last = np.minimum(np.arange(size) // s, new - 1)
    return (*np.where(first > last, new, (first, last)), min(new, -(-k // s)))


def _receive(dA, holders, axis, values, maxima, out=None):
    """Sum dA over each value's windows (max: only where it is the maximum)."""
    (first, last, most), zeros = holders, dA.shape[axis] - 1
    finite = maxima is None or _is_finite(dA)
    for j in range(most):                           # the last window but j
        window = np.where(last - j >= first, last - j, zeros) if j else last
        share = dA.take(window, axis, None if j else out, 'clip')
        if maxima is not None:      # where `share` is 0, any maximum will do
            chosen = values == maxima.take(window, axis, mode='clip')
            held = share[:, :chosen.shape[1]]     # leaves out any row of zeros
            if finite:
                held *= chosen
            else:                                   # infinity * 0 is NaN
                held[~chosen] = 0
        out = np.add(out, share, out) if j else share
    return out


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


def _check_gradient(name, gradient, most):
    """Raise unless a gradient has this shape, or fewer rows and columns."""
    _check(name, gradient, most[0], 'h_new', 'w_new', most[3])
    if gradient.shape[1] > most[1] or gradient.shape[2] > most[2]:
        raise ValueError(f'{name} has the shape {gradient.shape}, expected at '
                         f'most {most}')


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


def _dtypes(*arrays):
    """Return the dtype of the result, and that of its sums."""
    dtype = np.result_type(*arrays)
    if dtype.kind in 'bui':
        dtype = np.result_type(dtype, np.int64)
    return dtype, np.dtype('f4') if dtype.char == 'e' else dtype


def _is_finite(array):
    """Return False if a number, or the sum of all, is infinite or NaN."""
    with np.errstate(all='ignore'):
        return np.isfinite(array.sum(dtype=_dtypes(array)[1]))
