#!/usr/bin/env python3
"""Back propagation over a pooling layer.

What is computed. dA is the derivative of the cost with respect to the maximum
or the average of each window:

    A[i, y, x, c] = max over r < kh, s < kw of
                    A_prev[i, y * sh + r, x * sw + s, c]

    A_prev, dA_prev  (m, h_prev, w_prev, c)     A, dA: (m, h_new, w_new, c)

Each pixel that is the maximum of a window receives the window's gradient; of
an average, each receives dA / (kh * kw). In several windows, it adds them up:

    dA_prev[i, p, q, c] = sum over the windows (y, x) that hold (p, q) of
                         dA[i, y, x, c] * (A_prev[i, p, q, c] == A[i, y, x, c])

How. The maximum of a window is the maximum of its columns' maxima: A_down has
those, (m, h_new, w_prev, c), and A the maxima of these. Backward, each column
looks up the windows that hold it, then each pixel the columns that hold it:

    dA_down[y, q] = sum of  dA[y, x] * (A_down[y, q] == A[y, x])
    dA_prev[p, q] = sum of  dA_down[y, q] * (A_prev[p, q] == A_down[y, q])

What makes it fast. A pixel takes some kh + kw steps instead of kh * kw, and
each step works on long pieces of memory. In plain loops: lesson/loops.py.
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
        float16 is summed in float32. NaN equals no maximum, and gets nothing.

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
    dA_prev, finite = np.empty(A_prev.shape, sum_dtype), _is_finite(dA)
    # n examples at a time, in 1 MiB, which stay in the cache
    n = max(1, min(m, 2 ** 20 // (h_prev * w_prev * c * sum_dtype.itemsize)))
    # one more row and column of windows, for pixels in no window: they give 0
    gradient = np.zeros((n, h_new + 1, w_new + 1, c), sum_dtype)
    rows = np.arange(n)[:, None] * h_new + np.arange(h_new + 1)
    first = rows[:, :, None] * w_prev + np.arange(w_new) * sw
    for i in range(0, m, n):
        pixels, A_down, A = np.ascontiguousarray(A_prev[i:i + n]), None, None
        gradient[:m - i, :dA.shape[1], :dA.shape[2]] = dA[i:i + n]
        if mode == 'max':
            down, across = _combined(np.maximum, pixels, kh, kw, sh)
            A_down = np.take(down, rows[:m - i], 0, mode='clip')
            A = np.take(across, first[:m - i], 0, mode='clip')
        else:
            gradient /= kh * kw
        dA_down = _receive(gradient[:m - i], _holders(w_prev, kw, sw, w_new),
                           2, A_down, A, finite)
        _receive(dA_down, _holders(h_prev, kh, sh, h_new), 1, pixels, A_down,
                 finite, dA_prev[i:i + n])
    return dA_prev.astype(dtype, copy=False)


def _holders(size, k, s, new):
    """Yield the windows that hold each pixel: the last, the one before, ...

    Where there is none, it is `new`, whose gradient is 0.

    >>> list(_holders(5, 2, 1, 3))
    [array([0, 1, 2, 2, 3]), array([3, 0, 1, 3, 3])]
    """
    pixel = np.arange(size)
    last = np.minimum(pixel // s, new - 1)
    for window in (last - j for j in range(min(-(-k // s), new))):
        held = (window >= 0) & (pixel - window * s < k)
        yield np.where(held, window, new)


def _receive(gradient, holders, axis, values, maxima, finite, out=None):
    """Return what each value, if it is its window's maximum, receives."""
    for j, window in enumerate(holders):
        share = np.take(gradient, window, axis, None if j else out, 'clip')
        if maxima is not None:
            chosen = values == np.take(maxima, window, axis, mode='clip')
            share *= chosen
            if not finite:              # infinity * 0 is NaN
                share[~chosen] = 0
        out = np.add(out, share, out=out) if j else share
    return out


# sums across the end of a row may overflow, but nothing uses them
@np.errstate(over='ignore', invalid='ignore')
def _combined(combine, pixels, kh, kw, sh):
    """Return the windows' columns combined, and at each pixel a window.

    >>> pixels = np.array([[1, 2, 3, 9], [6, 5, 4, 0]]).reshape(1, 2, 4, 1)
    >>> down, across = _combined(np.maximum, pixels, 2, 2, 1)
    >>> down.ravel(), across.ravel()
    (array([6, 5, 4, 9]), array([6, 5, 9]))
    """
    c, last = pixels.shape[3], pixels.shape[1] - kh + 1
    down = pixels[:, :last:sh]
    for r in range(1, kh):
        down = combine(down, pixels[:, r:last + r:sh])
    flat = down.reshape(-1)             # the next pixel is c numbers on
    size = flat.size - (kw - 1) * c
    across = flat[:size]
    for s in range(1, kw):
        across = combine(across, flat[s * c:][:size])
    return down.reshape(-1, *pixels.shape[2:]), across.reshape(-1, c)


def _fit(A_prev, kernel_shape, stride, mode):
    """Check all; return (kh, kw), (sh, sw) and (h_new, w_new)."""
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
    """Raise unless an array has this shape; a name fits 1 or more, m any."""
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
