#!/usr/bin/env python3
"""Back propagation over a convolutional layer.

What is computed. The layer's unactivated output is a sum over windows:

    Z[i, y, x, k] = b[k] + sum over r < kh, s < kw, c < c_prev of
                    A_pad[i, y * sh + r, x * sw + s, c] * W[r, s, c, k]

    A_prev, dA_prev  (m, h_prev, w_prev, c_prev)
    A_pad            A_prev with zeros around it
    W, dW            (kh, kw, c_prev, c_new)        b, db: (1, 1, 1, c_new)
    Z, dZ            (m, h_new, w_new, c_new)

dZ is the derivative of the cost with respect to Z. In each product of the
sum, the gradient of one factor is dZ times the other factor:

    db[k]          = sum over i, y, x of  dZ[i, y, x, k]
    dW[r, s, c, k] = sum over i, y, x of  dZ[i, y, x, k] *
                     A_pad[i, y * sh + r, x * sw + s, c]
    dA_pad[i, y * sh + r, x * sw + s, c]  adds up, over all y, x, r, s and k,
                     dZ[i, y, x, k] * W[r, s, c, k]

and dA_prev is dA_pad without the part that was padding.

How. With each window as a row that ends with a 1, and each kernel as a column
that ends with its bias, Z is a product of matrices, and the gradients are two
more:

    Z        = windows @ kernels        (a row for each window)
    dkernels = windows.T @ dZ           (dW, and db in its last row)
    dwindows = dZ @ kernels.T           (without the biases; each row is then
                                         added to its window's pixels)

Overlapping windows cannot be added in one step: NumPy would keep only one of
the sums. So each step adds only parts that do not overlap: one row of every
second window, for example, and the next step that row of those in between.

What makes it fast. Copying is slow, and at stride 1 each pixel is copied into
kh * kw windows. So t neighbouring outputs share one wide window, and each
kernel becomes t columns; in column j it is shifted by j * sw. One row of an
image of one channel, with kw = 3, sw = 1 and t = 2:

                        | w0  0 |
                        | w1 w0 |
    | a0 a1 a2 a3 1 | @ | w2 w1 | = | z0 z1 |
                        |  0 w2 |
                        |  b  b |

Is multiplying by zeros not a waste? It is extra work, but it takes less time
than the copying that it saves. A processor also multiplies faster when a
matrix has more columns. And only a few examples, or a part of one, are laid
out at a time, so that their windows stay in the processor's cache.

Adding up is slow, too. At stride 1 there is another way: dA_prev is a
convolution itself. dZ, with kh - 1 rows and kw - 1 columns of zeros on each
side, goes through the kernels turned by 180 degrees, and each of its windows
makes the gradient of a pixel:

    dA_pad[i, p, q, c] = sum over r < kh, s < kw, k < c_new of
                         dZ_pad[i, p + r, q + s, k] *
                         W[kh - 1 - r, kw - 1 - s, c, k]

This is faster where A_prev has at least 8 channels, W no more kernels than
that, and the image not many more pixels than the output.

An example that holds infinity or NaN takes neither shortcut, because both
multiply by zeros of their own, and 0 * infinity is NaN.
"""
import numpy as np


def conv_backward(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    """Perform back propagation over a convolutional layer.

    Parameters
    ----------
    dZ : numpy.ndarray, shape (m, h_new, w_new, c_new)
        The partial derivatives with respect to the unactivated output. If
        there are fewer rows or columns than that output has, they are those of
        its first h_new x w_new positions.
    A_prev : numpy.ndarray, shape (m, h_prev, w_prev, c_prev)
        The output of the previous layer. No argument is modified.
    W : numpy.ndarray, shape (kh, kw, c_prev, c_new)
        The kernels.
    b : numpy.ndarray, shape (1, 1, 1, c_new)
        The biases.
    padding : {'same', 'valid'}
        'same' pads with zeros so that the output has the height and width of
        A_prev, at every stride; if the number of rows or columns of zeros is
        odd, the extra one is on the top or left. 'valid' does not pad.
    stride : tuple of two int
        (sh, sw), how far the kernel moves down and across.

    Returns
    -------
    dA_prev : numpy.ndarray, shape (m, h_prev, w_prev, c_prev)
    dW : numpy.ndarray, shape (kh, kw, c_prev, c_new)
    db : numpy.ndarray, shape (1, 1, 1, c_new)
        The partial derivatives with respect to A_prev, W and b, in the dtype
        that NumPy gives to all four arrays together, and to int64 if all are
        integers. float16 is summed in float32. To give the digits that the
        course published, where A_prev is float32 and dZ float64, as in its
        driver, for dW alone dZ and each product are rounded to float32 and
        added in float64; if a number would not fit float32, none is rounded.

    Raises
    ------
    TypeError, ValueError
        If an argument cannot be right, or if 'same' would need zeros out of
        all proportion; the message names it.

    References
    ----------
    Rumelhart, Hinton, Williams: "Learning representations by back-propagating
    errors", Nature 323, 1986.
    """
    stride, before, most = _check(A_prev, W, b, padding, stride)
    new = _gradient_size('dZ', dZ, (len(A_prev),) + most + W.shape[3:])
    dtype, sum_dtype = _dtypes(dZ, A_prev, W, b)
    if dZ.size == 0:
        return tuple(np.zeros(array.shape, dtype) for array in (A_prev, W, b))
    sound = _finite_examples(dZ) & _finite_examples(A_prev)     # (m,)
    multiply = _rounded_product if _is_rounded(A_prev, dZ) else np.matmul
    wide = sound.any() and np.isfinite(W).all() and multiply is np.matmul
    t = _sharing(W, new[1], stride[1], sum_dtype) if wide else 1
    turned = wide and _is_turned(W, A_prev.shape, new, stride)
    if (t > 1 or turned) and not sound.all():
        return _apart(sound, dZ, A_prev, W, b, padding, stride)
    kernels = _widen(W.astype(sum_dtype), b, t, stride[1])
    windows = _Windows(A_prev, before, W.shape[:2], stride, new, t, sum_dtype)
    dkernels, dA_pad = np.zeros_like(kernels), np.zeros_like(windows.A_pad)
    dwindows = windows.view(dA_pad)  # (n, h_new, w_wide, kh, k_wide, c_prev)
    with np.errstate(invalid='ignore'):         # BLAS raises false alarms
        dA_prev = (_turned(dZ, W, before, A_prev.shape[1:3], sum_dtype)
                   if turned else np.empty(A_prev.shape, sum_dtype))
        for (i, y, x), matrix in windows:
            dout = _outputs(dZ[i, y], x, t, sum_dtype)
            dkernels += multiply(matrix.T, dout)
            if not turned:
                _add_up(dout, kernels, dwindows[:i.stop - i.start, y, x],
                        windows.stride[1])
            if not turned and (y.stop, x.stop) == windows.new:  # i is complete
                dA_prev[i] = dA_pad[windows.inside][:i.stop - i.start]
                dA_pad[...] = 0
    gradients = (dA_prev,) + _narrow(dkernels, W.shape, t, stride[1])
    return tuple(array.astype(dtype, copy=False) for array in gradients)


def _check(A_prev, W, b, padding, stride):
    """Return (sh, sw), (top, left), (h_new, w_new), or raise.

    top and left say how many zeros are above A_prev and to its left.

    >>> _check(np.ones((9, 5, 4, 1)), np.ones((5, 2, 1, 7)),
    ...        np.ones((1, 1, 1, 7)), 'same', (1, 1))
    ((1, 1), (2, 1), (5, 4))
    """
    _, h_prev, w_prev, c_prev = _shape('A_prev', A_prev, 'm', 'h_prev',
                                       'w_prev', 'c_prev')
    kh, kw, _, c_new = _shape('W', W, 'kh', 'kw', c_prev, 'c_new')
    _shape('b', b, 1, 1, 1, c_new)
    sh, sw = _pair('stride', stride)
    if not isinstance(padding, str) or padding not in ('same', 'valid'):
        raise ValueError(f"padding is {padding!r:.80}, expected 'same' or "
                         "'valid'")
    if 0 in (h_prev, w_prev, c_prev):
        raise ValueError(f'A_prev has the shape {A_prev.shape}, expected one '
                         'pixel and one channel or more')
    top, h_pad, h_new = _fit(h_prev, kh, sh, padding)
    left, w_pad, w_new = _fit(w_prev, kw, sw, padding)
    if 0 in W.shape or kh > h_pad or kw > w_pad:
        raise ValueError(f'W has the shape {W.shape}, expected 1 x 1 to '
                         f'{h_pad} x {w_pad} pixels and a channel')
    if h_pad * w_pad * c_prev > max(2 ** 29, 9 * h_prev * w_prev * c_prev):
        raise ValueError(f"stride is {stride!r:.80}, expected less: 'same' "
                         f'would pad {h_prev} x {w_prev} pixels with zeros '
                         f'to {h_pad} x {w_pad}')
    # beyond the image a stride's size makes no difference, but may overflow
    return (min(sh, h_pad), min(sw, w_pad)), (top, left), (h_new, w_new)


def _fit(size, k, s, padding):
    """Return the zeros before an axis, its size with zeros, how many fit.

    'same' makes room for as many windows as the axis has pixels: s apart and k
    wide each, they are (size - 1) * s + k wide in all.

    >>> _fit(5, 3, 1, 'same'), _fit(5, 2, 1, 'same'), _fit(5, 3, 2, 'valid')
    ((1, 7, 5), (1, 6, 5), (0, 5, 2))
    """
    zeros = (size - 1) * s + k - size if padding == 'same' else 0
    return zeros - zeros // 2, size + zeros, (size + zeros - k) // s + 1


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


def _finite_examples(array):
    """Return which examples have a finite sum, so no infinity or NaN, (m,).

    >>> _finite_examples(np.array([1, np.inf]).reshape(2, 1, 1, 1)).tolist()
    [True, False]
    """
    with np.errstate(all='ignore'):
        return np.isfinite(array.sum(axis=(1, 2, 3), dtype=_dtypes(array)[1]))


def _apart(sound, dZ, A_prev, W, b, padding, stride):
    """Return the gradients where some examples hold infinity or NaN.

    0 * infinity is NaN, so these need windows that are not wide. In the main
    computation they are replaced by zeros; then they are computed on their own
    and added.

    >>> A_prev = np.array([1, np.inf]).reshape(2, 1, 1, 1)
    >>> one = np.ones((1, 1, 1, 1))
    >>> dA_prev, dW, db = _apart(np.array([True, False]), np.ones_like(A_prev),
    ...                          A_prev, one, one, 'valid', (1, 1))
    >>> dW.ravel(), db.ravel()
    (array([inf]), array([2.]))
    """
    # in one dtype, so that nothing is rounded in the parts
    A_prev = A_prev.astype(np.result_type(dZ, A_prev))
    arrays = dZ.copy(), A_prev.copy()
    for array in arrays:
        array[~sound] = 0
    dA_prev, dW, db = conv_backward(*arrays, W, b, padding, stride)
    odd = conv_backward(dZ[~sound], A_prev[~sound], W, b, padding, stride)
    dA_prev[~sound] = odd[0]
    return dA_prev, dW + odd[1], db + odd[2]


def _is_rounded(A_prev, dZ):
    """Return whether the products that make up dW are rounded to float32.

    They are, like dZ, if A_prev is float32 and dZ float64, unless a number or
    a product would not fit.

    >>> _is_rounded(np.ones(1, 'f4'), np.array([3.])), _is_rounded(
    ...     np.ones(1, 'f4'), np.array([1e39]))
    (True, False)
    """
    if (A_prev.dtype.char, dZ.dtype.char) != ('f', 'd'):
        return False
    sizes = [np.abs(array) for array in (A_prev, dZ)]
    most = [float(size.max()) for size in sizes]
    least = [float(size.min(where=size > 0, initial=np.inf)) for size in sizes]
    # well within what float32 holds: each number of dZ, each product
    return all(1e-37 < size < 1e38 for size in (
        most[1], least[1], most[0] * most[1], least[0] * least[1]))


def _rounded_product(columns, dout):
    """Return columns @ dout, dout and each product rounded to float32.

    The last row, which becomes db, is not rounded. columns is
    (kh * kw * c_prev + 1, windows), dout (windows, c_new).

    >>> third = np.array([[1 / 3]])
    >>> _rounded_product(np.array([[1.], [1.]]), third) == third
    array([[False],
           [ True]])
    """
    dout_T = np.ascontiguousarray(dout.T, np.float32)   # (c_new, windows)
    return np.vstack([(column * dout_T).sum(axis=1, dtype=np.float64)
                      for column in columns[:-1].astype(np.float32)] +
                     [dout.sum(axis=0)])


def _sharing(W, w_new, sw, dtype):
    """Return t, how many neighbouring outputs share a wide window.

    Products of matrices are fastest with t * c_new, the columns, near 64, not
    many more; a t that divides w_new wastes none of them. A window has not
    much more than 512 numbers. t is 1 where that is too few to share, and for
    dtypes that NumPy multiplies without BLAS, where only the number of
    multiplications counts.

    >>> _sharing(np.zeros((3, 3, 1, 8)), 28, 1, np.dtype('f8'))
    7
    """
    kh, _, c_prev, c_new = W.shape
    most = min(w_new, 512 // (kh * c_prev * sw))
    if most < 2 or dtype.char not in 'fd':
        return 1
    ideal = min(max(1, round(64 / c_new)), most)
    divisors = [t for t in range((ideal + 1) // 2,
                                 min(ideal * 5 // 4, most) + 1)
                if w_new % t == 0]
    # without a divisor, as even as possible; the last window has unused ones
    return min(divisors, key=lambda t: abs(t * c_new - 64),
               default=-(-w_new // round(w_new / ideal)))


def _widen(W, b, t, s):
    """Return t columns for each kernel, shifted by s each, as a matrix.

    Its shape is (kh * (kw + (t - 1) * s) * c_prev + 1, t * c_new); the biases
    are the last row.

    >>> W, b = np.array([1, 2, 3]), np.array([9])
    >>> _widen(W.reshape(1, 3, 1, 1), b.reshape(1, 1, 1, 1), 2, 1)
    array([[1, 0],
           [2, 1],
           [3, 2],
           [0, 3],
           [9, 9]])
    """
    kh, kw, c_prev, c_new = W.shape
    wide = np.zeros((kh, kw + (t - 1) * s, c_prev, t, c_new), W.dtype)
    for j in range(t):
        wide[:, j * s:j * s + kw, :, j] = W
    return np.vstack((wide.reshape(-1, t * c_new), np.tile(b[0, 0], t)))


def _narrow(dkernels, shape, t, s):
    """Return dW and db: what `_widen` copied t times is added up.

    >>> dW, db = _narrow(np.array([[1, 99], [2, 10], [3, 20], [99, 30],
    ...                            [4, 40]]), (1, 3, 1, 1), 2, 1)
    >>> dW.ravel(), db.ravel()
    (array([11, 22, 33]), array([44]))
    """
    kh, kw, c_prev, c_new = shape
    wide = dkernels[:-1].reshape(kh, -1, c_prev, t, c_new)
    dW = sum(wide[:, j * s:j * s + kw, :, j] for j in range(t))
    return dW, dkernels[-1].reshape(1, 1, t, c_new).sum(axis=2, keepdims=True)


class _Windows:
    """The windows of a few examples at a time, as rows of a matrix.

    Each row holds the pixels of a window that t outputs share, and a 1.
    Iterating yields which examples, rows and columns of windows these are, as
    slices, and the matrix. With kw = 2, four pixels have three outputs; two
    share a window:

    >>> image = np.array([5, 6, 7, 8]).reshape(1, 1, 4, 1)
    >>> for here, matrix in _Windows(image, (0, 0), (1, 2), (1, 1), (1, 3), 2,
    ...                              image.dtype):
    ...     print(matrix)
    [[5 6 7 1]
     [7 8 0 1]]
    """

    def __init__(self, A_prev, before, k, stride, new, t, dtype):
        """Allocate the memory that every block of examples uses again."""
        (m, h_prev, w_prev, c), (top, left), (sh, sw) = (A_prev.shape, before,
                                                         stride)
        self.A_prev, self.stride = A_prev, (sh, t * sw)
        self.k = kh, k_wide = k[0], k[1] + (t - 1) * sw
        self.new = h_new, w_wide = new[0], -(-new[1] // t)
        h_pad = max(top + h_prev, (h_new - 1) * sh + kh)
        w_pad = max(left + w_prev, (w_wide - 1) * t * sw + k_wide)
        self.row = kh * k_wide * c + 1          # how long a row is
        # at most 3 MiB of rows, and 2 ** 21 numbers of images
        n, h, w = self.block = _block(
            3 * 2 ** 20 // (self.row * dtype.itemsize),
            min(m, 2 ** 21 // (h_pad * w_pad * c)), h_new, w_wide)
        self.A_pad = np.zeros((n, h_pad, w_pad, c), dtype)
        self.inside = np.s_[:, top:top + h_prev, left:left + w_prev]
        self.windows = self.view(self.A_pad)
        self.rows = np.ones((n, h, w, self.row), dtype)
        # one axis made into three is the same memory, seen in another way
        self.columns = self.rows[..., :-1].reshape(n, h, w, kh, k_wide, c)

    def view(self, pad):
        """Return the pixels that each window sees, without a copy.

        Its shape is (n, h_new, w_wide, kh, k_wide, c), for the wide windows.
        The next window is sh rows or t * sw columns of the image further on,
        the next pixel within a window one row or column.
        """
        by_example, by_row, by_column, by_channel = pad.strides
        return np.lib.stride_tricks.as_strided(
            pad, pad.shape[:1] + self.new + self.k + pad.shape[3:],
            (by_example, self.stride[0] * by_row, self.stride[1] * by_column,
             by_row, by_column, by_channel))

    def __iter__(self):
        """Copy one block of windows after another."""
        n, h, w = self.block
        for i in range(0, len(self.A_prev), n):
            A = self.A_prev[i:i + n]
            self.A_pad[:len(A)][self.inside] = A
            for y in range(0, self.new[0], h):
                for x in range(0, self.new[1], w):
                    windows = self.windows[:len(A), y:y + h, x:x + w]
                    part = tuple(map(slice, windows.shape[:3]))
                    self.columns[part] = windows
                    yield (tuple(slice(begin, begin + size) for begin, size in
                                 zip((i, y, x), windows.shape)),
                           self.rows[part].reshape(-1, self.row))


def _block(most, m, h, w):
    """Return how many examples, rows and columns to take at a time.

    They are `most` in all, or fewer: some whole examples, some whole rows of
    one, or some columns of one row; at least one of each.

    >>> _block(200, 9, 8, 7), _block(30, 9, 8, 7), _block(6, 9, 8, 7)
    ((3, 8, 7), (1, 4, 7), (1, 1, 6))
    """
    return (max(1, min(m, most // (h * w))), max(1, min(h, most // w)),
            max(1, min(w, most)))


def _outputs(dZ, x, t, dtype):
    """Return dZ of some wide windows' outputs, as a matrix.

    dZ is (n, h, w_new, c_new), x says which windows of a row. The matrix is
    (n * h * windows, t * c_new); outputs beyond w_new get a gradient of 0.

    >>> _outputs(np.array([1, 2, 3]).reshape(1, 1, 3, 1), slice(0, 2), 2, int)
    array([[1, 2],
           [3, 0]])
    """
    part = dZ[:, :, t * x.start:t * x.stop]
    w = t * (x.stop - x.start)
    if part.shape[2] == w:
        dout = np.ascontiguousarray(part, dtype)
    else:
        dout = np.zeros(part.shape[:2] + (w,) + part.shape[3:], dtype)
        dout[:, :, :part.shape[2]] = part
    return dout.reshape(-1, t * part.shape[3])


def _is_turned(W, A_prev_shape, new, stride):
    """Return whether `_turned` is possible, and faster than `_add_up`.

    It is faster where there are many channels, not more kernels than channels,
    and not many more pixels than outputs.

    >>> W = np.zeros((3, 3, 8, 8))
    >>> _is_turned(W, (9, 8, 7, 8), (8, 7), (1, 1)), _is_turned(
    ...     W, (9, 8, 7, 8), (6, 5), (1, 1))
    (True, False)
    """
    _, h_prev, w_prev, c_prev = A_prev_shape
    return (stride == (1, 1) and c_prev >= max(8, W.shape[3]) and
            2 * h_prev * w_prev <= 3 * new[0] * new[1])


def _turned(dZ, W, before, size, dtype):
    """Return dA_prev at stride 1: dZ convolved with the kernels turned round.

    A pixel's gradient is a window of dZ, with zeros around it, times the
    kernels turned by 180 degrees. before says how many zeros are above A_prev
    and to its left, size is A_prev's height and width.

    >>> dZ, W = np.array([1, 10]), np.array([2, 3])
    >>> _turned(dZ.reshape(1, 1, 2, 1), W.reshape(1, 2, 1, 1), (0, 0), (1, 3),
    ...         dZ.dtype).ravel()
    array([ 2, 23, 30])
    """
    kh, kw, c_prev, _ = W.shape
    W = W[::-1, ::-1].transpose(0, 1, 3, 2).astype(dtype)
    t = _sharing(W, size[1], 1, dtype)
    kernels = _widen(W, np.zeros((1, 1, 1, c_prev), dtype), t, 1)
    windows = _Windows(dZ, (kh - 1 - before[0], kw - 1 - before[1]), (kh, kw),
                       (1, 1), size, t, dtype)
    dA_prev = np.empty((len(dZ),) + windows.new + (t * c_prev,), dtype)
    for here, matrix in windows:
        np.matmul(matrix, kernels, out=dA_prev[here].reshape(-1, t * c_prev))
    # (m, h_prev, w_prev, c_prev), without the last windows' unused pixels
    dA_prev = dA_prev.reshape(len(dZ), size[0], -1, c_prev)[:, :, :size[1]]
    return np.ascontiguousarray(dA_prev)


def _add_up(dout, kernels, dwindows, step):
    """Add each window's gradient, dout @ kernels.T, at its pixels.

    dwindows, (n, h, w, kh, kw, c), is a view of dA_pad; in a row, each window
    begins `step` pixels after the one before. Windows that are `apart` from
    one another share no pixel, so these are added at once. Windows above one
    another may share some, but not in the same row r of theirs, so one such
    row of all windows is added at a time.

    >>> dA_pad = np.zeros((1, 1, 4, 1), int)
    >>> windows = _Windows(dA_pad, (0, 0), (1, 2), (1, 1), (1, 3), 1,
    ...                    dA_pad.dtype)
    >>> _add_up(np.array([[1], [10], [100]]), np.array([[1], [2], [0]]),
    ...         windows.view(dA_pad), 1)
    >>> dA_pad.ravel()
    array([  1,  12, 120, 200])
    """
    kh, kw = dwindows.shape[3:5]
    apart = -(-kw // step)
    for r, kernel in enumerate(kernels[:-1].reshape(kh, -1, dout.shape[1])):
        drow = (dout @ kernel.T).reshape(dwindows[:, :, :, r].shape)
        for q in range(apart):
            dwindows[:, :, q::apart, r] += drow[:, :, q::apart]
