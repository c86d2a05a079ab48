#!/usr/bin/env python3
"""Forward propagation over a convolutional layer.

What is computed. Each output is the sum of a window's pixels, each times the
kernel's number at the same place, plus the bias.

    Z[i, y, x, k] = b[k] + sum over r < kh, s < kw, c < c_prev of
                    A_pad[i, y * sh + r, x * sw + s, c] * W[r, s, c, k]

    A_prev  (m, h_prev, w_prev, c_prev)     A_pad: A_prev with zeros around it
    W       (kh, kw, c_prev, c_new)
    Z       (m, h_new, w_new, c_new)

How. A product of matrices consists of such sums. Each window becomes a row,
with a 1 at its end; each kernel becomes a column, with its bias at the end.
One row of an image of one channel, with kw = 3 and sw = 1:

    | a0 a1 a2 1 |   | w0 |   | z0 |
    | a1 a2 a3 1 | @ | w1 | = | z1 |
                     | w2 |
                     | b  |

What makes it fast. Copying is slow, and at stride 1 each pixel is copied into
kh * kw windows. So t neighbouring outputs share one wide window, and each
kernel becomes t columns; in column j it is shifted by j * sw. With t = 2:

                        | w0  0 |
                        | w1 w0 |
    | a0 a1 a2 a3 1 | @ | w2 w1 | = | z0 z1 |
                        |  0 w2 |
                        |  b  b |

Is multiplying by zeros not a waste? It is extra work, but it takes less time
than the copying that it saves. A processor also multiplies faster when a
matrix has more columns. And only a few examples, or a part of one, are laid
out at a time, so that their windows stay in the processor's cache.
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
        'same' pads with zeros so that the output has the height and width of
        A_prev, at every stride; if the number of rows or columns of zeros is
        odd, the extra one is on the top or left. 'valid' does not pad.
    stride : tuple of two int
        (sh, sw), how far the kernel moves down and across.

    Returns
    -------
    numpy.ndarray, shape (m, h_new, w_new, c_new)
        What `activation` returned. The pre-activation has NumPy's common
        dtype of A_prev, W and b (of these and int64, if all are integers).
        float16 is summed in float32.

    Raises
    ------
    TypeError, ValueError
        If an argument cannot be right, or if 'same' would need zeros out of
        all proportion; the message names it.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner: "Gradient-Based Learning Applied to
    Document Recognition", Proceedings of the IEEE 86 (11), 1998.
    """
    stride, before, new = _check(A_prev, W, b, padding, stride)
    if not callable(activation):
        raise TypeError(f'activation is {activation!r:.80}, expected a '
                        'function')
    (h_new, w_new), c_new = new, W.shape[3]
    dtype, sum_dtype = _dtypes(A_prev, W, b)
    finite = _finite_examples(A_prev)           # (m,)
    t = _sharing(W, w_new, stride[1], sum_dtype) if finite.any() else 1
    kernels = _widen(W.astype(sum_dtype), b, t, stride[1])
    windows = _Windows(A_prev, before, W.shape[:2], stride, new, t, sum_dtype)
    Z = np.empty((len(A_prev),) + windows.new + (t * c_new,), sum_dtype)
    with np.errstate(invalid='ignore'):         # BLAS raises false alarms
        for here, matrix in windows:    # Z[here] is one piece of memory
            np.matmul(matrix, kernels, out=Z[here].reshape(-1, t * c_new))
    # (m, h_new, w_new, c_new), without the last windows' outputs beyond w_new
    Z = Z.reshape(len(Z), h_new, windows.new[1] * t, c_new)[:, :, :w_new]
    Z = np.ascontiguousarray(Z, dtype)
    if t > 1 and not finite.all():
        # 0 * infinity is NaN: these examples need windows that are not wide
        Z[~finite] = conv_forward(A_prev[~finite], W, b, lambda Z: Z, padding,
                                  stride)
    return activation(Z)


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
