#!/usr/bin/env python3
"""Forward propagation over a convolutional layer.

What is computed. Each output is a sum over a window: each pixel times the
kernel's number at the same place, plus the bias (in loops: lesson/loops.py).

    Z[i, y, x, k] = b[k] + sum over r < kh, s < kw, c < c_prev of
                    A_pad[i, y * sh + r, x * sw + s, c] * W[r, s, c, k]

    A_prev  (m, h_prev, w_prev, c_prev)     A_pad: A_prev with zeros around it
    W       (kh, kw, c_prev, c_new)         Z: (m, h_new, w_new, c_new)

How (im2col). Z = windows @ kernels. Each row of `windows` is a copy of a
window's pixels, and a 1; each column of `kernels` is a kernel and its bias.
Below: 4 pixels of one channel, a0 to a3; kh = sh = sw = 1 and kw = 3.

What makes it fast. With few kernels, copying the pixels takes longer than the
product. So t neighbouring outputs share a wide window (here 4 pixels, not 6),
and `kernels` holds each kernel t times; copy j is shifted by j * sw pixels.
  t = 1:                                  t = 2:
  | a0 a1 a2 1 |   | w0 |   | z0 |                        | w0  0 |
  | a1 a2 a3 1 | @ | w1 | = | z1 |                        | w1 w0 |
                   | w2 |             | a0 a1 a2 a3 1 | @ | w2 w1 | = | z0 z1 |
                   | b  |                                 |  0 w2 |
                                                          |  b  b |
"""
import numpy as np


def conv_forward(A_prev, W, b, activation, padding="same", stride=(1, 1)):
    """Perform forward propagation over a convolutional layer.

    Parameters
    ----------
    A_prev : numpy.ndarray, shape (m, h_prev, w_prev, c_prev)
        The output of the previous layer, m examples. Never modified.
    W : numpy.ndarray, shape (kh, kw, c_prev, c_new)
        The kernels.
    b : numpy.ndarray, shape (1, 1, 1, c_new)
        The biases.
    activation : callable
        The activation function, called once, on all of Z.
    padding : {'same', 'valid'}
        'same' adds zeros, so that the output is as high and wide as A_prev at
        any stride; the odd one, if any, above or on the left. 'valid': none.
    stride : tuple of two int
        (sh, sw), how far the kernel moves down and across.

    Returns
    -------
    numpy.ndarray, shape (m, h_new, w_new, c_new)
        What `activation` returned. Z has the arrays' common dtype in NumPy
        (with int64, if all are integers). float16 is summed in float32.

    Raises
    ------
    TypeError, ValueError
        If an argument is invalid; the message names it.

    References
    ----------
    LeCun et al. 1998, Gradient-Based Learning Applied to Document Recognition
    """
    (sh, sw), before, (h_new, w_new) = _fit(A_prev, W, b, padding, stride)
    if not callable(activation):
        raise TypeError(f'activation is {activation!r}, expected a function')
    kh, kw, _, c_new = W.shape
    dtype, sum_dtype = _dtypes(A_prev, W, b)
    # t > 1 puts zeros into `kernels`, and infinity times zero would be NaN
    t = _sharing(W, w_new, sw) if _is_finite(A_prev) else 1
    kernels = _widen(W, b, t, sw).astype(sum_dtype)
    w_wide = -(-w_new // t)     # wide windows in a row; the last may jut out
    # the wide windows' own (kh, kw), (sh, sw) and (h_new, w_new)
    grid = (kh, kw + (t - 1) * sw), (sh, t * sw), (h_new, w_wide)
    Z = np.empty((len(A_prev), h_new, w_wide, t * c_new), sum_dtype)
    with np.errstate(invalid='ignore'):         # BLAS raises false alarms
        for here, windows, _ in _windows(A_prev, before, *grid, sum_dtype):
            # whole examples or rows of one are contiguous: `out` is a view
            np.matmul(windows, kernels, out=Z[here].reshape(-1, t * c_new))
    Z = Z.reshape(len(Z), h_new, w_wide * t, c_new)[:, :, :w_new]
    return activation(np.ascontiguousarray(Z, dtype))


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
