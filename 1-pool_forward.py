#!/usr/bin/env python3
"""Forward propagation over a pooling layer.

The idea: position (r, s) of the kernel meets one pixel of every window, and
those pixels are a strided slice of the image. Pooling is then a running
maximum, or a running sum, over kh * kw such slices.
"""
import numpy as np


def pool_forward(A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """Perform forward propagation over a pooling layer.

    Parameters
    ----------
    A_prev : numpy.ndarray, shape (m, h_prev, w_prev, c_prev)
        The output of the previous layer, m examples. Never modified.
    kernel_shape : tuple of two int
        (kh, kw), the height and width of the window.
    stride : tuple of two int
        (sh, sw), how far the window moves down and across.
    mode : {'max', 'avg'}
        Whether a window gives its maximum or its average.

    Returns
    -------
    numpy.ndarray, shape (m, h_new, w_new, c_prev)
        The output of the layer. Pooling does not pad: a window that does not
        fit is dropped. The dtype is A_prev's, but averages of integers are
        float64.

    Raises
    ------
    TypeError, ValueError
        If an argument cannot be right; the message names it.

    References
    ----------
    Ranzato, Boureau, LeCun: "Sparse Feature Learning for Deep Belief
    Networks", NIPS 2007 (maximum); LeCun et al.: "Gradient-Based Learning
    Applied to Document Recognition", 1998 (average, as "sub-sampling").
    """
    _refuse_bad_arrays(A_prev=A_prev)
    m, h_prev, w_prev, c_prev = A_prev.shape
    kh, kw = _positive_pair('kernel_shape', kernel_shape)
    sh, sw = _positive_pair('stride', stride)
    _refuse_unless(kh <= h_prev and kw <= w_prev, 'kernel_shape',
                   kernel_shape, 'at most {}'.format((h_prev, w_prev)))
    _refuse_unless(mode in ('max', 'avg'), 'mode', repr(mode),
                   "'max' or 'avg'")

    h_new = (h_prev - kh) // sh + 1
    w_new = (w_prev - kw) // sw + 1
    dtype = A_prev.dtype
    if mode == 'avg' and dtype.kind in 'bui':
        dtype = np.float64
    combine = np.maximum if mode == 'max' else np.add
    # pixel (0, 0) of every window: (m, h_new, w_new, c_prev)
    A = A_prev[:, :h_new * sh:sh, :w_new * sw:sw].astype(dtype)
    for r in range(kh):
        for s in range(kw):
            if (r, s) != (0, 0):
                combine(A, A_prev[:, r:r + h_new * sh:sh,
                                  s:s + w_new * sw:sw], out=A)
    return A if mode == 'max' else A / (kh * kw)


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
