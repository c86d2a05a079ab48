#!/usr/bin/env python3
"""Known mistakes, made on purpose, to recognise them in an answer.

The idea: lesson/loops.py answers each task in nested loops; below is a table
of changes that spoil it. If a wrong result equals that of a spoilt answer to
the same call, or if both raise the same kind of exception, the answer very
likely has the mistake.
"""
import functools
import types

import loops
from worker import called

WINDOW = 'y * sh:y * sh + kh, x * sw:x * sw + kw'
NO_STEPS = WINDOW, 'y:y + kh, x:x + kw'
STRIDE = 'sh, sw = stride'
ZEROS = '(h_prev - 1) * sh + kh - h_prev'
HALVES = 'zeros - zeros // 2, zeros // 2'
CROP = 'dA_pad[:, top:top + h_prev, left:left + w_prev]'
CUT_OFF = 'dA_pad[:, top:-top, left:-left]'
RESULT = 'return dA_prev, dW, db'
ALL_PLACES = 'The stride is ignored: there are windows at every position.'
NO_STRIDE = 'The stride is ignored: window (y, x) begins at (y * sh, x * sw).'
SWAPPED = 'The strides are swapped: sh is how far to go down, sw across.'
CUT = ('The zeros are cut off with [ph:-ph], which is empty where ph is 0, as '
       "with 'valid', or a kernel of one row. Write [ph:ph + h_prev].")
ASSIGNED = ('There is `=` where `+=` belongs: a gradient is the sum over all '
            'its windows.')
ORDER = ('The results are right but in another order; return dA_prev, dW, '
         'db.')
SHAPE = 'db lost its shape (1, 1, 1, c_new): sum with keepdims=True.'
TIES = (" of the pixels that tie for the maximum. In the course's published "
        'output, each of them gets all of it.')

# the tasks, the advice, then the old text and the new one, in turns
TABLE = [
    ('0', 'The bias is missing: add b before the activation.', 'Z + b', 'Z'),
    ('0', 'The bias is added after the activation; it belongs before it.',
     '(Z + b)', '(Z) + b'),
    ('0', 'The activation is missing: return activation(Z), not Z.',
     'activation(Z', '(Z'),
    ('0', 'Rows and columns of the kernel are exchanged.', '* W[..., k]',
     '* W[..., k].swapaxes(0, 1)'),
    ('0', 'Only the first channel is used; a sum goes over all of them.',
     'window * W[..., k]', 'window[..., :1] * W[:, :, :1, k]'),
    ('0', 'Every output channel is the first one: kernel k belongs to channel '
     'k.', '* W[..., k]', '* W[..., 0]'),
    ('0', 'Every example gets the result of the first one.', 'A_pad[i',
     'A_pad[0'),
    ('0', "There are zeros around the image, but 'valid' does not pad.",
     "padding == 'same'", 'True'),
    ('1', 'The sum of the window is not divided by kh * kw.', '.mean()',
     '.sum()'),
    ('1', "A maximum below zero becomes 0: compare the window's pixels alone.",
     'window[..., k].max()', 'max(0, window[..., k].max())'),
    ('1', 'The window is taken over all channels: each has a maximum or '
     'average of its own.',
     'window[..., k]', 'window'),
    ('2', 'The zeros are not cut off: dA_prev has the shape of A_prev.', CROP,
     'dA_pad'),
    ('2', CUT, CROP, CUT_OFF),
    ('2', CUT, CROP, 'np.zeros(A_prev.shape)\n    dA_prev += ' + CUT_OFF),
    ('2', CUT, CROP, 'np.zeros(A_prev.shape)\n    dA_prev += ' + CUT_OFF +
     ' if padding == "same" else dA_pad'),
    ('2', 'The zeros are cut off on one side only: dA_prev begins at (ph, '
     'pw).', CROP, 'dA_pad[:, :h_prev, :w_prev]'),
    ('2', ASSIGNED, 'dA_pad[window] +=', 'dA_pad[window] =', 'dW[..., k] +=',
     'dW[..., k] ='),
    ('2', ASSIGNED, '+= W[..., k] * dZ[i, y, x, k]',
     '= np.sum(W * dZ[i, y, x], axis=3)'),
    ('2', ASSIGNED, '+= A_pad[window] * dZ[i, y, x, k]',
     '= sum(A_pad[(n,) + window[1:]] * dZ[n, y, x, k] for n in range(m))'),
    ('2', 'The gradient is divided by m: the task asks for the sum.', RESULT,
     'return dA_prev / m, dW / m, db / m'),
    ('2', ORDER, RESULT, 'return dW, dA_prev, db'),
    ('2', ORDER, RESULT, 'return dA_prev, db, dW'),
    ('2', ORDER, RESULT, 'return db, dW, dA_prev'),
    ('2', SHAPE, RESULT, RESULT + '[0, 0, 0]'),
    ('2', SHAPE, RESULT, RESULT + '[0, 0]'),
    ('2', 'db is not summed over the examples, the first axis of dZ.', RESULT,
     'return dA_prev, dW, dZ.sum(axis=(1, 2), keepdims=True)'),
    ('2', 'db is one sum of all of dZ; each channel has its own.', RESULT,
     'return dA_prev, dW, np.full(b.shape, dZ.sum())'),
    ('3', 'Only one' + TIES, 'np.where(mask,', 'np.where((np.arange(mask.size)'
     ' == mask.argmax()).reshape(mask.shape),'),
    ('3', 'Only one' + TIES, 'np.where(mask,', 'np.where((np.arange(mask.size)'
     '[::-1] == mask[::-1, ::-1].argmax()).reshape(mask.shape),'),
    ('3', 'The gradient is shared' + TIES.replace(' of', ' among', 1),
     'np.where(mask, gradient, 0)', 'mask / mask.sum() * gradient'),
    ('3', ASSIGNED, '+=', '='),
    ('3', ASSIGNED, '[..., k] += np.where(mask, gradient, 0)',
     '[..., k][mask] = gradient'),
    ('3', 'Each pixel of an average gets dA / (kh * kw), here it gets dA.',
     ' / (kh * kw)', ''),
    ('01', ALL_PLACES, '// s + 1', '+ 1', *NO_STEPS),
    ('01', ALL_PLACES, STRIDE, 'sh, sw = stride = 1, 1'),
    ('01', 'Windows that do not fit into the image are to be dropped.',
     '(n - k) // s', '-((k - n) // s)'),
    ('01', 'The last window is missing: there are (h - kh) // sh + 1.',
     '// s + 1', '// s'),
    ('02', 'The kernel is turned by 180 degrees: W[0, 0] belongs to the '
     "window's top left.", 'window * W[..., k]',
     'window * W[::-1, ::-1, :, k]', 'W[..., k] * dZ',
     'W[::-1, ::-1, :, k] * dZ', 'A_pad[window] * dZ',
     'A_pad[window][::-1, ::-1] * dZ'),
    ('02', "The zeros are missing: 'same' pads so that height and width stay.",
     "padding == 'same'", 'False'),
    ('02', "'same' keeps h_prev and w_prev at every stride, so a longer "
     'stride needs more zeros: ' + ZEROS + '.', ZEROS, 'kh - 1'),
    ('02', 'There is one zero too many on each side: half of the zeros, '
     'rounded up, not half of them plus 1.', HALVES, '[zeros // 2 + 1] * 2'),
    ('02', 'With an even kernel there is one zero too many on each side if '
     'the number of zeros is even: round half of them up.', HALVES,
     '[zeros // 2 + (kh % 2 == 0)] * 2'),
    ('13', 'This is the average where the maximum is asked for, or the '
     'reverse.', "== 'max'", "!= 'max'"),
    ('13', 'Height and width of the window are exchanged: kernel_shape is '
     '(kh, kw).', 'kh, kw = kernel', 'kw, kh = kernel'),
    ('13', 'The windows are as far apart as they are large: use the stride.',
     STRIDE, 'sh, sw = stride = kernel_shape'),
    ('2', NO_STRIDE, STRIDE, 'sh, sw = stride = 1, 1'),
    ('012', SWAPPED, WINDOW, 'y * sw:y * sw + kh, x * sh:x * sh + kw'),
    ('0123', SWAPPED, STRIDE, 'sh, sw = stride = stride[::-1]'),
    ('0123', NO_STRIDE, *NO_STEPS)]


def rows(file):
    """Return the rows of the table for a file, without the tasks."""
    return [row[1:] for row in TABLE if file[0] in row[0]]


@functools.lru_cache(None)
def spoilt(changes):
    """Return loops.py with changes: (old, new, old, new)."""
    with open(loops.__file__) as file:
        text, names = file.read(), {}
    for old, new in zip(changes[::2], changes[1::2]):
        assert old in text, old
        text = text.replace(old, new)
    exec(text, names)
    return types.SimpleNamespace(**names)


@functools.lru_cache(None)
def outcome(call, changes):
    """Return what a spoilt answer returns, or the exception that it raises.
    """
    try:
        found = called(spoilt(changes), call)['value']
    except Exception as error:
        return type(error).__name__
    return found if isinstance(found, tuple) else (found,)
