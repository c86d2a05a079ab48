#!/usr/bin/env python3
"""Back propagation over a convolutional layer.

The idea: forward, each row of a matrix holds a wide window that t outputs
share, and a 1; W becomes a wide kernel, whose t columns for each kernel hold
moved copies of it above the bias (0-conv_forward.py draws it):

    Z = rows @ wide               (a row for each t outputs)

The gradient of a matrix product is two matrix products:

    dwide = rows.T @ dZ           drows = dZ @ wide.T

dW is the sum of the t moved copies inside dwide, db that of its last row.
dA_prev adds drows up at the pixels that the windows were copied from. Windows
that share a pixel must not be added at once, as NumPy would keep one of them
only: so every apart-th window of a row is taken, then those next to them.
"""
import numpy as np


def conv_backward(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    """Perform back propagation over a convolutional layer.

    Parameters
    ----------
    dZ : numpy.ndarray, shape (m, h_new, w_new, c_new)
        The partial derivatives with respect to the unactivated output. With
        fewer rows or columns than that output has, they are those of its
        first h_new x w_new positions.
    A_prev : numpy.ndarray, shape (m, h_prev, w_prev, c_prev)
        The output of the previous layer. No argument is modified.
    W : numpy.ndarray, shape (kh, kw, c_prev, c_new)
        The kernels.
    b : numpy.ndarray, shape (1, 1, 1, c_new)
        The biases.
    padding : {'same', 'valid'}
        As in the forward pass: 'same' keeps height and width at every stride,
        an odd row or column of zeros is on the top or left.
    stride : tuple of two int
        (sh, sw), how far the kernel moves down and across.

    Returns
    -------
    dA_prev : numpy.ndarray, shape (m, h_prev, w_prev, c_prev)
    dW : numpy.ndarray, shape (kh, kw, c_prev, c_new)
    db : numpy.ndarray, shape (1, 1, 1, c_new)
        The partial derivatives with respect to A_prev, W and b, in the dtype
        that NumPy gives to all four arrays together; to integers,
        with int64. Where A_prev is float32 and dZ float64, as in the course's
        driver, the products that make up dW are rounded to float32 and added
        in float64, as in its printed output; numbers that float32 cannot hold
        are not rounded.

    Raises
    ------
    TypeError, ValueError
        If an argument cannot be right; the message names it.

    References
    ----------
    Rumelhart, Hinton, Williams: "Learning representations by back-propagating
    errors", Nature 323, 1986.
    """
    m, h_prev, w_prev, c_prev = _shape('A_prev', A_prev, 'm', 'h_prev',
                                       'w_prev', 'c_prev')
    kh, kw, _, c_new = _shape('W', W, 'kh', 'kw', c_prev, 'c_new')
    _shape('b', b, 1, 1, 1, c_new)
    sh, sw = _pair('stride', stride)
    if not isinstance(padding, str) or padding not in ('same', 'valid'):
        raise ValueError(f"padding is {padding!r:.80}, expected 'same' or "
                         "'valid'")
    # the zeros that keep h_prev and w_prev; an odd one goes to the top or left
    ph = (h_prev - 1) * sh + kh - h_prev if padding == 'same' else 0
    pw = (w_prev - 1) * sw + kw - w_prev if padding == 'same' else 0
    if 0 in W.shape or kh > h_prev + ph or kw > w_prev + pw:
        raise ValueError(f'W has the shape {W.shape}, expected 1 x 1 to '
                         f'{h_prev + ph} x {w_prev + pw} pixels and a channel')
    top, left = ph - ph // 2, pw - pw // 2
    sh, sw = min(sh, h_prev + ph), min(sw, w_prev + pw)
    h_most = (h_prev + ph - kh) // sh + 1
    w_most = (w_prev + pw - kw) // sw + 1
    _, h_new, w_new, _ = _shape('dZ', dZ, m, 'h_new', 'w_new', c_new)
    if h_new > h_most or w_new > w_most:
        raise ValueError(f'dZ has the shape {dZ.shape}, expected at most '
                         f'{(m, h_most, w_most, c_new)}')

    dtype = np.result_type(dZ, A_prev, W, b)
    if dtype.kind in 'bui':
        dtype = np.result_type(dtype, np.int64)
    if dZ.size == 0:
        return tuple(np.zeros(array.shape, dtype) for array in (A_prev, W, b))
    rounded = _is_rounded(A_prev, dZ)
    t = 1 if rounded else _tile(w_new, c_new, 512 // (kh * c_prev * sw), dtype,
                                dZ)
    tiles, kw_t = w_new // t, kw + (t - 1) * sw
    wide = np.zeros((kh, kw_t, c_prev, t, c_new), dtype)
    for j in range(t):
        wide[:, j * sw:j * sw + kw, :, j] = W
    wide = wide.reshape(kh, -1, t * c_new)
    size = wide.shape[0] * wide.shape[1]
    dwide = np.zeros((size + 1, t * c_new), dtype)

    # n examples, or where they are large h rows of one, make 3 MiB of windows
    fit = 3 * 2 ** 20 // (tiles * (size + 1) * dtype.itemsize)
    h = max(1, min(h_new, fit))
    n = max(1, min(m, fit // h))
    A_pad = np.zeros((n, h_prev + ph, w_prev + pw, c_prev), dtype)
    dA_pad = np.zeros_like(A_pad)
    # views: which pixels of A_pad and dA_pad each wide window looks at
    by_example, by_row, by_column, _ = A_pad.strides
    windows, dwindows = (np.lib.stride_tricks.as_strided(
        pad, (n, h_new, tiles, kh, kw_t, c_prev),
        (by_example, sh * by_row, t * sw * by_column) + A_pad.strides[1:])
        for pad in (A_pad, dA_pad))
    rows = np.empty((n, h, tiles, size + 1), dtype)
    rows[..., -1] = 1
    columns = rows[..., :-1].reshape((n, h) + windows.shape[2:])
    # every apart-th window of a row shares no pixel with the others
    apart = -(-kw_t // (t * sw))
    dA_prev = np.empty(A_prev.shape, dtype)
    for i in range(0, m, n):
        A = A_prev[i:i + n]
        A_pad[:len(A), top:top + h_prev, left:left + w_prev] = A
        dA_pad[...] = 0
        for y in range(0, h_new, h):
            into = dwindows[:len(A), y:y + h]
            hs = into.shape[1]
            columns[:len(A), :hs] = windows[:len(A), y:y + h]
            dZ_ = np.ascontiguousarray(dZ[i:i + n, y:y + h], dtype)
            dZ_ = dZ_.reshape(-1, t * c_new)
            product = _rounded_product if rounded else np.matmul
            dwide += product(rows[:len(A), :hs].reshape(-1, size + 1).T, dZ_)
            for r in range(kh):
                drow = (dZ_ @ wide[r].T).reshape(into[:, :, :, r].shape)
                for q in range(apart):
                    into[:, :, q::apart, r] += drow[:, :, q::apart]
        dA_prev[i:i + n] = dA_pad[:len(A), top:top + h_prev,
                                  left:left + w_prev]
    db = dwide[-1].reshape(1, 1, t, c_new).sum(axis=2, keepdims=True)
    dwide = dwide[:-1].reshape(kh, kw_t, c_prev, t, c_new)
    dW = sum(dwide[:, j * sw:j * sw + kw, :, j] for j in range(t))
    return dA_prev, dW, db


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


def _is_rounded(A_prev, dZ):
    """Say whether the products for dW are rounded to float32 in this call."""
    if (A_prev.dtype.char, dZ.dtype.char) != ('f', 'd'):
        return False
    sizes = [np.abs(array) for array in (A_prev, dZ)]
    largest = [float(size.max()) for size in sizes]
    smallest = [float(size.min(where=size > 0, initial=np.inf))
                for size in sizes]
    # well inside of what float32 holds, each number and each product
    return (max(largest[1], largest[0] * largest[1]) < 1e38 and
            min(smallest[1], smallest[0] * smallest[1]) > 1e-37)


def _rounded_product(columns, dZ):
    """Return columns @ dZ, each product rounded to float32; db is exact."""
    dZ_ = np.ascontiguousarray(dZ.T, np.float32)            # (c_new, windows)
    return np.vstack([(column * dZ_).sum(axis=1, dtype=np.float64)
                      for column in columns[:-1].astype(np.float32)] +
                     [dZ.sum(axis=0)])


def _tile(w_new, c_new, most, dtype, array):
    """Return t, a divisor of w_new: t * c_new near 64 suits the product.

    It is 1 where a wide kernel has no use: beyond `most`, where it would have
    too many rows; without BLAS; and if the array is not finite, as its zeros
    would make NaN of infinities in columns that the kernel does not see.
    """
    with np.errstate(all='ignore'):
        if dtype.char not in 'fd' or not np.isfinite(array.sum()):
            most = 1
    return min((t for t in range(1, w_new + 1)
                if t == 1 or w_new % t == 0 and t <= most),
               key=lambda t: abs(t * c_new - 64))
