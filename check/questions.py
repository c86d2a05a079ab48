#!/usr/bin/env python3
"""The questions for a file of an answer, and the verdict on it.

The idea: each result is compared with the right one, and what is wrong is
kept. In the end, wrong results with the same cause make one group.
"""
import collections
import os
import re

import numpy as np

import cases
import lenet
import mistakes
import rules
from answer import Failure, NotJudged, shown

PARTS = 'dA_prev', 'dW', 'db'
TENSORFLOW_1 = ('written for TensorFlow 1, which had tf.{}; since the course '
                'has used TensorFlow 2, it asks for tensorflow.compat.v1.')
NO_LAYERS = ('tf.layers is gone since TensorFlow 2.16; the course has 2.6. '
             'Judge this file with PYTHON=python3.8.')

# what is wrong: in which case; the call; which part of the result; this part,
# and the right one; a sentence; the kind of an exception
Fault = collections.namedtuple(
    'Fault', 'title call part found right text kind',
    defaults=('', '', None, None, '', ''))
Group = collections.namedtuple('Group', 'advice faults')


def questions(file):
    """Return what is asked about a file."""
    return lenet.QUESTIONS if file[0] in '45' else cases.cases(file)


class Verdict:
    """What is said of a file: a word, and the reasons for it."""

    def __init__(self, file):
        """Begin with nothing wrong."""
        self.file, self.word, self.why = file, 'right', ''
        self.titles = [case.name for case in questions(file) if not case.note]
        self.rules, self.notes = {}, []     # notes: (note, name of the case)
        self.faults, self.passed = [], []   # passed: questions

    def fail(self, why):
        """Count every question that has not been asked as failed."""
        asked = [fault.title for fault in self.faults] + [
            question.name for question in self.passed]
        self.faults += [Fault(title, text=why, kind='untried')
                        for title in self.titles if title not in asked]

    def score(self):
        """Return how many results are right, of how many."""
        return f'{len(self.titles) - len(self.wrong())}/{len(self.titles)}'

    def wrong(self):
        """Return {title of a question: what is wrong}."""
        found = {}
        for fault in self.faults:
            found.setdefault(fault.title, []).append(fault.text)
        return {title: '\n'.join(texts) for title, texts in found.items()}


def equal(one, other):
    """Say whether two results agree, in shape and up to rounding."""
    if not isinstance(one, np.ndarray) or one.dtype.kind not in 'buif' or (
            one.shape != np.shape(other)):
        return False
    return not different(one, other).any()


def different(one, other):
    """Return where two arrays differ by more than rounding."""
    size = np.abs(other).max() if other.size else 1
    return ~np.isclose(one, other, rtol=1e-5, atol=1e-6 * size)


def difference(name, result, right):
    """Return a sentence on where a result first differs, or ''."""
    if result is None:
        return f'{name} is None, as if the `return` were missing.'
    if not isinstance(result, np.ndarray):
        found = shown(result) if isinstance(result, str) else (
            f'{type(result).__name__} {repr(result):.80}')
        return f'{name} is {found}, expected an array.'
    if result.dtype.kind not in 'buif':
        return f'{name} holds {result.dtype}, expected real numbers.'
    if result.shape != right.shape:
        return f'{name} has the shape {result.shape}, expected {right.shape}.'
    if equal(result, right):
        return ''
    if not result.any():
        return f'{name} holds nothing but zeros.'
    wrong = np.argwhere(different(result, right))
    first = tuple(wrong[0].tolist())
    return (f'{name}{list(first)} is {result[first]:.8g}, expected '
            f'{right[first]:.8g} ({len(wrong)} of {right.size} numbers '
            'differ).')


def judge_call(file, case, reply):
    """Yield the faults of a result."""
    result, right = reply['value'], cases.right(case.call)
    if len(right) == 1:
        parts = [('result', result, right[0])]
    elif isinstance(result, list) and len(result) == len(right):
        parts = zip(PARTS, result, right)
    else:
        found = None if result is None else f'{len(result)} values' if (
            isinstance(result, list)) else type(result).__name__
        yield Fault(case.name, case.call, text=f'The result is {found}, '
                    'expected dA_prev, dW, db.')
        return
    for name, found, expected in parts:
        text = difference(name, found, expected)
        if text:
            yield Fault(case.name, case.call, name, found, expected, text)
    for place in reply['modified'][:1]:
        arguments = re.findall(r'(\w+)[,=)]', rules.TASKS[file][0])
        name = arguments[place] if isinstance(place, int) else place
        yield Fault(case.name, case.call, text='The function modifies its '
                    f'argument {name}: work on a copy, as in {name}.copy().',
                    kind='modified')


def reply_to(answer, kind, text=''):
    """Return a reply; raise NotJudged if the file needs another TensorFlow."""
    try:
        return answer.ask(kind, text)
    except Failure as failure:
        missing = re.search("has no attribute '(contrib|layers|placeholder)'",
                            failure.text)
        if answer.file[0] == '4' and ('Keras 3' in failure.text or missing and
                                      missing.group(1) == 'layers'):
            raise NotJudged(NO_LAYERS) from failure
        if answer.file[0] in '45' and missing:
            raise NotJudged(TENSORFLOW_1.format(missing.group(1))) from failure
        raise


def ask(answer, question):
    """Return the faults that a question finds."""
    file, call, network = answer.file, question.call, answer.file[0] in '45'
    try:
        if not network:
            return list(judge_call(file, question, reply_to(answer, 'call',
                                                            call)))
        found = question.judge(reply_to(answer, 'probe', call), file)
        return [Fault(question.name, text='\n'.join(found))] if found else []
    except NotJudged:
        raise
    except Failure as failure:
        return [Fault(question.name, '' if network else call,
                      text=failure.text, kind=failure.kind)]
    except Exception:       # a reply that no such question can have
        return [Fault(question.name, text='What is returned cannot be judged.',
                      kind='ended')]


def judged(answer):
    """Ask one file everything, and return the verdict."""
    verdict = Verdict(answer.file)
    path = os.path.join(answer.folder, answer.file)
    if not os.path.isfile(path):
        verdict.word = 'missing'
        verdict.fail('The file is missing.')
        return verdict
    verdict.rules = rules.broken(path)
    try:
        reply_to(answer, 'import')
        for question in questions(answer.file):
            faults = ask(answer, question)
            if not faults:
                verdict.passed.append(question)
            elif question.note:
                verdict.notes.append((question.note, question.name))
            else:
                verdict.faults += faults
    except NotJudged as reason:
        verdict.why = str(reason)
        if verdict.faults:
            verdict.fail('Not tried: ' + verdict.why)
    except Failure as failure:
        verdict.fail('The file cannot be imported: ' + failure.text)
    finally:
        answer.stop()
    verdict.word = ('wrong' if verdict.faults else 'not judged' if verdict.why
                    else 'right')
    return verdict


def explains(changes, fault):
    """Say whether an answer with these changes has the same fault."""
    known = mistakes.outcome(fault.call, changes)
    if fault.kind or isinstance(known, str):
        return known == fault.kind
    if not isinstance(fault.found, np.ndarray):
        return False
    known = known[PARTS.index(fault.part) if fault.part in PARTS else 0]
    # nothing but zeros may have any cause
    return (not fault.found.size or fault.found.any()) and equal(
        fault.found, known) and not equal(known, fault.right)


def spoils(changes, call):
    """Say whether an answer with these changes does a call wrong."""
    known = mistakes.outcome(call, changes)
    return isinstance(known, str) or not all(
        map(equal, known, cases.right(call)))


def groups(verdict):
    """Return the faults of a file in groups of one cause, large ones first.

    The mistake that explains most of them comes first; then what it leaves.
    """
    file, faults, found = verdict.file, verdict.faults, {}
    left = {n for n, fault in enumerate(faults) if fault.call}
    # the driver's call is slow: only mistakes of other calls are tried on it
    large = {n for n in left if '\n' in faults[n].call}
    passed = [question.call for question in verdict.passed
              if left and '\n' not in question.call]
    # of mistakes that explain as many, one that spoils no right call is first
    rows = sorted((any(spoils(row[1:], call) for call in passed), n, row)
                  for n, row in enumerate(mistakes.rows(file)))

    def explained(row, ones):
        """Return which of the faults a mistake explains.

        Exceptions of one kind have many causes: there, no right call may be
        spoilt.
        """
        return {n for n in ones if not (row[0] and faults[n].kind) and
                explains(row[2][1:], faults[n])}

    while left - large:
        row = max(rows, key=lambda row: len(explained(row, left - large)))
        if not explained(row, left - large):
            break
        ones = explained(row, left)
        found.setdefault(row[2][0], set()).update(ones)
        left -= ones
    for n, fault in enumerate(faults):
        if n in left or not fault.call:
            # exceptions of one kind, raised on one line, or the same sentence
            alike = (fault.kind, re.findall(r'[^(]*, line \d+\)$', fault.text)
                     ) if fault.kind else (fault.part, 'shape' in fault.text
                                           ) if fault.call else fault.text
            found.setdefault(('', str(alike)), set()).add(n)
    made = [Group(name if isinstance(name, str) else '', [
        faults[n] for n in sorted(ones)]) for name, ones in found.items()]
    return sorted(made, key=lambda group: -len({
        fault.title for fault in group.faults}))
