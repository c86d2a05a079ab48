#!/usr/bin/env python3
"""Back propagation over a pooling layer.

The idea: position (r, s) of the kernel meets one pixel of every window, and
those pixels are a strided slice of the image. A maximum passes its gradient
on to the pixels that equal it, all of them where several tie; an average
passes an equal share to every pixel. A pixel adds up what its windows send.
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
        NumPy gives to both arrays together. Integers are summed as int64,
        their averages as float64. Every maximum of a window receives the
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
    _refuse_bad_arrays(dA=dA, A_prev=A_prev)
    m, h_prev, w_prev, c = A_prev.shape
    kh, kw = _positive_pair('kernel_shape', kernel_shape)
    sh, sw = _positive_pair('stride', stride)
    _refuse_unless(kh <= h_prev and kw <= w_prev, 'kernel_shape',
                   kernel_shape, 'at most {}'.format((h_prev, w_prev)))
    _refuse_unless(mode in ('max', 'avg'), 'mode', repr(mode),
                   "'max' or 'avg'")
    _, h_new, w_new, _ = dA.shape
    h_most = (h_prev - kh) // sh + 1
    w_most = (w_prev - kw) // sw + 1
    _refuse_unless(
        dA.shape == (m, min(h_new, h_most), min(w_new, w_most), c),
        'dA', dA.shape, '({}, {}, {}, {}) or fewer rows or columns'.format(
            m, h_most, w_most, c))

    dtype = np.result_type(dA, A_prev)
    if dtype.kind in 'bui':
        dtype = np.result_type(dtype, np.int64 if mode == 'max' else
                               np.float64)
    # the pixels that position (r, s) meets: (m, h_new, w_new, c)
    meets = [(slice(None), slice(r, r + h_new * sh, sh),
              slice(s, s + w_new * sw, sw))
             for r in range(kh) for s in range(kw)]
    dA_prev = np.zeros(A_prev.shape, dtype)
    if mode == 'avg':
        share = np.divide(dA, kh * kw, dtype=dtype)
        for where in meets:
            dA_prev[where] += share
        return dA_prev
    A = A_prev[meets[0]]
    for where in meets[1:]:
        A = np.maximum(A, A_prev[where])
    for where in meets:
        np.add(dA_prev[where], dA, out=dA_prev[where],
               where=A_prev[where] == A)
    return dA_prev


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
