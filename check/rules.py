#!/usr/bin/env python3
"""The course's rules for files. No code of an answer runs here.

The idea: a rule is a function that gets a file's path, text and syntax tree,
and returns what is wrong with the file, or None.
"""
import ast
import os
import tokenize

import pycodestyle

NUMPY = ['import numpy as np']
# the signature of each file's function, and what it may import
TASKS = {
    '0-conv_forward.py': (
        'conv_forward(A_prev, W, b, activation, padding="same", '
        'stride=(1, 1))', NUMPY),
    '1-pool_forward.py': (
        "pool_forward(A_prev, kernel_shape, stride=(1, 1), mode='max')",
        NUMPY),
    '2-conv_backward.py': (
        'conv_backward(dZ, A_prev, W, b, padding="same", stride=(1, 1))',
        NUMPY),
    '3-pool_backward.py': (
        "pool_backward(dA, A_prev, kernel_shape, stride=(1, 1), mode='max')",
        NUMPY),
    '4-lenet5.py': ('lenet5(x, y)', ['import tensorflow.compat.v1 as tf']),
    # the task's text has had one line, then the other
    '5-lenet5.py': ('lenet5(X)', ['import tensorflow.keras as K',
                                  'from tensorflow import keras as K']),
}
# what pycodestyle is silent on, and what it says only since the course's 2.6
IGNORED = pycodestyle.DEFAULT_IGNORE.split(',')
if not pycodestyle.__version__.startswith('2.6'):
    IGNORED += ['E204', 'E275', 'E721', 'E741', 'W606']


def first_line(path, text, tree):
    """Judge the first line."""
    line = text.split('\n')[0]
    if line.endswith('\r'):
        return ("the lines end as on Windows, so Linux looks for a program "
                "named 'python3\\r'. Save the file with Unix line ends.")
    if line != '#!/usr/bin/env python3':
        return (f'the first line is {line!r:.80}; it must be '
                "'#!/usr/bin/env python3'.")


def executable(path, text, tree):
    """Judge the permission to execute the file."""
    if not os.access(path, os.X_OK):
        return 'the file is not executable.'


def documentation(path, text, tree):
    """Judge whether module, classes and functions have documentation."""
    missing = [
        getattr(node, 'name', 'the module') for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and
        not (ast.get_docstring(node) or '').strip()]
    if missing:
        return f"there is no docstring for {', '.join(missing)}."


def imports(path, text, tree):
    """Judge whether only what the task allows is imported."""
    allowed = TASKS[os.path.basename(path)][1]
    fits = [ast.dump(ast.parse(line).body[0]) for line in allowed]
    for node in ast.walk(tree):
        if (isinstance(node, (ast.Import, ast.ImportFrom)) or
                isinstance(node, ast.Name) and
                node.id == '__import__') and ast.dump(node) not in fits:
            return 'line {} says {!r:.80}; the task allows {!r}.'.format(
                node.lineno, text.split('\n')[node.lineno - 1].strip(),
                allowed[0])


def signature(path, text, tree):
    """Judge the function's name and arguments; type hints are allowed."""
    wanted = f'def {TASKS[os.path.basename(path)][0]}:'
    expected = ast.parse(wanted + ' pass').body[0]
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef)
             and node.name == expected.name]
    if not found:
        return f'there is no function {expected.name}.'
    for node in ast.walk(found[-1].args):
        if isinstance(node, ast.arg):
            node.annotation = None
    if ast.dump(found[-1].args) != ast.dump(expected.args):
        line = found[-1].lineno
        return 'line {} says {!r:.120}; the task says {!r}.'.format(
            line, text.split('\n')[line - 1].strip(), wanted)


def style(path, text, tree):
    """Judge the style, as pycodestyle does."""
    found = []

    class Report(pycodestyle.BaseReport):
        """Keep what pycodestyle says of a file."""

        def error(self, line_number, offset, text, check):
            """Keep one complaint."""
            if super().error(line_number, offset, text, check):
                found.append(f'line {line_number}: {text}')

    pycodestyle.StyleGuide(
        reporter=Report, config_file=False, parse_argv=False,
        ignore=IGNORED).input_file(path)    # check_files would hide Ctrl-C
    if found:
        more = f', and {len(found) - 1} more' * (len(found) > 1)
        return f'pycodestyle, {found[0]}{more}'


RULES = [first_line, executable, documentation, imports, signature, style]


def broken(path):
    """Return {name of a rule: what it says of a file}; never raise."""
    try:
        with open(path, 'rb') as file:
            encoding = tokenize.detect_encoding(file.readline)[0]
        with open(path, newline='', encoding=encoding) as file:
            text = file.read()
        tree = ast.parse(text)
    except SyntaxError as error:
        return {'syntax': f'line {error.lineno}: {error.msg}.'}
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        return {'syntax': f'the file cannot be read: {error}.'}
    found = {rule.__name__: rule(path, text, tree) for rule in RULES}
    return {name: said for name, said in found.items() if said}
