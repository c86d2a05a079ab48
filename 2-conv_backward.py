#!/usr/bin/env python3
"""Back propagation over a convolutional layer.

What is computed. dZ is the derivative of the cost with respect to

    Z[i, y, x, k] = b[k] + sum over r < kh, s < kw, c < c_prev of
                    A_pad[i, y * sh + r, x * sw + s, c] * W[r, s, c, k]

    A_prev, dA_prev  (m, h_prev, w_prev, c_prev)    A_pad: zero-padded A_prev
    W, dW            (kh, kw, c_prev, c_new)        b, db: (1, 1, 1, c_new)
    Z, dZ            (m, h_new, w_new, c_new)

Each product A_pad[..] * W[..] in Z[..] adds A_pad[..] * dZ[..] to dW[..], and
W[..] * dZ[..] to dA_pad[..]; db[k] sums dZ[..., k] (loops: lesson/loops.py).

How. Z = windows @ kernels: each row of `windows` is a window's pixels and a 1,
each column of `kernels` is a kernel and its bias. With dZ as a matrix, `dout`,
dkernels = windows.T @ dout holds dW, then db. Each row of dwindows = dout @
kernels[:-1].T is added to its window's pixels in dA_pad; dA_prev is inside.

What makes it fast. With few kernels, copying pixels and adding to them takes
longer than these products. So t neighbouring outputs share one wide window,
and `kernels` holds each kernel t times; copy j is shifted by j * sw. `_narrow`
adds up their t gradients. For a0 to a3, kh = sh = sw = 1 and kw = 3:
  t = 1:                                  t = 2:
  | a0 a1 a2 1 |   | w0 |   | z0 |                        | w0  0 |
  | a1 a2 a3 1 | @ | w1 | = | z1 |                        | w1 w0 |
                   | w2 |             | a0 a1 a2 a3 1 | @ | w2 w1 | = | z0 z1 |
                   | b  |                                 |  0 w2 |
                                                          |  b  b |
"""
import numpy as np


def conv_backward(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    """Perform back propagation over a convolutional layer.

    Parameters
    ----------
    dZ : numpy.ndarray, shape (m, h_new, w_new, c_new)
        The partial derivatives with respect to the unactivated output, or to
        its top left part, if dZ has fewer rows or columns than that.
    A_prev : numpy.ndarray, shape (m, h_prev, w_prev, c_prev)
        The output of the previous layer. No argument is modified.
    W : numpy.ndarray, shape (kh, kw, c_prev, c_new)
        The kernels.
    b : numpy.ndarray, shape (1, 1, 1, c_new)
        The biases.
    padding : {'same', 'valid'}
        'same' adds zeros, so that the output is as high and wide as A_prev at
        any stride; the odd one, if any, above or on the left. 'valid': none.
    stride : tuple of two int
        (sh, sw), how far the kernel moves down and across.

    Returns
    -------
    dA_prev : numpy.ndarray, shape (m, h_prev, w_prev, c_prev)
    dW : numpy.ndarray, shape (kh, kw, c_prev, c_new)
    db : numpy.ndarray, shape (1, 1, 1, c_new)
        The partial derivatives with respect to A_prev, W and b, in NumPy's
        common dtype of the arrays (with int64, if all are integers). float16
        is summed in float32. If A_prev is float32 and dZ float64, products in
        dW are rounded to float32, as in the course's published output (unless
        the largest number of either is outside 1e-18 to 1e18, as float32 may
        not hold the products).

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid; the message names it.

    References
    ----------
    Rumelhart et al. 1986, Learning representations by back-propagating errors
    """
    (sh, sw), (top, left), full = _fit(A_prev, W, b, padding, stride)
    _check_gradient('dZ', dZ, (len(A_prev), *full, W.shape[3]))
    (_, h_prev, w_prev, _), (kh, kw, _, _) = A_prev.shape, W.shape
    h_new, w_new = dZ.shape[1:3]
    dtype, sum_dtype = _dtypes(dZ, A_prev, W, b)
    # float32 products, if float32 can hold them (see Returns)
    rounded = A_prev.dtype.char + dZ.dtype.char == 'fd' and all(1e-18 < max(
        a.max(initial=0), -a.min(initial=0)) < 1e18 for a in (dZ, A_prev))
    multiply = _rounded_product if rounded else np.matmul
    # t > 1 puts zeros into `kernels` and `dout`; infinity times zero is NaN
    may_share = not rounded and all(map(_is_finite, (dZ, A_prev, W)))
    t = _sharing(W, w_new, sw) if may_share else 1
    kernels = _widen(W, b, t, sw).astype(sum_dtype)
    dkernels, dA_prev = np.zeros_like(kernels), np.empty(A_prev.shape, dtype)
    # the wide windows' own (kh, kw), (sh, sw) and (h_new, w_new)
    grid = (kh, kw + (t - 1) * sw), (sh, t * sw), (h_new, -(-w_new // t))
    with np.errstate(invalid='ignore'):         # BLAS raises false alarms
        for (some, rows), windows, A_pad in _windows(
                A_prev, (top, left), *grid, sum_dtype):
            if rows.start == 0:                 # the next examples begin
                dA_pad = np.zeros_like(A_pad)
            dout = _as_rows(dZ[some, rows], t, sum_dtype)
            dkernels += multiply(windows.T, dout)
            _add_up(dout, kernels, _view(dA_pad, *grid)[:, rows], t * sw)
            if rows.stop >= h_new:              # all windows are added
                dA_prev[some] = dA_pad[:, top:top + h_prev, left:left + w_prev]
                dA_pad = None                   # makes room for the next
    return dA_prev, *(g.astype(dtype) for g in _narrow(dkernels, W, t, sw))


def _as_rows(dZ, t, dtype):
    """Return dZ as a matrix: a row for the t outputs of each wide window."""
    unused = [(0, 0), (0, 0), (0, -dZ.shape[2] % t), (0, 0)]
    dZ = np.pad(dZ, unused) if dZ.shape[2] % t else dZ
    return dZ.astype(dtype, copy=False).reshape(-1, t * dZ.shape[3])


def _rounded_product(windows_T, dout):
    """Return windows_T @ dout, all but the last row by float32 products."""
    dout_T = np.ascontiguousarray(dout.T, np.float32)     # (c_new, windows)
    return np.vstack([(place * dout_T).sum(axis=1, dtype=np.float64)
                      for place in windows_T[:-1].astype(np.float32)] +
                     [dout.sum(axis=0)])


def _add_up(dout, kernels, dpixels, step):
    """Add each row of dwindows = dout @ kernels[:-1].T to its window's pixels.

    dpixels, (n, h, w, kh, kw, c), is a view of dA_pad. One `+=` adds only once
    to a pixel, even if several windows share it. So each `+=` takes one row r,
    and every `apart`-th x: there, no two windows have a pixel in common.
    """
    kh, apart = dpixels.shape[3], -(-dpixels.shape[4] // step)
    for r, row in enumerate(kernels[:-1].reshape(kh, -1, dout.shape[1])):
        dwindows = (dout @ row.T).reshape(dpixels[:, :, :, r].shape)
        for q in range(apart):
            dpixels[:, :, q::apart, r] += dwindows[:, :, q::apart]


def _narrow(dkernels, W, t, sw):
    """Return dW and db, each summed over t copies, skipping kernels' zeros."""
    kh, kw, c_prev, c_new = W.shape
    wide = dkernels[:-1].reshape(kh, -1, c_prev, t, c_new)
    dW = sum(wide[:, j * sw:j * sw + kw, :, j] for j in range(t))
    return dW, dkernels[-1].reshape(1, 1, t, c_new).sum(axis=2, keepdims=True)


def _sharing(W, w_new, sw):
    """Return t, how many neighbouring outputs best share a wide window."""
    # Cost in multiplications. Measured: copying a number, 48; each row of a
    # window, 4 more numbers. If t does not divide w_new, Z or dZ is copied.
    kh, kw, c_prev, c_new = W.shape
    return min(range(1, min(w_new, 64) + 1), key=lambda t: (
        kh * ((kw + (t - 1) * sw) * c_prev + 4) * -(-w_new // t) *
        (48 + t * c_new) + 48 * w_new * c_new * (w_new % t > 0)))


def _widen(W, b, t, sw):
    """Return t copies of W, copy j shifted by j * sw, above t copies of b."""
    kh, kw, c_prev, c_new = W.shape
    wide = np.zeros((kh, kw + (t - 1) * sw, c_prev, t, c_new), W.dtype)
    for j in range(t):
        wide[:, j * sw:j * sw + kw, :, j] = W
    return np.vstack((wide.reshape(-1, t * c_new), np.tile(b[0, 0], t)))


def _windows(A_prev, before, k, stride, new, dtype):
    """Yield, per batch: its place in Z, the matrix `windows`, A_pad."""
    (m, h_prev, w_prev, c), (top, left), (kh, kw) = A_prev.shape, before, k
    (sh, sw), (h_new, w_new) = stride, new
    h_pad = max(top + h_prev, (h_new - 1) * sh + kh)
    w_pad = max(left + w_prev, (w_new - 1) * sw + kw)
    # a batch is 2 MiB, `most` rows of Z: n whole examples, or h rows of one
    most = 2 ** 21 // (w_new * kh * kw * c * dtype.itemsize)
    n = max(1, min(m, most // h_new, 2 ** 21 // (h_pad * w_pad * c)))  # A_pad
    h = max(1, min(h_new, most))
    A_pad = np.zeros((n, h_pad, w_pad, c), dtype)
    pixels = _view(A_pad, k, stride, new)
    matrix = np.ones((n, h, w_new, kh * kw * c + 1), dtype)     # the 1 stays
    copies = matrix[..., :-1].reshape(n, h, w_new, kh, kw, c)   # a view
    for i in range(0, m, n):            # [:m - i] shortens only the last batch
        A_pad[:m - i, top:top + h_prev, left:left + w_prev] = A_prev[i:i + n]
        for y in range(0, h_new, h):
            part = np.s_[:m - i, :h_new - y]
            copies[part] = pixels[:m - i, y:y + h]
            yield (np.s_[i:i + n, y:y + h],
                   matrix[part].reshape(-1, matrix.shape[3]), A_pad[:m - i])


def _view(A_pad, k, stride, new):
    """Return a view: [i, y, x, r, s, c] is A_pad[i, y*sh + r, x*sw + s, c]."""
    si, sy, sx, sc = A_pad.strides      # bytes from one number to the next
    return np.lib.stride_tricks.as_strided(
        A_pad, (len(A_pad), *new, *k, A_pad.shape[3]),
        (si, stride[0] * sy, stride[1] * sx, sy, sx, sc))


def _fit(A_prev, W, b, padding, stride):
    """Check these; return (sh, sw), zeros (above, left) and (h_new, w_new)."""
    _check('A_prev', A_prev, 'm', 'h_prev', 'w_prev', 'c_prev')
    _check('W', W, 'kh', 'kw', A_prev.shape[3], 'c_new')
    _check('b', b, 1, 1, 1, W.shape[3])
    stride = _pair('stride', stride)
    if not isinstance(padding, str) or padding not in ('same', 'valid'):
        raise ValueError(f"padding is {padding!r}, expected 'same' or 'valid'")
    before, new = [], []
    for size, k, s in zip(A_prev.shape[1:3], W.shape[:2], stride):
        # 'same': as many windows as pixels, s apart, the last one k wide
        zeros = (size - 1) * s + k - size if padding == 'same' else 0
        if k > size + zeros:
            raise ValueError(f'W has the shape {W.shape}, expected kernels no '
                             f'larger than A_prev, {A_prev.shape}')
        before.append(zeros - zeros // 2)
        new.append((size + zeros - k) // s + 1)
    return stride, before, new


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
