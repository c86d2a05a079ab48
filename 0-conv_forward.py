#!/usr/bin/env python3
"""Forward propagation over a convolutional layer.

The idea: position (r, s) of the kernel meets one pixel of every window. Those
pixels are a strided slice of the image, so the convolution is a sum of kh * kw
matrix products, one for each position:

    Z = b + sum over r, s of  A_pad[:, r::sh, s::sw] @ W[r, s]
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
        NumPy gives to A_prev, W and b together; integers are summed as int64.

    Raises
    ------
    TypeError, ValueError
        If an argument cannot be right; the message names it.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner: "Gradient-Based Learning Applied to
    Document Recognition", Proceedings of the IEEE 86 (11), 1998.
    """
    _refuse_bad_arrays(A_prev=A_prev, W=W, b=b)
    m, h_prev, w_prev, c_prev = A_prev.shape
    kh, kw, _, c_new = W.shape
    sh, sw = _positive_pair('stride', stride)
    _refuse_unless(W.shape[2] == c_prev, 'W', W.shape,
                   "(kh, kw, {}, c_new), A_prev's channels".format(c_prev))
    _refuse_unless(b.shape == (1, 1, 1, c_new), 'b', b.shape,
                   (1, 1, 1, c_new))
    _refuse_unless(padding in ('same', 'valid'), 'padding', repr(padding),
                   "'same' or 'valid'")
    if not callable(activation):
        raise TypeError("activation is {!r}, expected a function".format(
            activation))

    # the zeros that keep h_prev and w_prev; an odd one goes to the top or left
    ph = (h_prev - 1) * sh + kh - h_prev if padding == 'same' else 0
    pw = (w_prev - 1) * sw + kw - w_prev if padding == 'same' else 0
    _refuse_unless(0 < kh <= h_prev + ph and 0 < kw <= w_prev + pw,
                   'W', W.shape, 'kernels that fit {} x {} pixels'.format(
                       h_prev + ph, w_prev + pw))
    A_pad = np.pad(A_prev, ((0, 0), (ph - ph // 2, ph // 2),
                            (pw - pw // 2, pw // 2), (0, 0)))
    h_new = (h_prev + ph - kh) // sh + 1
    w_new = (w_prev + pw - kw) // sw + 1

    dtype = np.result_type(A_prev, W, b)
    if dtype.kind in 'bui':
        dtype = np.result_type(dtype, np.int64)
    Z = np.empty((m, h_new, w_new, c_new), dtype)
    Z[...] = b
    for r in range(kh):
        for s in range(kw):
            # pixel (r, s) of every window: (m, h_new, w_new, c_prev)
            pixel = A_pad[:, r:r + h_new * sh:sh, s:s + w_new * sw:sw]
            Z += np.matmul(pixel, W[r, s], dtype=dtype)
    return activation(Z)


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
