#!/usr/bin/env python3
"""The instructions on the pages work as they are written."""
import doctest
import os
import re
import shutil
import subprocess

import pytest

from conftest import ROOT
from test_drivers import PRINTED, course, run

ROOMS = ['benchmarks', 'check', 'data', 'examples', 'lesson', 'mains', 'tests']


def page(*path):
    """Return the text of a page."""
    with open(os.path.join(ROOT, *path), encoding='utf-8') as file:
        return file.read()


def git(folder, *arguments):
    """Run git in a folder, with a name for commits, as on Windows."""
    subprocess.run(['git', '-c', 'user.name=a', '-c', 'user.email=b',
                    '-c', 'core.autocrlf=true'] + list(arguments),
                   cwd=str(folder), check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def test_each_room_has_a_label():
    """Each folder has a README, and the README at the root links to it."""
    assert ROOMS == sorted(
        name for name in os.listdir(ROOT) if not name.startswith('.') and
        os.path.isdir(os.path.join(ROOT, name)) and
        name not in ('figures', '__pycache__'))
    for room in ROOMS:
        assert len(page(room, 'README.md').split()) > 30
        assert '({}/README.md)'.format(room) in page('README.md')


def test_the_example_prints_what_the_page_shows(monkeypatch):
    """Every result on the page is computed again, and must be the same."""
    monkeypatch.syspath_prepend(ROOT)
    found = doctest.testfile(os.path.join(ROOT, 'README.md'),
                             module_relative=False, encoding='utf-8')
    assert found.attempted > 10 and not found.failed


def test_a_checkout_on_windows_keeps_every_byte(tmp_path):
    """Line ends stay as the course requires, and data are not changed."""
    git(tmp_path, 'init')
    files = {'.gitattributes': page('.gitattributes').encode(),
             'a.py': b'#!/usr/bin/env python3\n', 'b.txt': b'text\n',
             'MNIST.npz': b'PK\r\n\x03\n\x00', 'c.png': b'\x89PNG\r\n\n'}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    git(tmp_path, 'add', '.')
    git(tmp_path, 'commit', '-m', 'all')
    for name in files:
        (tmp_path / name).unlink()
    git(tmp_path, 'checkout', '--', '.')
    for name, content in files.items():
        assert (tmp_path / name).read_bytes() == content


@pytest.mark.parametrize('n', [0, 2, 3])
def test_what_is_handed_in(tmp_path, n):
    """The commands in README make a folder in which the drivers run."""
    assert 'Holberton' in page('README.md')
    commands, = re.findall(r'```sh\n(mkdir .*?)```', page('README.md'),
                           re.DOTALL)
    os.symlink(ROOT, str(tmp_path / 'cnn-answers'))
    (tmp_path / 'mine').mkdir()
    subprocess.run(['sh', '-e', '-c', commands], cwd=str(tmp_path / 'mine'),
                   check=True)
    folder = tmp_path / 'mine' / 'supervised_learning' / 'cnn'
    assert sorted(os.listdir(str(folder))) == [
        '0-conv_forward.py', '1-pool_forward.py', '2-conv_backward.py',
        '3-pool_backward.py', '4-lenet5.py', '5-lenet5.py', 'README.md']
    driver = folder / 'main.py'
    driver.write_text(course('{}-main.txt'.format(n)))
    driver.chmod(0o755)
    output, _, _ = run(['./main.py'], folder, MPLBACKEND='agg')
    assert output.replace(', shape=(10, 28, 28, 1)', '') == PRINTED[n]


@pytest.mark.skipif(not shutil.which('make'), reason='make is not here')
def test_make_alone_lists_its_targets():
    """The list has a line for each target that a user may want."""
    shown = subprocess.check_output(['make'], cwd=ROOT).decode()
    for target in re.findall(r'^(\w+):', page('Makefile'), re.MULTILINE):
        assert (target in ('help', 'environment') or
                re.search('^make {} +[a-z]'.format(target), shown,
                          re.MULTILINE)), target


def test_requirements_are_the_four_packages():
    """There are also the two pins that the course's TensorFlow needs."""
    names = {re.match(r'[\w-]+', line).group() for line in
             page('requirements.txt').split('\n')
             if line and not line.startswith('#')}
    assert names == {'numpy', 'tensorflow', 'matplotlib', 'pycodestyle',
                     'keras', 'protobuf'}
