#!/usr/bin/env python3
"""Files 0 to 3 stay short and readable."""
import ast

import pytest

from conftest import source

# at most so many lines, lines of code, and functions
FILES = {'0-conv_forward.py': (190, 95, 11), '1-pool_forward.py': (150, 70, 6),
         '2-conv_backward.py': (260, 130, 15),
         '3-pool_backward.py': (200, 100, 10)}
HEADER = 30
NESTING = ast.For, ast.While, ast.If, ast.With, ast.Try, ast.FunctionDef


def functions(path):
    """Return each function of a file, nested ones too."""
    return [node for node in ast.walk(ast.parse(source(path)))
            if isinstance(node, ast.FunctionDef)]


def docstring(node):
    """Return the lines of a docstring."""
    return range(node.body[0].lineno, node.body[0].end_lineno + 1)


def code(path):
    """Return how many lines are no docstring, comment or blank line."""
    tree = ast.parse(source(path))
    documented = set(docstring(tree)).union(*map(docstring, functions(path)))
    return sum(number not in documented and
               not line.strip().startswith('#') and line.strip() != ''
               for number, line in enumerate(source(path).split('\n'), 1))


def names(function):
    """Return the names that a reader keeps in mind: arguments, variables."""
    return {node.arg for node in ast.walk(function)
            if isinstance(node, ast.arg)} | {
        node.id for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def depth(node):
    """Return how many levels deep statements are nested."""
    return max([depth(child) + isinstance(child, NESTING)
                for child in ast.iter_child_nodes(node)], default=0)


@pytest.mark.parametrize('path', FILES)
def test_sizes(path, capsys):
    """A file is short; a function has at most 30 lines and 36 names."""
    found = source(path).count('\n'), code(path), len(functions(path))
    lines = ['{:<18} {} lines, {} of code, {} functions'.format(path, *found)]
    for function in functions(path):
        sizes = (function.end_lineno - function.body[1].lineno + 1,
                 len(names(function)), depth(function))
        lines.append('{:<18} {:>3} lines {:>3} names {} levels'.format(
            function.name, *sizes))
        assert sizes[0] <= 30 and sizes[1] <= 36 and sizes[2] <= 3, lines[-1]
    with capsys.disabled():
        print('\n' + '\n'.join(lines))
    assert all(size <= most for size, most in zip(found, FILES[path]))
    assert len(docstring(ast.parse(source(path)))) <= HEADER


def test_the_same_name_is_the_same_text():
    """A helper that several files need has the same text in all of them.

    Only _fit differs, as convolution and pooling have different arguments.
    """
    texts = {}
    for path in FILES:
        for node in functions(path):
            kind = path[2:6] if node.name == '_fit' else ''
            texts.setdefault((node.name, kind), []).append(
                ast.get_source_segment(source(path), node))
    shared = {name for (name, _), found in texts.items() if len(found) > 1}
    assert shared >= {'_check', '_check_gradient', '_pair', '_fit', '_windows',
                      '_widen', '_sharing', '_combined'}
    for name, found in texts.items():
        assert len(set(found)) == 1, name
