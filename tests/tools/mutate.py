#!/usr/bin/env python3
"""Break the four NumPy files, one small change at a time, and run the tests.

    tests/tools/mutate.py [FILE ...]

The idea: a test suite is as good as the mistakes that it finds. The operators,
numbers and statements of a task file are changed, one at a time, and the tests
that need no TensorFlow run on the changed file. Each change that no test
notices is printed, with its line. Either a test is missing, or the change
makes no difference to a caller. For example, it may only change how many
examples are processed at a time.
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

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(TESTS)
FILES = ['0-conv_forward.py', '1-pool_forward.py', '2-conv_backward.py',
         '3-pool_backward.py']
SUITE = ['test_layers.py', 'test_calls.py', 'test_edges.py']
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
    """Return the row, the column and the line of a position in a program."""
    row = source.count('\n', 0, begin) + 1
    column = begin - source.rfind('\n', 0, begin)
    return f'{row}:{column}: {source.splitlines()[row - 1].strip()}'


def mutants(source):
    """Yield (place, old text, new text, program) for each small change."""
    for begin, end, new in sorted(set(changes(source))):
        program = source[:begin] + new + source[end:]
        try:
            compile(program, 'mutant', 'exec')
        except SyntaxError:
            continue
        yield place(source, begin), source[begin:end], new, program


def survives(name, program):
    """Run the tests on a changed file; say whether all of them pass.

    If they take more than 5 minutes, the change counts as noticed.
    """
    with tempfile.TemporaryDirectory() as folder:
        for room in 'tests', 'lesson':
            shutil.copytree(os.path.join(ROOT, room),
                            os.path.join(folder, room))
        for other in FILES:
            shutil.copy(os.path.join(ROOT, other), folder)
        with open(os.path.join(folder, name), 'w') as file:
            file.write(program)
        try:
            result = subprocess.run(
                [sys.executable, '-m', 'pytest', '-x', '-q', '-p',
                 'no:cacheprovider', '--assert=plain', '--hypothesis-seed=0',
                 '-k', 'not tensorflow'] + ['tests/' + test for test in SUITE],
                cwd=folder, stdout=subprocess.DEVNULL, timeout=300,
                stderr=subprocess.DEVNULL, env=dict(
                    os.environ, OPENBLAS_NUM_THREADS='1', PROPERTIES='brief'))
        except subprocess.TimeoutExpired:
            return False
    return result.returncode == 0


def main():
    """Try every mutant; print those that survive, and how many there were."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('files', nargs='*', default=FILES)
    for name in parser.parse_args().files:
        with open(os.path.join(ROOT, name)) as file:
            source = file.read()
        if not survives(name, source):
            sys.exit(f'{name}: the tests fail as it is')
        found, survivors = list(mutants(source)), 0
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for (where, old, new, _), alive in zip(found, pool.map(
                    lambda mutant: survives(name, mutant[3]), found)):
                survivors += alive
                if alive:
                    print(f"{name}:{where}: {' '.join(old.split())} -> "
                          f"{new or 'nothing'}", flush=True)
        print(f'{name}: {len(found)} changes, {survivors} survived',
              flush=True)


if __name__ == '__main__':
    main()
