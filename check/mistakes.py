#!/usr/bin/env python3
"""Known mistakes, made on purpose, to recognise them in an answer.

The idea: tests/answers has an answer to each task in nested loops; below is a
table of changes that spoil it. If a wrong result equals that of a spoilt
answer to the same call, or if both raise the same kind of exception, the
answer very likely has the mistake.
"""
import functools
import os

import numpy as np

import cases

ANSWERS = os.path.join(cases.ROOT, 'tests', 'answers')
LARGE = 3000    # calls on more numbers than this are not tried
WINDOW = 'y * sh:y * sh + kh, x * sw:x * sw + kw'
ROWS = '(h_prev - 1) * sh + kh - h_prev'
COLUMNS = '(w_prev - 1) * sw + kw - w_prev'
CROP = 'dA_pad[:, top:top + h_prev, left:left + w_prev]'
CUT_OFF = 'dA_pad[:, top:-top, left:-left]'
FLIPPED = 'The kernel is turned by 180 degrees; here W[0, 0] is its top left.'
IGNORED = 'The stride is ignored: window (y, x) begins at (y * sh, x * sw).'
SWAPPED = 'The strides are swapped: sh is how far to go down, sw across.'
OF_KERNEL = 'The windows are as far apart as they are large: use the stride.'
TURNED = ('Height and width of the window are exchanged: kernel_shape is '
          '(kh, kw).')
OTHER = 'This is the average where the maximum is asked for, or the reverse.'
ALL_PLACES = 'The stride is ignored: there are windows at every position.'
NO_ZEROS = "The zeros are missing: 'same' pads so that height and width stay."
TOO_MANY = ('There is one zero too many on each side: half of the zeros, '
            'rounded up, not half of them plus 1.')
TOO_MANY_EVEN = ('With an even kernel there is one zero too many on each side '
                 'if the number of zeros is even: round half of them up.')
SHRINKS = ("'same' shrinks the image here; the course's keeps h_prev and "
           'w_prev. The number of zeros must grow with the stride: ' + ROWS +
           '.')
NOT_DROPPED = 'Windows that do not fit into the image are to be dropped.'
LAST = 'The last window is missing: there are (h - kh) // sh + 1.'
CUT = ('The zeros are cut off with [ph:-ph], which is empty where ph is 0, as '
       'for a kernel of one row. Write [ph:ph + h_prev].')
ASSIGNED = '`=` where `+=` belongs: a gradient is the sum over all its windows'
ORDER = ('The results are right but in another order; return dA_prev, dW, '
         'db.')
SHAPE = 'db lost its shape (1, 1, 1, c_new): sum with keepdims=True.'
TIES = (" of the pixels that tie for the maximum. In the course's published "
        'output, each of them gets all of it.')
RESULT = 'return dA_prev, dW, db'
KEPT = 'axis=(0, 1, 2), keepdims=True'


def padded(zeros):
    """Return the changes that make another number of zeros on each side."""
    return ('top, bottom = zeros - zeros // 2, zeros // 2',
            f'top, bottom = [{zeros}] * 2',
            'left, right = zeros - zeros // 2, zeros // 2',
            f"left, right = [{zeros.replace('kh', 'kw')}] * 2")


def windows(rows, columns):
    """Return the changes that put the windows of a gradient elsewhere."""
    return ('slice(y * sh, y * sh', 'slice({0}, {0}'.format(rows),
            'slice(x * sw, x * sw', 'slice({0}, {0}'.format(columns))


# of each file: the advice, then the old text and the new one, in turns
TABLE = {'0-conv_forward.py': [
    ('The bias is missing: add b before the activation.', 'Z + b', 'Z'),
    ('The bias is added after the activation; it belongs before it.',
     '(Z + b)', '(Z) + b'),
    ('The activation is missing: return activation(Z), not Z.',
     'activation(Z', '(Z'),
    (FLIPPED, 'W[..., k]', 'W[::-1, ::-1, :, k]'),
    ('Rows and columns of the kernel are exchanged.', 'W[..., k]',
     'W[..., k].swapaxes(0, 1)'),
    (IGNORED, WINDOW, 'y:y + kh, x:x + kw'),
    (ALL_PLACES, '// sh', '// 1', '// sw', '// 1', WINDOW,
     'y:y + kh, x:x + kw'),
    (ALL_PLACES, 'sh, sw = stride', 'sh, sw = 1, 1'),
    (SWAPPED, 'sh, sw = stride', 'sw, sh = stride'),
    (SWAPPED, WINDOW, 'y * sw:y * sw + kh, x * sh:x * sh + kw'),
    (NO_ZEROS, "padding == 'same'", 'False'),
    ("There are zeros around the image, but 'valid' does not pad.",
     "padding == 'same'", 'True'),
    (TOO_MANY, *padded('zeros // 2 + 1')),
    (TOO_MANY_EVEN, *padded('zeros // 2 + (kh % 2 == 0)')),
    (SHRINKS, ROWS, 'kh - 1', COLUMNS, 'kw - 1'),
    (NOT_DROPPED, '(h_prev + top + bottom - kh) // sh',
     '-((kh - h_prev - top - bottom) // sh)',
     '(w_prev + left + right - kw) // sw',
     '-((kw - w_prev - left - right) // sw)'),
    (LAST, '// sh + 1', '// sh', '// sw + 1', '// sw'),
    ('Only the first channel is used; a sum goes over all of them.',
     'window * W[..., k]', 'window[..., :1] * W[:, :, :1, k]'),
    ('Every output channel is the first one: kernel k belongs to channel k.',
     'W[..., k]', 'W[..., 0]'),
    ('Every example gets the result of the first one.', 'A_pad[i', 'A_pad[0')],
    '1-pool_forward.py': [
    (OTHER, "== 'max'", "!= 'max'"),
    ('The sum of the window is not divided by kh * kw.', 'np.mean', 'np.sum'),
    ('A maximum below zero becomes 0: compare the window\'s pixels alone.',
     'np.max(window, axis=(1, 2))', 'np.maximum(0, np.max(window, (1, 2)))'),
    (TURNED, 'kh, kw = kernel', 'kw, kh = kernel'),
    (IGNORED, WINDOW, 'y:y + kh, x:x + kw'),
    (ALL_PLACES, 'sh, sw = stride', 'sh, sw = 1, 1'),
    (OF_KERNEL, 'sh, sw = stride', 'sh, sw = kernel_shape'),
    (SWAPPED, 'sh, sw = stride', 'sw, sh = stride'),
    (SWAPPED, WINDOW, 'y * sw:y * sw + kh, x * sh:x * sh + kw'),
    (NOT_DROPPED, '(h_prev - kh) // sh', '-((kh - h_prev) // sh)',
     '(w_prev - kw) // sw', '-((kw - w_prev) // sw)'),
    (LAST, '// sh + 1', '// sh', '// sw + 1', '// sw'),
    ('Every channel is one of all channels: each has its own.',
     'axis=(1, 2))', 'axis=(1, 2, 3))[:, None]')],
    '2-conv_backward.py': [
    ('The zeros are not cut off: dA_prev has the shape of A_prev.', CROP,
     'dA_pad'),
    (CUT, CROP, CUT_OFF),
    (CUT, CROP, 'np.zeros(A_prev.shape)\n    dA_prev += ' + CUT_OFF),
    (CUT, CROP, 'np.zeros(A_prev.shape)\n    dA_prev += ' + CUT_OFF +
     ' if padding == "same" else dA_pad'),
    ('The zeros are cut off on one side only: dA_prev begins at (ph, pw).',
     CROP, 'dA_pad[:, :h_prev, :w_prev]'),
    (TOO_MANY, *padded('zeros // 2 + 1')),
    (TOO_MANY_EVEN, *padded('zeros // 2 + (kh % 2 == 0)')),
    ('The zeros must grow with the stride: ' + ROWS + '.', ROWS, 'kh - 1',
     COLUMNS, 'kw - 1'),
    (NO_ZEROS, "padding == 'same'", 'False'),
    (IGNORED, *windows('y', 'x')),
    (IGNORED, 'sh, sw = stride', 'sh, sw = 1, 1'),
    (SWAPPED, *windows('y * sw', 'x * sh')),
    (SWAPPED, 'sh, sw = stride', 'sw, sh = stride'),
    (FLIPPED, 'W[..., k] * dZ', 'W[::-1, ::-1, :, k] * dZ',
     'columns] * dZ', 'columns][::-1, ::-1] * dZ'),
    (ASSIGNED, 'columns] +=', 'columns] =', 'dW[..., k] +=', 'dW[..., k] ='),
    (ASSIGNED, '+= W[..., k] * dZ[i, y, x, k]',
     '= np.sum(W * dZ[i, y, x], axis=3)'),
    (ASSIGNED, '+= A_pad[i, rows, columns] * dZ[i, y, x, k]',
     '= sum(A_pad[n, rows, columns] * dZ[n, y, x, k] for n in range(m))'),
    ('The gradient is divided by m: the task asks for the sum.', RESULT,
     'return dA_prev / m, dW / m, db / m'),
    (ORDER, RESULT, 'return dW, dA_prev, db'),
    (ORDER, RESULT, 'return dA_prev, db, dW'),
    (ORDER, RESULT, 'return db, dW, dA_prev'),
    (SHAPE, KEPT, 'axis=(0, 1, 2)'),
    (SHAPE, ', keepdims=True)', ')[None]'),
    ('db is not summed over the examples, the first axis of dZ.', KEPT,
     'axis=(1, 2), keepdims=True'),
    ('db is one sum of all of dZ; each channel has its own.',
     f'np.sum(dZ, {KEPT})', 'np.full(b.shape, np.sum(dZ))')],
    '3-pool_backward.py': [
    ('Only one' + TIES, 'mask * dA',
     '(np.arange(mask.size) == mask.argmax()).reshape(mask.shape) * dA'),
    ('Only one' + TIES, 'mask * dA', '(np.arange(mask.size)[::-1] == '
     'mask[::-1, ::-1].argmax()).reshape(mask.shape) * dA'),
    ('The gradient is shared' + TIES.replace(' of', ' among'), 'mask *',
     'mask / mask.sum() *'),
    (ASSIGNED, '+=', '='),
    (ASSIGNED, ' += mask * dA', '[mask] = dA'),
    ('Each pixel of an average gets dA / (kh * kw), here it gets dA.',
     ' / (kh * kw)', ''),
    (OTHER, "== 'max'", "!= 'max'"),
    (IGNORED, *windows('y', 'x')),
    (OF_KERNEL, 'sh, sw = stride', 'sh, sw = kernel_shape'),
    (SWAPPED, 'sh, sw = stride', 'sw, sh = stride'),
    (TURNED, 'kh, kw = kernel', 'kw, kh = kernel')]}


@functools.lru_cache(None)
def spoilt(file, changes=()):
    """Return the function of an answer with changes: (old, new, old, new)."""
    with open(os.path.join(ANSWERS, file)) as answer:
        text, names = answer.read(), {}
    for old, new in zip(changes[::2], changes[1::2]):
        assert old in text, old
        text = text.replace(old, new)
    exec(text, names)
    return names[file[2:-len('.py')]]


@functools.lru_cache(None)
def outcome(file, call, changes):
    """Return what a spoilt answer returns, or the exception that it raises.
    """
    try:
        found = cases.evaluate(call, spoilt(file, changes))
    except Exception as error:
        return type(error).__name__
    return found if isinstance(found, tuple) else (found,)


@functools.lru_cache(None)
def small(call):
    """Say whether a call is on few numbers, so that it takes no time."""
    return cases.evaluate(call, lambda *arguments, **named: sum(map(
        np.size, arguments))) <= LARGE
