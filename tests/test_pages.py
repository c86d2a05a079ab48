#!/usr/bin/env python3
"""The instructions on the pages work as they are written."""
import doctest
import os
import re
import shutil
import subprocess

import pytest

import cases
import rules
from conftest import ROOT, pages, pretended, python_files, run, source

ROOMS = ['benchmarks', 'check', 'data', 'examples', 'lesson', 'mains', 'tests']


def code(path):
    """Return the shell on a page: in blocks, indented, and in sentences."""
    text = re.sub(r'```(?!sh\n)\w+\n.*?```', '', source(path), flags=re.DOTALL)
    return '\n'.join(map(''.join, re.findall(
        r'```sh\n([^`]*)```|^ {4}([^\n]*)|`([^`]+)`', text, re.MULTILINE)))


def commands(path):
    """Return the commands on a page that run a program of this project."""
    return [line for line in re.sub(r'\\\n', '', code(path)).split('\n')
            if re.match(r' *(\w+=\S+ +)*(make [a-z-]|\. \.|python3? |'
                        r'[\w./]+/\w+\.py( |$))', line)]


def test_each_room_has_a_label():
    """Each folder has a README, and the README at the root links to it."""
    assert ROOMS == sorted(
        name for name in os.listdir(ROOT) if not name.startswith('.') and
        os.path.isdir(os.path.join(ROOT, name)) and
        name not in ('figures', '__pycache__'))
    for room in ROOMS:
        assert len(source(room, 'README.md').split()) > 30
        assert f'({room}/README.md)' in source('README.md')


@pytest.mark.parametrize('path', pages())
def test_what_a_page_names(path):
    """Its variables of make, programs, options and headings exist."""
    folder, makefile = os.path.dirname(path), source('Makefile')
    programs = [source(name) for name in python_files()]
    for line in code(path).split('\n'):
        for name in re.findall(r'\bmake .*?([A-Z]+)=', line):
            assert f'({name}' in makefile
        named = [source(folder if name[0] == '.' else '', name) for name in
                 re.findall(r'(?<![\w./])[\w./]+/[\w-]+\.py\b', line)]
        for option in re.findall(r'(?<![\w-])--[a-z]+', line):
            assert f"'{option}'" in ''.join(named or programs)
    for target, name in re.findall(r'\]\(([^):#]*)#([^)]+)\)', source(path)):
        other = os.path.join(folder, target) if target else path
        assert name in [
            re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-')
            for heading in re.findall('^#+ (.*)$', source(other),
                                      re.MULTILINE)]


@pytest.mark.parametrize('path', list(filter(commands, pages())))
def test_its_commands_start(tmp_path, path):
    """They run as they are written, with a Python that only pretends."""
    project = tmp_path / 'cnn-answers'
    shutil.copytree(ROOT, str(project), copy_function=os.symlink,
                    ignore=shutil.ignore_patterns('.*', 'figures'))
    (project / 'program.py').write_text('')
    env = pretended(tmp_path, '3.13')
    for line in ['make environment'] + commands(path):
        here = line.startswith(('./', '. ../')) and os.path.dirname(path)
        result = subprocess.run(
            ['sh', '-c', line.replace('/autograder/source', '.')],
            cwd=str(project / (here or '.')), env=env,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert result.returncode == 0, line + result.stdout.decode()


@pytest.mark.parametrize('path, least', [('README.md', 10),
                                         ('lesson/README.md', 80)])
def test_examples_on_a_page(monkeypatch, path, least):
    """Every result on the page is computed again, and must be the same."""
    monkeypatch.chdir(ROOT)
    found = doctest.testfile(os.path.join(ROOT, path), module_relative=False,
                             encoding='utf-8')
    assert found.attempted >= least and not found.failed


@pytest.mark.parametrize('module', [cases, __import__('3-pool_backward')])
def test_examples_in_a_docstring(module):
    """They are true."""
    found = doctest.testmod(module)
    assert found.attempted and not found.failed


def test_the_speeds_are_those_of_the_benchmarks():
    """README's means stand on the page that says how they were found."""
    numbers = re.findall(r'\b[01]\.\d\d\b(?!\.)', source('README.md'))
    assert len(numbers) == 4
    assert all(n in source('benchmarks', 'README.md') for n in numbers)


def test_numpy_alone_is_enough(tmp_path):
    """It is enough to check tasks 0 to 3, and for sections 1 to 4."""
    for name in 'tensorflow', 'keras', 'matplotlib', 'scipy', 'pytest':
        (tmp_path / (name + '.py')).write_text('raise ImportError')
    (tmp_path / 'project').mkdir()
    for name in [*rules.TASKS, *ROOMS]:
        (tmp_path / 'project' / name).symlink_to(os.path.join(ROOT, name))
    (tmp_path / 'my-cnn').mkdir()
    for name in list(rules.TASKS)[:4]:
        (tmp_path / 'my-cnn' / name).symlink_to(os.path.join(
            ROOT, 'lesson', 'loops.py'))
    (tmp_path / 'lesson.md').write_bytes(
        source('lesson', 'README.md').split('\n## 5')[0].encode())
    check, = re.findall('`(.* --only .*)`', source('README.md'))
    for command in check, 'python3 -m doctest ../lesson.md':
        run(command.split(), tmp_path / 'project', PYTHONPATH=str(tmp_path))


def test_a_checkout_on_windows_keeps_every_byte(tmp_path):
    """Line ends stay as the course requires, and data are not changed."""
    files = {'.gitattributes': source('.gitattributes').encode(),
             'a.py': b'#!/usr/bin/env python3\n', 'b.txt': b'text\n',
             'MNIST.npz': b'PK\r\n\x03\n\x00', 'c.png': b'\x89PNG\r\n\n'}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    subprocess.check_output(
        ['sh', '-ec', 'git init; git config core.autocrlf true; git add .;'
         'git -c user.name=a -c user.email=b commit -m all;'
         'rm .gitattributes *.*; git checkout -- .'],
        cwd=str(tmp_path), stderr=subprocess.STDOUT)
    assert all((tmp_path / n).read_bytes() == files[n] for n in files)


@pytest.mark.skipif(not shutil.which('make'), reason='make is not here')
def test_make_alone_lists_its_targets():
    """The list has a line for each target that a user may want."""
    shown = subprocess.check_output(['make'], cwd=ROOT).decode()
    for target in re.findall(r'^(\w+):', source('Makefile'), re.MULTILINE):
        assert target == 'help' or re.search(
            f'^make {target} +[a-z]', shown, re.MULTILINE), target


def test_requirements_are_the_four_packages():
    """There are also the two pins that the course's TensorFlow needs."""
    names = re.findall(r'^[\w-]+', source('requirements.txt'), re.MULTILINE)
    assert set(names) == {'numpy', 'tensorflow', 'matplotlib', 'pycodestyle',
                          'keras', 'protobuf'}
