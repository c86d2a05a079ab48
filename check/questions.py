#!/usr/bin/env python3
"""The questions for an answer. Run by check.py, which selects the answers."""
import os
import re

import numpy as np
import pytest

import cases
import mistakes
import rules
from answer import Failure, NotTried

NO_LAYERS = ('tf.layers is gone since TensorFlow 2.16; the course has 2.6. '
             'Judge this file with PYTHON=python3.8.')


def fail(*lines):
    """Fail, with a message for the author of the answer."""
    pytest.fail('\n'.join(line for line in lines if line), pytrace=False)


def asked(answer, kind, text='', meanwhile=None):
    """Return the answer's reply, or fail with what it did instead."""
    try:
        return answer.ask(kind, text, meanwhile)
    except NotTried as error:
        pytest.skip(str(error))
    except Failure as error:
        said = str(error)
        if 'Keras 3' in said or "no attribute 'layers'" in said:
            pytest.skip(NO_LAYERS)
        fail(said, 'Try it: ' + pasted(answer.file, text)
             if kind == 'call' else '')


def pasted(file, call):
    """Return a call as a line that can be pasted into Python.

    >>> pasted('0-conv_forward.py', 'W = 1\\nconv_forward(W)')
    "import numpy as np; W = 1; print(__import__('0-conv_forward').conv_f...
    """
    *before, call = call.split('\n')
    return '; '.join(['import numpy as np'] + before + [
        "print(__import__('{}').{})".format(file[:-3], call)])


def equal(one, other):
    """Say whether two results agree, in shape and up to rounding."""
    return (isinstance(one, np.ndarray) and one.dtype.kind in 'buif' and
            one.shape == np.shape(other) and not mismatches(one, other).any())


def mismatches(one, other):
    """Return where two arrays differ by more than rounding.

    >>> mismatches(np.array([1, 2, np.nan]), np.array([1, 3, np.nan]))
    array([False,  True, False])
    """
    finite = np.abs(other[np.isfinite(other)]).astype(float)
    size = finite.max() if finite.size else 1
    rtol = 1e-3 if one.dtype == np.float16 else 1e-5
    return ~np.isclose(one, other, rtol=rtol, atol=rtol / 10 * size,
                       equal_nan=True)


def difference(name, result, right):
    """Return a sentence on where a result first differs, or ''."""
    if not isinstance(result, np.ndarray):
        return '{} is {}, expected an array.'.format(
            name, result if isinstance(result, str) else
            '{} {:.80}'.format(type(result).__name__, repr(result)))
    if result.dtype.kind not in 'buif':
        return '{} holds {}, expected real numbers.'.format(name, result.dtype)
    if result.shape != right.shape:
        return '{} has the shape {}, expected {}.'.format(
            name, result.shape, right.shape)
    if equal(result, right):
        return ''
    wrong = np.argwhere(mismatches(result, right))
    first = tuple(wrong[0].tolist())
    return '{}{} is {:.8g}, expected {:.8g} ({} of {} numbers differ).'.format(
        name, list(first), result[first], right[first], len(wrong),
        right.size)


def named(result, right):
    """Return (name, result, right) for each array that a function returns."""
    if not isinstance(right, tuple):
        return [('result', result, right)]
    if not isinstance(result, (tuple, list)) or len(result) != len(right):
        fail('The result is {}, expected three arrays.'.format(
            '{} values'.format(len(result))
            if isinstance(result, (tuple, list)) else type(result).__name__))
    return list(zip(('dA_prev', 'dW', 'db'), result, right))


def agrees(answer, call, dtype=None):
    """Return whether an answer gives the right result, whatever it does.

    With a dtype, the result must have it.
    """
    try:
        result = asked(answer, 'call', call)['value']
        pairs = named(result, cases.right(answer.file, call))
    except pytest.fail.Exception:
        return False
    return not any(difference(name, result, right) or
                   dtype not in (None, result.dtype.name)
                   for name, result, right in pairs)


def source(question):
    """Return a sentence on where a case's right value comes from."""
    text = 'The right value comes from the definition (lesson/loops.py)'
    if question.also:
        text += '; {} agree{}'.format(
            ' and '.join(question.also),
            '' if question.also[-1] == cases.DIFFERENCES else 's')
    return text + '.'


def modified(file, where):
    """Return a sentence on which argument a function has modified."""
    arguments = re.findall(r'(\w+)[,=)]', rules.TASKS[file][0])
    name = arguments[where] if isinstance(where, int) else where
    return ('The function modifies its argument {0}: work on a copy, as in '
            '{0}.copy().'.format(name))


def test_rule(answer, question):
    """The file follows a rule of the course."""
    found = rules.complaint(question, os.path.join(answer.folder,
                                                   answer.file))
    if found:
        fail(found)


def test_import(answer, question):
    """The file can be imported."""
    asked(answer, 'import')


def test_case(answer, question, record_property):
    """The result of a call is right, and its arguments are unchanged."""
    file, call, note = answer.file, question.call, question.note
    if note in cases.OPEN:
        if not agrees(answer, call, 'float16' if note == cases.HALF else None):
            record_property('note', note)
        return
    reply = asked(answer, 'memory' if question.most else 'call', call,
                  lambda: cases.right(file, call))
    result, right = reply['value'], cases.right(file, call)
    pairs = named(result, right)
    wrong = [text for text in (difference(*pair) for pair in pairs) if text]
    if wrong and note == cases.ODD:
        record_property('note', note)
    elif wrong:
        looks = mistakes.diagnosis(file, call, result, right, equal,
                                   answer.mistakes)
        fail('\n'.join(wrong), looks and 'Looks like this: ' + looks,
             'Try it: ' + pasted(file, call), source(question))
    if reply['modified']:
        fail(modified(file, reply['modified'][0]),
             'Try it: ' + pasted(file, call))
    dtypes = {str(part.dtype) for _, part, _ in pairs} - {'float32'}
    if note == cases.DTYPE and dtypes:
        record_property('note', note.format(' and '.join(sorted(dtypes))))
    if note == cases.ROUNDED and any(
            (np.abs(part - wanted) > 1e-9 * np.abs(wanted).max()).any()
            for _, part, wanted in pairs):
        record_property('note', note)
    if question.most and reply['beyond'] > question.most * 2 ** 20:
        record_property('note', note.format(
            round(reply['beyond'] / 2 ** 20), question.most))


def test_network(answer, question, record_property):
    """The network's reply to a question is right."""
    kind = 'graph' if answer.file[0] == '4' else 'keras'
    reply = asked(answer, 'probe', '{}_{}'.format(kind, question.name))
    found = question.judge(reply, kind)
    if found:
        fail(*found if isinstance(found, list) else [found])
