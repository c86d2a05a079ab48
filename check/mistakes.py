#!/usr/bin/env python3
"""Known mistakes, made on purpose, to recognise them in an answer.

The idea: a wrong result is compared with the result of each mistake for the
same call. If the two are equal, the answer very likely makes this mistake. The
docstring of the mistake's function is the advice to the author.
"""
import itertools

import numpy as np

import cases
import loops


def bias_forgotten(A_prev, W, b, activation, padding="same", stride=(1, 1)):
    """The bias is missing: add b before the activation."""
    return cases.conv_forward(A_prev, W, 0 * b, activation, padding, stride)


def bias_after_activation(A_prev, W, b, activation, padding="same",
                          stride=(1, 1)):
    """The bias is added after the activation; it belongs before it."""
    return b + cases.conv_forward(A_prev, W, 0 * b, activation, padding,
                                  stride)


def activation_forgotten(A_prev, W, b, activation, padding="same",
                         stride=(1, 1)):
    """The activation is missing: return activation(Z), not Z."""
    return cases.conv_forward(A_prev, W, b, np.positive, padding, stride)


def kernel_flipped(A_prev, W, b, activation, padding="same", stride=(1, 1)):
    """The kernel is turned by 180 degrees; here W[0, 0] is its top left."""
    return cases.conv_forward(A_prev, W[::-1, ::-1], b, activation, padding,
                              stride)


def kernel_transposed(A_prev, W, b, activation, padding="same",
                      stride=(1, 1)):
    """Rows and columns of the kernel are exchanged."""
    return cases.conv_forward(A_prev, W.transpose(1, 0, 2, 3), b, activation,
                              padding, stride)


def conv_stride_ignored(A_prev, W, b, activation, padding="same",
                        stride=(1, 1)):
    """The stride is ignored: window (y, x) begins at (y * sh, x * sw)."""
    A = cases.conv_forward(A_prev, W, b, activation, padding, stride)
    every = conv_stride_all(A_prev, W, b, activation, padding, stride)
    return every[:, :A.shape[1], :A.shape[2]]


def conv_stride_all(A_prev, W, b, activation, padding="same", stride=(1, 1)):
    """The stride is ignored: there are windows at every position."""
    A_pad, _ = loops.padded(A_prev, W, padding, stride)
    return cases.conv_forward(A_pad, W, b, activation, 'valid')


def conv_stride_swapped(A_prev, W, b, activation, padding="same",
                        stride=(1, 1)):
    """The strides are swapped: sh is how far to go down, sw across."""
    return cases.conv_forward(A_prev, W, b, activation, padding, stride[::-1])


def padding_ignored(A_prev, W, b, activation, padding="same", stride=(1, 1)):
    """The zeros are missing: 'same' pads so that height and width stay."""
    return cases.conv_forward(A_prev, W, b, activation, 'valid', stride)


def padding_always(A_prev, W, b, activation, padding="same", stride=(1, 1)):
    """There are zeros around the image, but 'valid' does not pad."""
    return cases.conv_forward(A_prev, W, b, activation, 'same', stride)


def padding_without_stride(A_prev, W, b, activation, padding="same",
                           stride=(1, 1)):
    """'same' shrinks the image here; the course's keeps h_prev and w_prev.

    The number of zeros must grow with the stride: (h_prev - 1) * sh + kh -
    h_prev.
    """
    A = cases.conv_forward(A_prev, W, b, activation, padding)
    return A[:, ::stride[0], ::stride[1]]


def first_channel(A_prev, W, b, activation, padding="same", stride=(1, 1)):
    """Only the first channel is used; a sum goes over all of them."""
    return cases.conv_forward(A_prev[..., :1], W[:, :, :1], b, activation,
                              padding, stride)


def first_kernel(A_prev, W, b, activation, padding="same", stride=(1, 1)):
    """Every output channel is the first one: kernel k belongs to channel k."""
    W, b = np.broadcast_to(W[..., :1], W.shape), np.broadcast_to(
        b[..., :1], b.shape)
    return cases.conv_forward(A_prev, W, b, activation, padding, stride)


def first_example(A_prev, W, b, activation, padding="same", stride=(1, 1)):
    """Every example gets the result of the first one."""
    return cases.conv_forward(np.broadcast_to(A_prev[:1], A_prev.shape), W, b,
                              activation, padding, stride)


def other_mode(A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """This is the average where the maximum is asked for, or the reverse."""
    return cases.pool_forward(A_prev, kernel_shape, stride,
                              {'max': 'avg', 'avg': 'max'}[mode])


def average_not_divided(A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """The sum of the window is not divided by kh * kw."""
    factor = np.prod(kernel_shape) if mode == 'avg' else 1
    return factor * cases.pool_forward(A_prev, kernel_shape, stride, mode)


def average_cut(A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """The average of integers is cut to an integer: give A a float dtype."""
    return np.trunc(cases.pool_forward(A_prev, kernel_shape, stride, mode))


def zero_among_them(A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """A maximum below zero becomes 0: compare the window's pixels alone."""
    return np.maximum(0, cases.pool_forward(A_prev, kernel_shape, stride,
                                            mode))


def window_swapped(A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """Height and width of the window are exchanged: kernel_shape is (kh, kw).
    """
    return cases.pool_forward(A_prev, kernel_shape[::-1], stride, mode)


def pool_stride_ignored(A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """The stride is ignored: window (y, x) begins at (y * sh, x * sw)."""
    h_new, w_new = loops.output_shape(A_prev.shape[1:3], kernel_shape, stride)
    kh, kw = kernel_shape
    # the pixels that this many windows see, one pixel apart
    seen = A_prev[:, :h_new - 1 + kh, :w_new - 1 + kw]
    return cases.pool_forward(seen, kernel_shape, (1, 1), mode)


def pool_stride_all(A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """The stride is ignored: there are windows at every position."""
    return cases.pool_forward(A_prev, kernel_shape, (1, 1), mode)


def stride_of_kernel(A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """The windows are as far apart as they are large: use the stride."""
    return cases.pool_forward(A_prev, kernel_shape, kernel_shape, mode)


def pool_stride_swapped(A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """The strides are swapped: sh is how far to go down, sw across."""
    return cases.pool_forward(A_prev, kernel_shape, stride[::-1], mode)


def zeros_not_cropped(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    """The zeros are not cropped: dA_prev has the shape of A_prev."""
    A_pad, _ = loops.padded(A_prev, W, padding, stride)
    return cases.conv_backward(dZ, A_pad, W, b, 'valid', stride)


def cropped_to_nothing(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    """[ph:-ph] is empty where ph is 0; [ph:ph + h_prev] is not."""
    _, (top, left) = loops.padded(A_prev, W, padding, stride)
    dA_pad, dW, db = zeros_not_cropped(dZ, A_prev, W, b, padding, stride)
    return dA_pad[:, top:-top, left:-left], dW, db


def cropped_from_corner(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    """The zeros are cropped on one side only: dA_prev begins at (ph, pw)."""
    dA_pad, dW, db = zeros_not_cropped(dZ, A_prev, W, b, padding, stride)
    return dA_pad[:, :A_prev.shape[1], :A_prev.shape[2]], dW, db


def gradient_stride(dZ, A_prev, W, padding, given, used):
    """Return the gradients where another stride is used than is given."""
    A_pad, (top, left) = loops.padded(A_prev, W, padding, given)
    kh, kw = W.shape[:2]
    room = [max(size, (n - 1) * s + k) for size, n, s, k in zip(
        A_pad.shape[1:3], dZ.shape[1:3], used, (kh, kw))]
    large = np.zeros((len(A_pad), *room, A_pad.shape[3]))
    large[:, :A_pad.shape[1], :A_pad.shape[2]] = A_pad
    dA, dW, db = loops.conv_backward(dZ, large, W, 'valid', used)
    return (dA[:, top:top + A_prev.shape[1], left:left + A_prev.shape[2]], dW,
            db)


def gradient_stride_ignored(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    """The stride is ignored: window (y, x) begins at (y * sh, x * sw)."""
    return gradient_stride(dZ, A_prev, W, padding, stride, (1, 1))


def gradient_stride_swapped(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    """The strides are swapped: sh is how far to go down, sw across."""
    return gradient_stride(dZ, A_prev, W, padding, stride, stride[::-1])


def gradient_stride_swapped_too(dZ, A_prev, W, b, padding="same",
                                stride=(1, 1)):
    """The strides are swapped: sh is how far to go down, sw across."""
    return cases.conv_backward(dZ, A_prev, W, b, padding, stride[::-1])


def gradient_kernel_flipped(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    """The kernel is turned by 180 degrees; here W[0, 0] is its top left."""
    dA_prev, dW, db = cases.conv_backward(dZ, A_prev, W[::-1, ::-1], b,
                                          padding, stride)
    return dA_prev, dW[::-1, ::-1], db


def last_of_all(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    """`=` where `+=` belongs: a gradient is the sum over all its windows."""
    return overwritten(dZ, A_prev, W, padding, stride,
                       [slice(k, k + 1) for k in range(W.shape[3])])


def last_window(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    """`=` where `+=` belongs: a gradient is the sum over all its windows."""
    return overwritten(dZ, A_prev, W, padding, stride, [slice(None)])


def last_with_all_examples(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    """`=` where `+=` belongs: a gradient is the sum over all its windows."""
    dA_prev, _, db = last_window(dZ, A_prev, W, b, padding, stride)
    dW = sum(last_window(dZ[i:i + 1], A_prev[i:i + 1], W, b, padding,
                         stride)[1] for i in range(len(dZ)))
    return dA_prev, dW, db


def overwritten(dZ, A_prev, W, padding, stride, kernels):
    """Return the gradients of the last window that holds each number."""
    A_pad, (top, left) = loops.padded(A_prev, W, padding, stride)
    dA_pad, dW, db = np.zeros(A_pad.shape), np.zeros(W.shape), np.zeros(
        (1, 1, 1, W.shape[3]))
    for i, (y, x, window), k in itertools.product(
            range(len(dZ)), loops.positions(A_pad.shape[1:3], W.shape[:2],
                                            stride), kernels):
        if y < dZ.shape[1] and x < dZ.shape[2]:
            gradient = dZ[i, y, x, k]                       # (number of k,)
            dA_pad[i][window] = (W[..., k] * gradient).sum(axis=3)
            dW[..., k] = A_pad[i][window][..., None] * gradient
            db[..., k] = gradient
    h_prev, w_prev = A_prev.shape[1:3]
    return dA_pad[:, top:top + h_prev, left:left + w_prev], dW, db


def averaged_over_examples(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    """The gradient is divided by m: the task asks for the sum."""
    return tuple(part / len(dZ) for part in cases.conv_backward(
        dZ, A_prev, W, b, padding, stride))


def padding_of_gradient_ignored(dZ, A_prev, W, b, padding="same",
                                stride=(1, 1)):
    """The zeros of 'same' are missing: pad A_prev as the forward pass does.
    """
    return gradient_stride(dZ, A_prev, W, 'valid', stride, stride)


def bias_flat(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    """db lost its shape (1, 1, 1, c_new): sum with keepdims=True."""
    return differently_summed(dZ, A_prev, W, b, padding, stride,
                              dZ.sum(axis=(0, 1, 2)))


def bias_row(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    """db lost its shape (1, 1, 1, c_new): sum with keepdims=True."""
    return differently_summed(dZ, A_prev, W, b, padding, stride,
                              dZ.sum(axis=(0, 1, 2))[None])


def bias_by_example(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    """db is not summed over the examples, the first axis of dZ."""
    return differently_summed(dZ, A_prev, W, b, padding, stride,
                              dZ.sum(axis=(1, 2), keepdims=True))


def bias_of_everything(dZ, A_prev, W, b, padding="same", stride=(1, 1)):
    """db is one sum of all of dZ; each channel has its own."""
    return differently_summed(dZ, A_prev, W, b, padding, stride,
                              np.full(b.shape, dZ.sum()))


def differently_summed(dZ, A_prev, W, b, padding, stride, db):
    """Return the gradients with another db."""
    return cases.conv_backward(dZ, A_prev, W, b, padding, stride)[:2] + (db,)


def one_maximum(dA, A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """Only one of the pixels that tie for the maximum gets the gradient.

    In the course's published output, each of them gets all of it.
    """
    return received(dA, A_prev, kernel_shape, stride, mode, first_of)


def last_maximum(dA, A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """Only one of the pixels that tie for the maximum gets the gradient.

    In the course's published output, each of them gets all of it.
    """
    return received(dA, A_prev, kernel_shape, stride, mode,
                    lambda mask: first_of(mask[::-1, ::-1])[::-1, ::-1])


def first_of(mask):
    """Return which is the first True.

    >>> first_of(np.array([[False, True], [True, True]]))
    array([[False,  True],
           [False, False]])
    """
    return (np.arange(mask.size) == mask.argmax()).reshape(mask.shape)


def tie_shared(dA, A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """The pixels that tie for the maximum share the gradient.

    In the course's published output, each of them gets all of it.
    """
    return received(dA, A_prev, kernel_shape, stride, mode,
                    lambda mask: mask / mask.sum())


def received(dA, A_prev, kernel_shape, stride, mode, chosen=np.asarray,
             combine=np.add):
    """Return dA_prev, where a mask of the maxima is changed by `chosen`.

    `combine` makes what a window sends part of what was there.
    """
    dA_prev = np.zeros(A_prev.shape)
    for i, c, (y, x, window) in itertools.product(
            range(len(dA)), range(dA.shape[3]), loops.positions(
                A_prev.shape[1:3], kernel_shape, stride)):
        if y < dA.shape[1] and x < dA.shape[2]:
            pixels = A_prev[i, :, :, c][window]
            mask = (chosen(pixels == pixels.max()) if mode == 'max' else
                    np.full(pixels.shape, 1 / pixels.size))
            there = dA_prev[i, :, :, c]
            there[window] = combine(there[window], mask * dA[i, y, x, c])
    return dA_prev


def last_pool_window(dA, A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """`=` where `+=` belongs: a pixel adds up what its windows send it."""
    return received(dA, A_prev, kernel_shape, stride, mode,
                    combine=lambda before, sent: sent)


def last_window_that_chose(dA, A_prev, kernel_shape, stride=(1, 1),
                           mode='max'):
    """`=` where `+=` belongs: a pixel adds up what its windows send it."""
    return received(dA, A_prev, kernel_shape, stride, mode,
                    combine=lambda before, sent: np.where(sent, sent, before))


def gradient_not_divided(dA, A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """Each pixel of an average gets dA / (kh * kw), here it gets dA."""
    factor = np.prod(kernel_shape) if mode == 'avg' else 1
    return factor * cases.pool_backward(dA, A_prev, kernel_shape, stride,
                                        mode)


def gradient_of_other_mode(dA, A_prev, kernel_shape, stride=(1, 1),
                           mode='max'):
    """This is the average where the maximum is asked for, or the reverse."""
    return cases.pool_backward(dA, A_prev, kernel_shape, stride,
                               {'max': 'avg', 'avg': 'max'}[mode])


def pool_gradient_stride(dA, A_prev, kernel_shape, used, mode):
    """Return dA_prev where another stride is used than is given."""
    h, w = A_prev.shape[1:3]
    room = [max(size, (n - 1) * s + k) for size, n, s, k in zip(
        (h, w), dA.shape[1:3], used, kernel_shape)]
    large = np.full((len(A_prev), *room, A_prev.shape[3]), -np.inf)
    large[:, :h, :w] = A_prev
    return cases.pool_backward(dA, large, kernel_shape, used, mode)[:, :h, :w]


def pool_gradient_stride_ignored(dA, A_prev, kernel_shape, stride=(1, 1),
                                 mode='max'):
    """The stride is ignored: window (y, x) begins at (y * sh, x * sw)."""
    return pool_gradient_stride(dA, A_prev, kernel_shape, (1, 1), mode)


def pool_gradient_stride_swapped(dA, A_prev, kernel_shape, stride=(1, 1),
                                 mode='max'):
    """The strides are swapped: sh is how far to go down, sw across."""
    return pool_gradient_stride(dA, A_prev, kernel_shape, stride[::-1], mode)


def pool_gradient_stride_of_kernel(dA, A_prev, kernel_shape, stride=(1, 1),
                                   mode='max'):
    """The windows are as far apart as they are large: use the stride."""
    return pool_gradient_stride(dA, A_prev, kernel_shape, kernel_shape, mode)


def shapes_swapped(dA, A_prev, kernel_shape, stride=(1, 1), mode='max'):
    """Height and width of the window are exchanged: kernel_shape is (kh, kw).
    """
    return cases.pool_backward(dA, A_prev, kernel_shape[::-1], stride, mode)


MISTAKES = {
    '0-conv_forward.py': [
        bias_forgotten, bias_after_activation, activation_forgotten,
        kernel_flipped, kernel_transposed, conv_stride_ignored,
        conv_stride_all, conv_stride_swapped, padding_ignored,
        padding_always, padding_without_stride, first_channel, first_kernel,
        first_example],
    '1-pool_forward.py': [
        other_mode, average_not_divided, average_cut, zero_among_them,
        window_swapped, pool_stride_ignored, pool_stride_all,
        stride_of_kernel, pool_stride_swapped],
    '2-conv_backward.py': [
        zeros_not_cropped, cropped_to_nothing, cropped_from_corner,
        gradient_stride_ignored, gradient_stride_swapped,
        gradient_stride_swapped_too, gradient_kernel_flipped, last_window,
        last_of_all, last_with_all_examples, averaged_over_examples,
        padding_of_gradient_ignored, bias_flat, bias_row, bias_by_example,
        bias_of_everything],
    '3-pool_backward.py': [
        one_maximum, last_maximum, tie_shared, last_pool_window,
        last_window_that_chose, gradient_not_divided, gradient_of_other_mode,
        pool_gradient_stride_ignored, pool_gradient_stride_swapped,
        pool_gradient_stride_of_kernel, shapes_swapped]}


LARGE = 3000    # calls on more numbers are compared with mistakes found before


def diagnosis(file, call, result, right, equal, before):
    """Return what a wrong result looks like, a sentence or nothing.

    Where there are several results, each is compared by itself. `before` holds
    the mistakes that the file has made: they are tried first, and a new one is
    added.
    """
    several = isinstance(right, tuple)
    if not any(isinstance(part, np.ndarray)
               for part in (result if several else [result])):
        return ''
    size = cases.evaluate(call, lambda *arguments, **named: sum(map(
        np.size, arguments)))
    if several and in_another_order(result, right, equal):
        return ('The results are right but in another order; return dA_prev, '
                'dW, db.')
    others = [] if size > LARGE else [
        mistake for mistake in MISTAKES[file] if mistake not in before]
    for mistake in before + others:
        try:
            wrong = cases.evaluate(call, mistake)
        except Exception:   # some mistakes are impossible in this call
            continue
        parts = zip(result, wrong, right) if several else [(result, wrong,
                                                            right)]
        if any(equal(found, known) and not equal(found, expected)
               for found, known, expected in parts):
            if mistake not in before:
                before.append(mistake)
            return ' '.join(mistake.__doc__.split())
    return ''


def in_another_order(result, right, equal):
    """Say whether results are right, but not in their places."""
    places = range(len(right))
    return any(order != tuple(places) and
               all(equal(result[place], right[n])
                   for place, n in zip(places, order))
               for order in itertools.permutations(places))
