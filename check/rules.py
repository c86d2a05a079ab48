#!/usr/bin/env python3
"""The course's rules for files. No code of an answer runs here.

The idea: a rule is a function that gets a file's path and text, and returns
what is wrong with the file, or None. The function's docstring is its name.
"""
import ast
import os

import pycodestyle

NUMPY = 'import numpy as np'
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
    '4-lenet5.py': ('lenet5(x, y)', 'import tensorflow.compat.v1 as tf'),
    '5-lenet5.py': ('lenet5(X)', 'import tensorflow.keras as K'),
}


def function_of(file):
    """Return the name of the function that a file is to hold."""
    return TASKS[file][0].split('(')[0]


def is_there(path, text):
    """the file is there"""


def first_line(path, text):
    """the first line is #!/usr/bin/env python3"""
    line = text.split('\n')[0]
    if line.endswith('\r'):
        return ("The lines end as on Windows, so Linux looks for a program "
                "named 'python3\\r'. Save the file with Unix line ends.")
    if line != '#!/usr/bin/env python3':
        return 'The first line is {!r:.80}.'.format(line)


def executable(path, text):
    """the file is executable"""
    if not os.access(path, os.X_OK):
        return 'Make it executable: chmod +x {}'.format(os.path.basename(path))


def last_line(path, text):
    """the file ends with a new line"""
    if not text.endswith('\n'):
        return 'The last line has no end: {!r:.80}.'.format(
            text.split('\n')[-1])


def documentation(path, text):
    """module, classes and functions have documentation"""
    missing = [
        getattr(node, 'name', 'the module') for node in ast.walk(
            ast.parse(text)) if isinstance(node, (
                ast.Module, ast.ClassDef, ast.FunctionDef,
                ast.AsyncFunctionDef)) and not (ast.get_docstring(node) or
                                                '').strip()]
    if missing:
        return 'There is no docstring for: {}.'.format(', '.join(missing))


def imports(path, text):
    """only what the task allows is imported"""
    allowed = TASKS[os.path.basename(path)][1]
    found = [node for node in ast.walk(ast.parse(text))
             if isinstance(node, (ast.Import, ast.ImportFrom)) or
             isinstance(node, ast.Name) and node.id == '__import__']
    wrong = [node for node in found
             if ast.dump(node) != ast.dump(ast.parse(allowed).body[0])]
    if wrong:
        return 'Line {} says {!r:.80}, allowed is {!r}.'.format(
            wrong[0].lineno, text.split('\n')[wrong[0].lineno - 1].strip(),
            allowed)


def signature(path, text):
    """the function and its arguments are the task's"""
    expected = 'def {}: pass'.format(TASKS[os.path.basename(path)][0])
    expected = ast.parse(expected).body[0]
    found = [node for node in ast.parse(text).body
             if isinstance(node, ast.FunctionDef) and
             node.name == expected.name]
    if not found:
        return 'There is no function {}.'.format(expected.name)
    if ast.dump(found[-1].args) != ast.dump(expected.args):
        return 'Line {} says {!r:.120}, the task says {!r}.'.format(
            found[-1].lineno, text.split('\n')[found[-1].lineno - 1],
            'def {}:'.format(TASKS[os.path.basename(path)][0]))


class Complaints(pycodestyle.BaseReport):
    """What pycodestyle says of a file."""

    def error(self, line_number, offset, text, check):
        """Keep one complaint."""
        code = super().error(line_number, offset, text, check)
        if code:
            self.found = getattr(self, 'found', []) + [
                'Line {}: {}'.format(line_number, text)]
        return code


def style(path, text):
    """pycodestyle"""
    report = pycodestyle.StyleGuide(
        reporter=Complaints, config_file=False, parse_argv=False).check_files(
            [path])
    if report.total_errors:
        return '{}{}'.format(report.found[0], ' ({} in all)'.format(
            report.total_errors) if report.total_errors > 1 else '')


RULES = [is_there, first_line, executable, last_line, documentation, imports,
         signature, style]


def complaint(rule, path):
    """Return what a rule says of a file, or nothing; never raise."""
    if not os.path.isfile(path):
        return 'The file is not there.'
    try:
        with open(path, newline='', encoding='utf-8') as file:
            return rule(path, file.read())
    except SyntaxError as error:
        return 'Line {}: {}.'.format(error.lineno, error.msg)
    except (ValueError, RecursionError, MemoryError) as error:
        return 'The file cannot be read: {}.'.format(error)
