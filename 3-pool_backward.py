#!/usr/bin/env python3
"""Back propagation over a pooling layer.

What is computed. The layer's output is the maximum, or the average, of each
window:

    A[i, y, x, c] = max over r < kh, s < kw of
                    A_prev[i, y * sh + r, x * sw + s, c]

    A_prev, dA_prev  (m, h_prev, w_prev, c)
    A, dA            (m, h_new, w_new, c)

dA is the derivative of the cost with respect to A. A pixel that is the
maximum of a window receives the window's whole gradient; for an average, each
pixel receives dA / (kh * kw). A pixel in several windows receives the sum:

    dA_prev[i, p, q, c] = sum over the windows (y, x) that hold (p, q) of
                         dA[i, y, x, c] * (A_prev[i, p, q, c] == A[i, y, x, c])

So each of the pixels that tie for a maximum receives the whole gradient.

How. The maximum of a window is the maximum of its columns' maxima. Forward,
A_down holds the columns' maxima, (m, h_new, w_prev, c), and A the maxima of
those. Backward, each column's maximum looks up the windows that hold it, and
then each pixel the columns that hold it:

    dA_down[y, q] = sum of  dA[y, x] * (A_down[y, q] == A[y, x])
    dA_prev[p, q] = sum of  dA_down[y, q] * (A_prev[p, q] == A_down[y, q])

Where windows do not overlap across, as with 2x2 windows and strides of 2, each
pixel looks up its windows directly.

An average needs no comparison. First the gradients of neighbouring windows are
added up; then each pixel looks up the sum over the windows that hold it. With
3x3 windows and strides of 2, these are 1, 2 or 4 windows.

What makes it fast. For a maximum at stride 1 there are kh + kw look-ups
instead of kh * kw; for an average there is one. Each works on long pieces of
memory, and on a few examples at a time, so that they stay in the processor's
cache. An old NumPy finds maxima of integers sooner than those of floats, so it
gets integers in the same order.
"""
import numpy as np

# before 1.23, NumPy needs AVX-512 to find the maxima of floats quickly
SLOW_MAXIMA = np.lib.NumpyVersion(np.__version__) < '1.23.0' and not getattr(
    np.core._multiarray_umath, '__cpu_features__', {}).get('AVX512F')


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
        NumPy gives to both arrays together; for integers at least int64 (max)
        or float64 (avg). float16 is summed in float32. NaN equals nothing and
        receives nothing from a maximum.

    Raises
    ------
    TypeError, ValueError
        If an argument cannot be right; the message names it.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner: "Gradient-Based Learning Applied to
    Document Recognition", Proceedings of the IEEE 86 (11), 1998.
    """
    kernel_shape, stride, most = _check(A_prev, kernel_shape, stride, mode)
    _gradient_size('dA', dA, A_prev.shape[:1] + most + A_prev.shape[3:])
    dtype, sum_dtype = _dtypes(dA, A_prev)
    if mode == 'avg' and dtype.kind == 'i':
        dtype = sum_dtype = np.dtype('f8')
    if dA.size == 0:
        return np.zeros(A_prev.shape, dtype)
    dA_prev = np.empty(A_prev.shape, sum_dtype)
    if mode == 'avg':
        _shares_of_averages(dA, kernel_shape, stride, dA_prev)
    else:
        _shares_of_maxima(dA, A_prev, kernel_shape, stride, dA_prev)
    return dA_prev.astype(dtype, copy=False)


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


def _gradient_size(name, gradient, most):
    """Return a gradient's h_new and w_new, or raise if it does not fit.

    most is the shape of the output; the gradient may have fewer rows and
    columns.

    >>> _gradient_size('dZ', np.ones((9, 4, 5, 7)), (9, 5, 5, 7))
    (4, 5)
    """
    _, h_new, w_new, _ = _shape(name, gradient, most[0], 'h_new', 'w_new',
                                most[3])
    if h_new > most[1] or w_new > most[2]:
        raise ValueError(f'{name} has the shape {gradient.shape}, expected at '
                         f'most {most}')
    return h_new, w_new


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


def _dtypes(*arrays):
    """Return the dtype of what is computed, and that of its sums.

    >>> _dtypes(np.zeros(1, 'f2'), np.zeros(1, 'u1'))
    (dtype('float16'), dtype('float32'))
    """
    dtype = np.result_type(*arrays)
    if dtype.kind in 'bui':
        dtype = np.result_type(dtype, np.int64)
    return dtype, np.dtype('f4') if dtype.char == 'e' else dtype


def _block(most, m, h, w):
    """Return how many examples, rows and columns to take at a time.

    They are `most` in all, or fewer: some whole examples, some whole rows of
    one, or some columns of one row; at least one of each.

    >>> _block(200, 9, 8, 7), _block(30, 9, 8, 7), _block(6, 9, 8, 7)
    ((3, 8, 7), (1, 4, 7), (1, 1, 6))
    """
    return (max(1, min(m, most // (h * w))), max(1, min(h, most // w)),
            max(1, min(w, most)))


def _shares_of_averages(dA, kernel_shape, stride, dA_prev):
    """Put into dA_prev what each pixel receives from the windows' averages.

    Each pixel looks up its sum in tables. With 3x3 windows and strides of 2
    there are four: the gradients, and the sums of 2 neighbours across, of 2
    down, and of 4.

    >>> dA = np.array([2., 20]).reshape(1, 1, 2, 1)
    >>> dA_prev = np.empty((1, 1, 4, 1))
    >>> _shares_of_averages(dA, (1, 2), (1, 1), dA_prev)
    >>> dA_prev.ravel()
    array([ 1., 11., 10.,  0.])
    """
    (kh, kw), (sh, sw), (_, h_new, w_new, _) = kernel_shape, stride, dA.shape
    m, h_prev, w_prev, c = dA_prev.shape
    n, h, _ = _block(2 ** 20 // (w_prev * c * dA_prev.itemsize), m, h_prev, 1)
    across, x_which, x_start = _neighbours(0, w_prev, kw, sw, w_new)
    for p in range(0, h_prev, h):
        down, y_which, y_start = _neighbours(p, min(p + h, h_prev), kh, sh,
                                             h_new)
        (_, high, _), (_, wide, x_counts) = down, across
        # where a pixel's sum is: in which table, and in which row and column
        places = ((y_which * len(x_counts) * high + y_start)[:, None] * wide +
                  x_which * high * wide + x_start)
        for i in range(0, m, n):
            sums = _sums(dA[i:i + n], kh * kw, down, across, dA_prev.dtype)
            np.take(sums, places, axis=1, mode='clip',
                    out=dA_prev[i:i + n, p:p + h])


def _neighbours(begin, end, k, s, new):
    """Return which windows hold the pixels from begin to end of an axis.

    With k = 3 and s = 2, windows 0 and 1 hold pixel 2, and window 1 alone
    holds pixel 3. So it is always k / s neighbours, rounded down or up. Those
    before the first window and behind the last count as windows, too: their
    gradient is 0.

    The result is (the first of all these windows, how many they are, the one
    or two counts of neighbours), and for each pixel which of the counts is its
    and where its windows begin.

    >>> _neighbours(0, 5, 3, 2, 2)
    ((-1, 4, [1, 2]), array([1, 0, 1, 0, 1]), array([0, 1, 1, 2, 2]))
    """
    pixel = np.arange(begin, end)
    first, last = -((k - 1 - pixel) // s), pixel // s
    # where there are few windows, some that do not exist are left out
    count = np.minimum(last - first + 1, new)
    first = np.maximum(first, np.minimum(last, new - 1) - count + 1)
    counts = sorted({min(k // s, new), min(-(-k // s), new)})
    begin, end = int(first[0]), int(first[-1] + max(1, count[-1]))
    return ((begin, end - begin, counts), 1 * (count > counts[0]),
            first - begin)


def _sums(dA, size, down, across, dtype):
    """Return the sums of neighbouring gradients, each divided by size.

    down and across come from `_neighbours`. For each count of neighbours down
    and each count across there is a table of all sums, (high, wide, c). The
    result is (n, tables * high * wide, c).

    >>> dA = np.array([1, 10, 100]).reshape(1, 1, 3, 1)
    >>> _sums(dA, 1, (0, 1, [1]), (0, 3, [1, 2]), float).ravel()
    array([  1.,  10., 100.,  11., 110., 100.])
    """
    (y, high, y_counts), (x, wide, x_counts) = down, across
    n, _, w_new, c = dA.shape
    above = max(0, -y)
    dA = dA[:, y + above:y + high]
    # the sums at the end need some more zeros
    flat = np.zeros((n * high + y_counts[-1]) * wide * c, dtype)
    padded = flat[:n * high * wide * c].reshape(n, high, wide, c)
    np.divide(dA, size, dtype=dtype, out=padded[
        :, above:above + dA.shape[1], -x:w_new - x])
    tables = []
    for count in y_counts:
        rows = _sum(flat, count, wide * c)
        tables += [_sum(rows, count, c)[:padded.size].reshape(n, -1, c)
                   for count in x_counts]
    return np.concatenate(tables, axis=1) if len(tables) > 1 else tables[0]


def _sum(flat, count, step):
    """Return the sums of so many neighbours, step apart, in a flat array.

    >>> _sum(np.array([1, 10, 100]), 2, 1), _sum(np.array([1, 10]), 0, 1)
    (array([ 11, 110]), array([0, 0]))
    """
    if count == 0:
        return np.zeros_like(flat)
    return _shifted(np.add, flat, count, step)


def _shares_of_maxima(dA, A_prev, kernel_shape, stride, dA_prev):
    """Put into dA_prev what each pixel receives from the windows' maxima.

    >>> A_prev = np.array([3, 7, 5]).reshape(1, 1, 3, 1)
    >>> dA, dA_prev = np.array([[[[1], [10]]]]), np.empty_like(A_prev)
    >>> _shares_of_maxima(dA, A_prev, (1, 2), (1, 1), dA_prev)
    >>> dA_prev.ravel()
    array([ 0, 11,  0])
    """
    (kh, kw), (sh, sw), (_, h_new, w_new, _) = kernel_shape, stride, dA.shape
    m, h_prev, w_prev, c = A_prev.shape
    down = _holders(h_prev, kh, sh, h_new)
    across = _holders(w_prev, kw, sw, w_new)
    columns = _alone(across, w_new)
    row_size = w_prev * c * dA_prev.itemsize
    n, h, _ = _block(2 ** 20 // row_size, m, h_prev, 1)
    starts, all_rows = _starts(n, h_new + 1, w_new + 1, h_prev, w_prev, kh, sh,
                               sw, row_size)
    # pixels in no window look up an extra one, whose gradient is 0
    padded = np.zeros((n, h_new + 1, w_new + 1, c), dA_prev.dtype)
    for i in range(0, m, n):
        pixels, gradient = A_prev[i:i + n], padded[:m - i]
        gradient[:, :-1, :-1] = dA[i:i + n]
        A_down, A = _maxima(pixels, kh, kw, sh, all_rows, starts, columns)
        if columns is None:     # from here on, A is A_down
            A, gradient = A_down, _receive(A_down, A, gradient, across, 2)
        _by_rows(h, pixels, A, gradient, down, columns, dA_prev[i:i + n])


def _holders(size, k, s, new):
    """Return the first and the last window that hold each pixel of an axis.

    For a pixel in no window, between two or behind the last one, the first is
    greater than the last.

    >>> _holders(4, 3, 1, 2)
    (array([0, 0, 0, 1]), array([0, 1, 1, 1]))
    >>> _holders(4, 1, 2, 2)
    (array([0, 1, 1, 2]), array([0, 0, 1, 1]))
    """
    pixel = np.arange(size)
    # the first window that reaches a pixel: (pixel - k + 1) / s, rounded up
    return (np.maximum(0, -((k - 1 - pixel) // s)),
            np.minimum(pixel // s, new - 1))


def _alone(held, none):
    """Return the window that holds each pixel, or None if any overlap.

    held comes from `_holders`; where no window holds a pixel, it is `none`.

    >>> _alone(_holders(4, 1, 2, 2), 2)
    array([0, 2, 1, 2])
    """
    first, last = held
    if (first < last).any():
        return None
    return np.where(first > last, none, last)


def _maxima(pixels, kh, kw, sh, all_rows, starts, columns):
    """Return A_down, the maxima down, and A, the maxima of these across.

    Their shapes are (n, h_new + 1, w_prev, c) and (n, h_new + 1, w_new + 1,
    c); the last row and column are for pixels in no window, and can be
    anything. pixels is (n, h_prev, w_prev, c); starts comes from `_starts`.
    With columns, windows do not overlap across, and A_down is None.

    >>> pixels = np.array([[1, 2, 3], [6, 5, 4]]).reshape(1, 2, 3, 1)
    >>> A_down, A = _maxima(pixels, 2, 2, 1, True, np.array([[[0, 1]]]), None)
    >>> A_down.ravel(), A.ravel()
    (array([6, 5, 4]), array([6, 5]))
    """
    n, _, w_prev, c = pixels.shape
    starts = starts[:n]
    down = _down(np.maximum, _sortable(pixels), kh, sh, all_rows)
    across = _shifted(np.maximum, down.reshape(-1), kw, c).reshape(-1, c)
    A = _restored(np.take(across, starts, axis=0, mode='clip'), pixels.dtype)
    if columns is not None:
        return None, A
    across, rows = None, starts[:, :, 0] // w_prev          # frees memory
    down = np.take(down, rows, axis=0, mode='clip')
    return _restored(down, pixels.dtype), A


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


def _restored(found, dtype):
    """Undo `_sortable`, which was given pixels of this dtype.

    >>> _restored(_sortable(np.array([-1.5, 2])), np.dtype('f8'))
    array([-1.5,  2. ])
    """
    same = found.dtype.kind == dtype.kind
    return found if same else _flipped(found).view(dtype)


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


def _is_finite(array):
    """Return whether the sum is finite, so no number is infinite or NaN.

    >>> _is_finite(np.ones(2)), _is_finite(np.array([1, np.inf]))
    (True, False)
    """
    with np.errstate(all='ignore'):
        return bool(np.isfinite(array.sum()))


def _receive(values, A, dA, held, axis, out=None, columns=None):
    """Return what each value receives from the windows that hold it.

    A and dA hold the windows' maxima and gradients. held comes from
    `_holders`, for this axis; dA has one window more than held names, whose
    gradient is 0. columns says which window of a row holds each column, if
    that has not been looked up before.

    >>> values, A, dA = (np.array(row).reshape(1, 1, -1, 1) for row in (
    ...     [1, 3, 2], [3, 3, 0], [10, 20, 0]))
    >>> _receive(values, A, dA, _holders(3, 2, 1, 2), 2).ravel()
    array([ 0, 30,  0])
    """
    (first, last), none, width = held, dA.shape[axis] - 1, dA.shape[2]
    finite = _is_finite(dA)
    if columns is not None:     # rows and columns of windows in one axis
        A, dA = (array.reshape(len(dA), -1, dA.shape[3]) for array in (A, dA))
    for j in range(max(0, (last - first).max()) + 1):
        window = np.where(last - j >= first, last - j, none)
        if columns is not None:
            window = window[:, None] * width + columns
        share = np.take(dA, window, axis, out if j == 0 else None, 'clip')
        chosen = values == np.take(A, window, axis, mode='clip')
        if not finite:          # infinity times False would be NaN
            share[~chosen] = 0
        share *= chosen
        total = np.add(total, share, out=total) if j else share
    return total


def _by_rows(h, values, A, dA, held, columns, out):
    """Call `_receive` for h rows of values at a time.

    The arguments are `_receive`'s, whose result goes into out.

    >>> values, A, dA = (np.array(column).reshape(1, -1, 1, 1) for column in (
    ...     [1, 3, 2], [3, 3, 0], [10, 20, 0]))
    >>> out = np.empty_like(values)
    >>> _by_rows(2, values, A, dA, _holders(3, 2, 1, 2), None, out)
    >>> out.ravel()
    array([ 0, 30,  0])
    """
    for y in range(0, values.shape[1], h):
        some = [window[y:y + h] for window in held]
        _receive(values[:, y:y + h], A, dA, some, 1, out[:, y:y + h], columns)
