#!/usr/bin/env python3
"""Files 0 to 3 stay readable, and their examples hold."""
import ast
import doctest
import itertools
import os

import pytest

from conftest import ROOT

FILES = ['0-conv_forward.py', '1-pool_forward.py', '2-conv_backward.py',
         '3-pool_backward.py']
NESTING = ast.For, ast.While, ast.If, ast.With, ast.Try, ast.FunctionDef


def source(path):
    """Return a file's text."""
    with open(os.path.join(ROOT, path)) as file:
        return file.read()


def functions(path):
    """Return each function of a file, methods too."""
    return [node for node in ast.walk(ast.parse(source(path)))
            if isinstance(node, ast.FunctionDef)]


def code_lines(function):
    """Return how many lines there are after the docstring."""
    first = function.body[1] if ast.get_docstring(function) else (
        function.body[0])
    return function.end_lineno - first.lineno + 1


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
    """Each function has at most 30 lines, 36 names and three levels."""
    lines = []
    for function in functions(path):
        found = code_lines(function), len(names(function)), depth(function)
        lines.append('{:<18} {:<18} {:>3} lines {:>3} names {} levels'.format(
            path, function.name, *found))
        assert found[0] <= 30 and found[1] <= 36 and found[2] <= 3, lines[-1]
    with capsys.disabled():
        print('\n' + '\n'.join(lines))


def definitions(path):
    """Return the text of each function, class and constant of a file."""
    text = source(path).split('\n')
    return {getattr(node, 'name', None) or node.targets[0].id: '\n'.join(
        text[node.lineno - 1:node.end_lineno])
            for node in ast.parse(source(path)).body
            if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Assign))}


def test_the_same_name_is_the_same_text():
    """A helper that several files need has the same text in all of them.

    Only _check differs, as convolution and pooling have different arguments.
    """
    shared = set()
    for one, other in itertools.combinations(FILES, 2):
        ours, theirs = definitions(one), definitions(other)
        for name in set(ours) & set(theirs):
            if name == '_check' and ('conv' in one) != ('conv' in other):
                continue
            assert ours[name] == theirs[name], (one, other, name)
            shared.add(name)
    assert {'_check', '_shape', '_pair', '_Windows', '_widen', '_down',
            '_gradient_size'} <= shared


@pytest.mark.parametrize('path', FILES)
def test_examples(path):
    """Each helper has an example, and all examples hold."""
    module = __import__(path[:-3])
    for name, text in definitions(path).items():
        assert '>>> ' in text or not name.startswith('_'), name
    found = doctest.testmod(module)
    assert found.attempted >= len(definitions(path)) - 1
    assert found.failed == 0
