#!/usr/bin/env python3
"""Every Python file here follows the course's rules for files."""
import ast
import os
import re
import subprocess
import sys

import pytest

import rules
from conftest import ROOT, links, python_files, source


def test_all_files_are_found():
    """The rules below are not checked on an empty list."""
    assert ('README.md', '0-conv_forward.py') in links()
    assert {*rules.TASKS, 'tests/test_files.py', 'mains/0-main.py',
            'data/make_mnist.py'} <= set(python_files())


@pytest.mark.parametrize('path, target', links())
def test_links_lead_somewhere(path, target):
    """Whatever a page links to or shows is in the repository."""
    assert os.path.exists(os.path.join(ROOT, os.path.dirname(path), target))


@pytest.mark.parametrize('path', python_files())
def test_the_courses_rules(path):
    """The first line, the permission and the documentation are right."""
    text = source(path)
    tree = ast.parse(text)
    for rule in rules.first_line, rules.executable, rules.documentation:
        assert not rule(os.path.join(ROOT, path), text, tree)
    assert '\r' not in text


def test_pycodestyle():
    """Every file passes the installed version, also at its end."""
    result = subprocess.run(
        [sys.executable, '-m', 'pycodestyle'] + python_files(), cwd=ROOT,
        stdout=subprocess.PIPE, universal_newlines=True)
    assert (result.returncode, result.stdout) == (0, '')


@pytest.mark.parametrize('path', python_files())
def test_imports_can_be_followed(path):
    """`__import__` is for names that begin with a digit; no test is imported.
    """
    text = source(path)
    assert not re.search(r"^\s*\w+ = __import__\(['\"]\D", text, re.MULTILINE)
    assert not re.search('^(from|import) test_', text, re.MULTILINE)


@pytest.mark.parametrize('path', sorted(rules.TASKS))
def test_one_public_function(path):
    """There is one public function; the other rules are the checker's."""
    assert [node.name for node in ast.parse(source(path)).body
            if not getattr(node, 'name', '_').startswith('_')] == [
                rules.TASKS[path][0].split('(')[0]]
