#!/usr/bin/env python3
"""Forward propagation over a pooling layer.

What is computed. Each output is the maximum, or the average, of a window:

    A[i, y, x, c] = max over r < kh, s < kw of
                    A_prev[i, y * sh + r, x * sw + s, c]

    A_prev  (m, h_prev, w_prev, c_prev)
    A       (m, h_new, w_new, c_prev)

How. The maximum of a window is the maximum of its columns' maxima. So the rows
of each window are combined first, one whole row of the image with another:

    a0 a1 a2 a3
    b0 b1 b2 b3     maximum of the rows   m0 m1 m2 m3

Then neighbours in a row are combined. Laid out flat, a pixel's neighbour on
the right is c_prev numbers further on, so this takes one array and the same
array shifted. With kw = 2 and one channel:

    flat            m0   m1   m2   m3
    shifted         m1   m2   m3
    maximum         m01  m12  m23

Finally each window takes the result found at its first pixel. Results that
cross the end of a row are computed too, but never used. An average is the same
with sums.

What makes it fast. Wide windows are built by doubling: pairs, then pairs of
pairs. Each step works on long pieces of memory, and on a few examples, or a
few rows of a large one, at a time, so that the second step finds the result of
the first in the processor's cache. An old NumPy finds maxima of integers
sooner than those of floats, so it gets integers in the same order.
"""
import numpy as np

# before 1.23, NumPy needs AVX-512 to find the maxima of floats quickly
SLOW_MAXIMA = np.lib.NumpyVersion(np.__version__) < '1.23.0' and not getattr(
    np.core._multiarray_umath, '__cpu_features__', {}).get('AVX512F')


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
        float64. float16 is summed in float32.

    Raises
    ------
    TypeError, ValueError
        If an argument cannot be right; the message names it.

    References
    ----------
    Ranzato, Huang, Boureau, LeCun: "Unsupervised Learning of Invariant Feature
    Hierarchies with Applications to Object Recognition", CVPR 2007 (maximum);
    LeCun et al.: "Gradient-Based Learning Applied to Document Recognition",
    1998 (average, as "sub-sampling").
    """
    k, stride, new = _check(A_prev, kernel_shape, stride, mode)
    dtype = A_prev.dtype.newbyteorder('=')
    if mode == 'max':
        return _pool(np.maximum, A_prev, k, stride, new, dtype)
    dtype = np.result_type(dtype, 'f8') if dtype.kind in 'bui' else dtype
    with np.errstate(over='raise', invalid='ignore'):
        try:
            A = _pool(np.add, A_prev, k, stride, new,
                      np.result_type(dtype, np.float32))
        except FloatingPointError:  # of a sum; its average may fit
            with np.errstate(over='warn'):
                A = _pool(np.add, A_prev, k, stride, new, np.longdouble)
    return A.astype(dtype, copy=False)


def _pool(combine, A_prev, k, stride, new, dtype):
    """Return the maxima of all windows; their averages, if combine is np.add.

    >>> A_prev = np.array([[1, 2, 3], [6, 5, 4]]).reshape(1, 2, 3, 1)
    >>> _pool(np.maximum, A_prev, (2, 2), (1, 1), (1, 2), int).ravel()
    array([6, 5])
    """
    (m, h_prev, w_prev, c_prev), (kh, kw), (sh, sw) = A_prev.shape, k, stride
    (h_new, w_new), dtype = new, np.dtype(dtype)
    A = np.empty((m, h_new, w_new, c_prev), dtype)
    row_size = w_prev * c_prev * dtype.itemsize
    most = 2 ** 20 // row_size                          # rows of pixels
    n = max(1, min(m, most // h_prev))
    h = max(1, min(h_new, (most - kh) // sh + 1))
    # rows of a block: whole examples, or those that h windows need
    high = h_prev if n > 1 else (h - 1) * sh + kh
    starts, all_rows = _starts(n, h, w_new, high, w_prev, kh, sh, sw, row_size)
    for i in range(0, m, n):
        for y in range(0, h_new, h):
            out = A[i:i + n, y:y + h]                   # (n, h, w_new, c_prev)
            pixels = np.ascontiguousarray(
                A_prev[i:i + n, y * sh:y * sh + high], dtype)
            if combine is np.maximum:
                pixels = _sortable(pixels)
            down = _down(combine, pixels, kh, sh, all_rows)
            across = _shifted(combine, down.reshape(-1), kw, c_prev)
            here = starts[:out.shape[0], :out.shape[1]]
            # with 'raise', the default, NumPy would buffer out
            found = out.view(pixels.dtype)
            np.take(across.reshape(-1, c_prev), here, axis=0, out=found,
                    mode='clip')
            if pixels.dtype != dtype:
                found[...] = _flipped(found)
            if combine is np.add:
                out /= kh * kw
    return A


def _check(A_prev, kernel_shape, stride, mode):
    """Return (kh, kw), (sh, sw), (h_new, w_new), or raise.

    >>> _check(np.ones((9, 5, 4, 1)), (3, 2), (1, 2), 'max')
    ((3, 2), (1, 2), (3, 2))
    """
    _, h_prev, w_prev, c_prev = _shape('A_prev', A_prev, 'm', 'h_prev',
                                       'w_prev', 'c_prev')
    kh, kw = _pair('kernel_shape', kernel_shape)
    sh, sw = _pair('stride', stride)
    if 0 in (h_prev, w_prev, c_prev):
        raise ValueError(f'A_prev has the shape {A_prev.shape}, expected one '
                         'pixel and one channel or more')
    if kh > h_prev or kw > w_prev:
        raise ValueError(f'kernel_shape is {kernel_shape}, expected at most '
                         f'{h_prev} x {w_prev}, the pixels of A_prev')
    if not isinstance(mode, str) or mode not in ('max', 'avg'):
        raise ValueError(f"mode is {mode!r:.80}, expected 'max' or 'avg'")
    sh, sw = min(sh, h_prev), min(sw, w_prev)
    return (kh, kw), (sh, sw), ((h_prev - kh) // sh + 1,
                                (w_prev - kw) // sw + 1)


def _shape(name, array, *expected):
    """Return an array's shape, or raise unless it is as expected.

    An expected size that is given as a name matches any size.

    >>> _shape('A_prev', np.zeros((9, 5, 4, 1)), 'm', 'h_prev', 'w_prev', 1)
    (9, 5, 4, 1)
    """
    if not isinstance(array, np.ndarray) or isinstance(array,
                                                       np.ma.MaskedArray):
        kind = f'{type(array).__module__}.{type(array).__name__}'
        raise TypeError(f"{name} is a {kind.replace('builtins.', '')}, "
                        'expected a plain numpy.ndarray')
    if array.dtype.kind not in 'buif':
        raise TypeError(f'{name} is {array.dtype}, expected real numbers')
    if array.ndim != 4 or any(isinstance(size, int) and size != found
                              for size, found in zip(expected, array.shape)):
        expected = ', '.join(map(str, expected))
        raise ValueError(
            f'{name} has the shape {array.shape}, expected ({expected})')
    return array.shape


def _pair(name, pair):
    """Return a pair as int, or raise unless both are positive integers.

    >>> _pair('stride', np.array([2, 1]))
    (2, 1)
    """
    if not (isinstance(pair, (tuple, list, np.ndarray)) and
            getattr(pair, 'ndim', 1) == 1 and len(pair) == 2 and
            all(isinstance(n, (int, np.integer)) and n > 0 and
                not isinstance(n, bool) for n in pair)):
        raise ValueError(f'{name} is {pair!r:.80}, expected two positive '
                         'integers, (down, across)')
    return int(pair[0]), int(pair[1])


def _sortable(pixels):
    """Return integers in the order of the pixels, where those are faster.

    NumPy 1.19 compares integers some five times as fast as floats. Pixels with
    a NaN stay floats: it must win, but may be a small integer. So do pixels of
    more than 2 MiB: the integers would take as much memory again.

    >>> _sortable(np.array([1, np.nan])), _sortable(np.array([7, 8]))
    (array([ 1., nan]), array([7, 8]))
    """
    if SLOW_MAXIMA and pixels.dtype in ('f4', 'f8') and (
            pixels.nbytes <= 2 ** 21 and not np.isnan(pixels).any()):
        return _flipped(pixels.view(pixels.dtype.str.replace('f', 'i')))
    return pixels


def _flipped(bits):
    """Return the bits of floats as integers in the same order, or undo that.

    Read as integers, the bits of positive floats are in order. Those of
    negative ones are in reverse, until all but the sign are flipped.

    >>> bits = np.array([-2, -1, 0, 1], 'f4').view('i4')
    >>> bits
    array([-1073741824, -1082130432,           0,  1065353216], dtype=int32)
    >>> _flipped(bits)
    array([-1073741825, -1065353217,           0,  1065353216], dtype=int32)
    >>> _flipped(_flipped(bits)).view('f4')
    array([-2., -1.,  0.,  1.], dtype=float32)
    """
    flipped = bits >> (8 * bits.itemsize - 1)       # -1 if negative, or 0
    flipped &= np.iinfo(bits.dtype).max
    flipped ^= bits
    return flipped


def _down(combine, pixels, kh, sh, all_rows):
    """Combine the kh rows of each window, column by column.

    pixels is (n, h, w, c), the result (rows, w, c). With all_rows, windows
    begin at each row of pixels, and those that run into the next example are
    useless; without, there are only the windows that are sh rows apart.

    >>> pixels = np.array([1, 3, 2, 5, 4]).reshape(1, 5, 1, 1)
    >>> _down(np.maximum, pixels, 2, 2, True).ravel()
    array([3, 3, 5, 5])
    >>> _down(np.maximum, pixels, 2, 2, False).ravel()
    array([3, 5])
    """
    n, h, w, c = pixels.shape
    if all_rows:
        down = _shifted(combine, pixels.reshape(-1), kh, w * c)
    else:
        rows, end = pixels.reshape(n, h, w * c), h - kh + 1
        down = rows[:, :end:sh]
        for r in range(1, kh):
            down = combine(down, rows[:, r:end + r:sh])
    return down.reshape(-1, w, c)


def _shifted(combine, flat, k, step):
    """Combine k copies of a flat array, each shifted by step more.

    Copies are combined in pairs, then pairs of pairs: widths 1, 2, 4 and so
    on. Those widths whose sum is k, such as 1 and 2 for k = 3, are combined
    for the result.

    >>> _shifted(np.maximum, np.array([6, 5, 4, 7]), 3, 1)
    array([6, 7])
    """
    size = flat.size - (k - 1) * step
    combined, done, width = None, 0, 1
    while True:
        if k & width:
            part = flat[done * step:][:size]
            # not in place: NumPy 1.19 takes three times as long for maxima
            combined = part if done == 0 else combine(combined, part)
            done += width
        if done == k:
            return combined
        flat = combine(flat[:-width * step], flat[width * step:])
        width *= 2


def _starts(n, h_new, w_new, h, w, kh, sh, sw, row_size):
    """Return where each window begins in `_down`'s result, and all_rows.

    The places are indices of pixels laid out flat, an array (n, h_new, w_new).
    An example has h rows of w pixels, row_size bytes each. Short rows are
    combined faster in one piece than with those between windows left out:
    starting a row costs as much as combining 4 KiB.

    >>> _starts(2, 2, 2, 5, 4, 2, 2, 1, 64)[0].tolist()
    [[[0, 1], [8, 9]], [[20, 21], [28, 29]]]
    >>> _starts(2, 2, 2, 5, 4, 2, 2, 1, 9999)[0].tolist()
    [[[0, 1], [4, 5]], [[8, 9], [12, 13]]]
    """
    fit = (h - kh) // sh + 1
    # `_shifted` doubles the width and combines: so many ones, so many digits
    passes = bin(kh).count('1') - 1 + len(bin(kh)) - len('0b1')
    all_rows = passes * h * row_size <= (kh - 1) * fit * (row_size + 4096)
    step, size = (sh, h) if all_rows else (1, fit)
    one = np.arange(h_new)[:, None] * step * w + np.arange(w_new) * sw
    return np.arange(n)[:, None, None] * size * w + one, all_rows
