#!/usr/bin/env python3
"""Forward propagation over a convolutional layer.

The idea: a convolution is one matrix product, a row for each window of the
image, a column for each kernel; a column of ones in the windows brings the
bias. With few kernels such a product is slow, as each pixel is copied into
kh * kw windows. So t neighbouring outputs share one wide window (t divides
w_new), and W becomes a wide kernel of t columns for each kernel: column j has
the kernel moved by j * sw pixels. One row of one channel, with kw = 3, sw = 1,
t = 2:

                                   | w0  0 |
                                   | w1 w0 |
    (z0, z1) = (a0, a1, a2, a3, 1) | w2 w1 |
                                   |  0 w2 |
                                   |  b  b |

The zeros add nothing, so this is the convolution itself. A few examples are
taken at a time, so that their windows stay in the processor's cache.
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
        The activation function, called once, on the whole (m, h_new, w_new,
        c_new) pre-activation.
    padding : {'same', 'valid'}
        'same' pads with zeros so that height and width are kept, at every
        stride; where the total is odd, the extra row or column is on the top
        or left. 'valid' does not pad.
    stride : tuple of two int
        (sh, sw), how far the kernel moves down and across.

    Returns
    -------
    numpy.ndarray, shape (m, h_new, w_new, c_new)
        What `activation` returned. The pre-activation has the dtype that
        NumPy gives to A_prev, W and b together; to integers, with int64.

    Raises
    ------
    TypeError, ValueError
        If an argument cannot be right; the message names it.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner: "Gradient-Based Learning Applied to
    Document Recognition", Proceedings of the IEEE 86 (11), 1998.
    """
    m, h_prev, w_prev, c_prev = _shape('A_prev', A_prev, 'm', 'h_prev',
                                       'w_prev', 'c_prev')
    kh, kw, _, c_new = _shape('W', W, 'kh', 'kw', c_prev, 'c_new')
    _shape('b', b, 1, 1, 1, c_new)
    sh, sw = _pair('stride', stride)
    if not isinstance(padding, str) or padding not in ('same', 'valid'):
        raise ValueError(f"padding is {padding!r:.80}, expected 'same' or "
                         "'valid'")
    if not callable(activation):
        raise TypeError(f'activation is {activation!r:.80}, expected a '
                        'function')
    # the zeros that keep h_prev and w_prev; an odd one goes to the top or left
    ph = (h_prev - 1) * sh + kh - h_prev if padding == 'same' else 0
    pw = (w_prev - 1) * sw + kw - w_prev if padding == 'same' else 0
    if 0 in W.shape or kh > h_prev + ph or kw > w_prev + pw:
        raise ValueError(f'W has the shape {W.shape}, expected 1 x 1 to '
                         f'{h_prev + ph} x {w_prev + pw} pixels and a channel')
    top, left = ph - ph // 2, pw - pw // 2
    sh, sw = min(sh, h_prev + ph), min(sw, w_prev + pw)
    h_new = (h_prev + ph - kh) // sh + 1
    w_new = (w_prev + pw - kw) // sw + 1

    dtype = np.result_type(A_prev, W, b)
    if dtype.kind in 'bui':
        dtype = np.result_type(dtype, np.int64)
    t = _tile(w_new, c_new, 512 // (kh * c_prev * sw), dtype, A_prev)
    tiles, kw_t = w_new // t, kw + (t - 1) * sw
    wide = np.zeros((kh, kw_t, c_prev, t, c_new), dtype)
    for j in range(t):
        wide[:, j * sw:j * sw + kw, :, j] = W
    wide = np.vstack((wide.reshape(-1, t * c_new), np.tile(b[0, 0], t)))

    # n examples, or where they are large h rows of one, make 3 MiB of windows
    fit = 3 * 2 ** 20 // (tiles * len(wide) * dtype.itemsize)
    h = max(1, min(h_new, fit))
    n = max(1, min(m, fit // h))
    A_pad = np.zeros((n, h_prev + ph, w_prev + pw, c_prev), dtype)
    # a view: which pixels of A_pad each wide window looks at
    by_example, by_row, by_column, _ = A_pad.strides
    windows = np.lib.stride_tricks.as_strided(
        A_pad, (n, h_new, tiles, kh, kw_t, c_prev),
        (by_example, sh * by_row, t * sw * by_column) + A_pad.strides[1:])
    rows = np.empty((n, h, tiles, len(wide)), dtype)
    rows[..., -1] = 1
    columns = rows[..., :-1].reshape((n, h) + windows.shape[2:])
    Z = np.empty((m, h_new, w_new, c_new), dtype)
    for i in range(0, m, n):
        A = A_prev[i:i + n]
        A_pad[:len(A), top:top + h_prev, left:left + w_prev] = A
        for y in range(0, h_new, h):
            out = Z[i:i + n, y:y + h]   # whole rows of outputs: contiguous
            columns[:len(A), :out.shape[1]] = windows[:len(A), y:y + h]
            np.matmul(rows[:len(A), :out.shape[1]].reshape(-1, len(wide)),
                      wide, out=out.reshape(-1, t * c_new))
    return activation(Z)


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
