#!/usr/bin/env python3
"""Back propagation over a convolutional layer.

The idea: forward, position (r, s) of the kernel adds  pixel @ W[r, s]  to Z,
where `pixel` is the slice of the padded image that (r, s) meets. The gradient
of a matrix product is two matrix products, so each position gives back

    dW[r, s]            =  pixel.T @ dZ     (summed over examples and windows)
    dA_pad[that slice] +=  dZ @ W[r, s].T

and the bias, added everywhere, gathers the whole of dZ.
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
        that NumPy gives to all four arrays together; integers are summed as
        int64.

    Raises
    ------
    TypeError, ValueError
        If an argument cannot be right; the message names it.

    References
    ----------
    Rumelhart, Hinton, Williams: "Learning representations by back-propagating
    errors", Nature 323, 1986.
    """
    _refuse_bad_arrays(dZ=dZ, A_prev=A_prev, W=W, b=b)
    m, h_prev, w_prev, c_prev = A_prev.shape
    kh, kw, _, c_new = W.shape
    sh, sw = _positive_pair('stride', stride)
    _refuse_unless(W.shape[2] == c_prev, 'W', W.shape,
                   "(kh, kw, {}, c_new), A_prev's channels".format(c_prev))
    _refuse_unless(b.shape == (1, 1, 1, c_new), 'b', b.shape,
                   (1, 1, 1, c_new))
    _refuse_unless(padding in ('same', 'valid'), 'padding', repr(padding),
                   "'same' or 'valid'")

    # the zeros that keep h_prev and w_prev; an odd one goes to the top or left
    ph = (h_prev - 1) * sh + kh - h_prev if padding == 'same' else 0
    pw = (w_prev - 1) * sw + kw - w_prev if padding == 'same' else 0
    _refuse_unless(0 < kh <= h_prev + ph and 0 < kw <= w_prev + pw,
                   'W', W.shape, 'kernels that fit {} x {} pixels'.format(
                       h_prev + ph, w_prev + pw))
    _, h_new, w_new, _ = dZ.shape
    h_most = (h_prev + ph - kh) // sh + 1
    w_most = (w_prev + pw - kw) // sw + 1
    _refuse_unless(
        dZ.shape == (m, min(h_new, h_most), min(w_new, w_most), c_new),
        'dZ', dZ.shape, '({}, {}, {}, {}) or fewer rows or columns'.format(
            m, h_most, w_most, c_new))

    dtype = np.result_type(dZ, A_prev, W, b)
    if dtype.kind in 'bui':
        dtype = np.result_type(dtype, np.int64)
    top, left = ph - ph // 2, pw - pw // 2
    A_pad = np.pad(A_prev, ((0, 0), (top, ph // 2), (left, pw // 2), (0, 0)))
    dA_pad = np.zeros(A_pad.shape, dtype)
    dW = np.empty(W.shape, dtype)
    dZ_rows = dZ.reshape(-1, c_new).astype(dtype, copy=False)
    for r in range(kh):
        for s in range(kw):
            # pixel (r, s) of every window: (m, h_new, w_new, c_prev)
            where = (slice(None), slice(r, r + h_new * sh, sh),
                     slice(s, s + w_new * sw, sw))
            dW[r, s] = A_pad[where].reshape(-1, c_prev).T @ dZ_rows
            dA_pad[where] += np.matmul(dZ, W[r, s].T, dtype=dtype)
    dA_prev = dA_pad[:, top:top + h_prev, left:left + w_prev]
    db = dZ.sum(axis=(0, 1, 2), keepdims=True, dtype=dtype)
    return dA_prev, dW, db


def _refuse_unless(fits, name, got, expected):
    """Raise a ValueError that names the argument, unless it fits."""
    if not fits:
        raise ValueError("{} is {}, expected {}".format(name, got, expected))


def _refuse_bad_arrays(**arrays):
    """Raise unless each is a four-dimensional array of real numbers."""
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray) or array.dtype.kind not in 'buif':
            raise TypeError("{} is {}, expected a numpy.ndarray of numbers"
                            .format(name, getattr(array, 'dtype',
                                                  type(array))))
        _refuse_unless(array.ndim == 4, name, array.shape, '4 dimensions')


def _positive_pair(name, pair):
    """Return the pair, or raise unless it is two positive integers."""
    _refuse_unless(isinstance(pair, (tuple, list)) and len(pair) == 2 and
                   all(isinstance(n, (int, np.integer)) and n > 0
                       for n in pair), name, pair, 'two positive integers')
    return pair
