#!/usr/bin/env python3
"""Break the four NumPy files, one small change at a time, and run the tests.

    tests/tools/mutate.py [--check] [FILE ...]

The idea: a test suite is as good as the mistakes that it finds. The operators,
numbers and statements of a task file are changed, one at a time, and the tests
that need no TensorFlow run on the changed file. Each change that no test
notices is printed, with its function and line. Either a test is missing, or
the change makes no difference to a caller. For example, it may only change how
many examples are processed at a time.

With --check, the checker, check/check.py, judges the changed files instead.
Changes to the refusal of arguments are left out, because the checker does not
judge that. A change is `noticed` if a case fails, and `noted` if the report
has a note that the unchanged file does not get. It is printed if the tests
notice it but the checker does neither.
"""
import argparse
import ast
import concurrent.futures
import io
import os
import shutil
import subprocess
import sys
import tempfile
import token
import tokenize

import pytest

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(TESTS)
sys.path.append(os.path.join(ROOT, 'check'))
import cases  # noqa: E402
import questions  # noqa: E402
from answer import Answer  # noqa: E402

FILES = ['0-conv_forward.py', '1-pool_forward.py', '2-conv_backward.py',
         '3-pool_backward.py']
SUITE = ['test_refusals.py', 'test_edges.py', 'test_properties.py']
# helpers that only check arguments
REFUSING = ['_shape', '_pair', '_gradient_size']
SWAPS = {'+': '-', '-': '+', '*': '+', '//': '*', '**': '*', '%': '+',
         '<': '<=', '<=': '<', '>': '>=', '>=': '>', '==': '!=', '!=': '==',
         '+=': '-=', '*=': '+=', '/=': '*=', '|': '&', '&': '|', '~': '',
         'and': 'or', 'or': 'and', 'not': '', 'in': 'not in', 'True': 'False',
         'False': 'True', 'any': 'all', 'all': 'any', 'min': 'max',
         'max': 'min', 'maximum': 'minimum', 'add': 'subtract'}


def offset(lines, row, column):
    """Return where a row (from 1) and a column lie in the whole text."""
    return sum(map(len, lines[:row - 1])) + column


def changes(source):
    """Yield (begin, end, new text) for each small change to a program."""
    lines = source.splitlines(True)
    for kind, text, begin, end, _ in tokenize.generate_tokens(
            io.StringIO(source).readline):
        new = SWAPS.get(text)
        if kind == token.NUMBER:
            value = ast.literal_eval(text)
            new = str(value * 10 if isinstance(value, float) else value + 1)
        if new is not None and kind in (token.NUMBER, token.OP, token.NAME):
            yield offset(lines, *begin), offset(lines, *end), new
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, (ast.FunctionDef, ast.For, ast.While, ast.If,
                                 ast.With, ast.Try)):
            continue
        for statement in node.body + getattr(node, 'orelse', []):
            if not (isinstance(statement, ast.Expr) and
                    isinstance(statement.value, ast.Constant)):
                yield (offset(lines, statement.lineno, statement.col_offset),
                       offset(lines, statement.end_lineno,
                              statement.end_col_offset), 'pass')


def place(source, begin):
    """Return the row, column, function and line of a position in a program."""
    row = source.count('\n', 0, begin) + 1
    column = begin - source.rfind('\n', 0, begin)
    around = [node for node in ast.walk(ast.parse(source))
              if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and
              node.lineno <= row <= node.end_lineno]
    return '{}:{}: {}: {}'.format(
        row, column, '.'.join(node.name for node in around),
        source.split('\n')[row - 1].strip())


def refusals(source):
    """Return where a program refuses arguments, as (begin, end) positions."""
    lines, found = source.splitlines(True), []
    for node in ast.walk(ast.parse(source)):
        if (isinstance(node, ast.Raise) or
                isinstance(node, ast.If) and isinstance(node.body[0],
                                                        ast.Raise) or
                isinstance(node, ast.FunctionDef) and node.name in REFUSING or
                isinstance(node, ast.Call) and
                getattr(node.func, 'id', '') in REFUSING):
            found.append((offset(lines, node.lineno, node.col_offset),
                          offset(lines, node.end_lineno,
                                 node.end_col_offset)))
    return found


def mutants(name, with_refusals=True):
    """Yield (place, old text, new text, program) for each change to a file."""
    with open(os.path.join(ROOT, name)) as file:
        source = file.read()
    left_out = [] if with_refusals else refusals(source)
    for begin, end, new in sorted(set(changes(source))):
        if any(first <= begin < last for first, last in left_out):
            continue
        program = source[:begin] + new + source[end:]
        try:
            compile(program, name, 'exec')
        except SyntaxError:
            continue
        yield place(source, begin), source[begin:end], new, program


def survives(name, program):
    """Run the tests on a changed file; say whether all of them pass.

    If they take more than three minutes, the change counts as noticed.
    """
    with tempfile.TemporaryDirectory() as folder:
        for room in 'tests', 'lesson':
            os.mkdir(os.path.join(folder, room))
        for other in FILES:
            shutil.copy(os.path.join(ROOT, other), folder)
        for other in SUITE + ['conftest.py', '../lesson/loops.py']:
            shutil.copy(os.path.join(TESTS, other),
                        os.path.join(folder, 'tests', other))
        with open(os.path.join(folder, name), 'w') as file:
            file.write(program)
        try:
            result = subprocess.run(
                [sys.executable, '-m', 'pytest', '-x', '-q', '-p',
                 'no:cacheprovider', '--hypothesis-seed=0'] +
                [os.path.join('tests', test) for test in SUITE], cwd=folder,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                timeout=180, env=dict(
                    os.environ, OPENBLAS_NUM_THREADS='1', PROPERTIES='brief'))
        except subprocess.TimeoutExpired:
            return False
    return result.returncode == 0


def checked(name, program):
    """Return what the checker's cases say of a changed file.

    It is `noticed`, `noted` or `missed`.
    """
    notes = []
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, name), 'w') as file:
            file.write(program)
        answer = Answer(os.path.realpath(folder), name, 10, 2 ** 31)
        try:
            for case in cases.cases(name):
                questions.test_case(answer, case,
                                    lambda *note: notes.append(note))
        except (pytest.fail.Exception, pytest.skip.Exception):
            return 'noticed'
        finally:
            answer.stop()
    return 'noted' if notes else 'missed'


def by_tests(name, program):
    """Return the tests' verdict on a change."""
    return 'survived' if survives(name, program) else 'noticed'


def by_checker(name, program):
    """Return the checker's verdict on a change.

    A change that only the tests notice is `missed`; one that they do not
    notice has `survived`, unless a case fails.
    """
    found = checked(name, program)
    if found != 'noticed' and survives(name, program):
        return 'survived'
    return found


def main():
    """Try every mutant; print those that matter, and how many there were."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('files', nargs='*', default=FILES)
    parser.add_argument('--check', action='store_true',
                        help='ask the checker; of what it misses, the tests')
    args = parser.parse_args()
    os.environ['OPENBLAS_NUM_THREADS'] = '1'
    verdict = by_checker if args.check else by_tests
    printed = 'missed' if args.check else 'survived'
    for name in args.files:
        with open(os.path.join(ROOT, name)) as file:
            if verdict(name, file.read()) != 'survived':
                sys.exit('{}: the tests fail as it is'.format(name))
        found, count = list(mutants(name, not args.check)), {}
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for (where, old, new, _), now in zip(found, pool.map(
                    lambda mutant: verdict(name, mutant[3]), found)):
                count[now] = count.get(now, 0) + 1
                if now == printed:
                    print('{}:{}: {} -> {}'.format(
                        name, where, ' '.join(old.split()), new or 'nothing'),
                        flush=True)
        print('{}: {} changes, {}'.format(name, len(found), ', '.join(
            '{} {}'.format(*pair[::-1]) for pair in sorted(count.items()))),
            flush=True)


if __name__ == '__main__':
    main()
