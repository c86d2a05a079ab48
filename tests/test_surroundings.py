#!/usr/bin/env python3
"""Drivers in hostile surroundings end with a clear word, not a traceback."""
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from conftest import ROOT
from test_drivers import MAINS, run

scratch = __import__('lenet5_from_scratch')
DRIVERS = sorted(name for name in os.listdir(MAINS)
                 if os.access(os.path.join(MAINS, name), os.X_OK) and
                 name not in ('drawing.py', 'save_figures.py',
                              'surroundings.py', '6-alexnet.py'))


@pytest.fixture
def copy(tmp_path):
    """Return a copy of the repository in which the data may be damaged."""
    shutil.copytree(MAINS, str(tmp_path / 'mains'))
    (tmp_path / 'data').mkdir()
    for name in os.listdir(ROOT):
        if name[0].isdigit():
            shutil.copy(os.path.join(ROOT, name), str(tmp_path))
    return tmp_path


def start(driver, cwd, **how):
    """Start a driver that shall be interrupted or fail."""
    return subprocess.Popen(
        [sys.executable, str(driver)], cwd=str(cwd), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, universal_newlines=True, **how)


def check_one_line(driver, cwd):
    """Assert that a driver ends with one line about MNIST.npz, code 1."""
    process = start(driver, cwd)
    output, complaint = process.communicate()
    assert (process.returncode, output) == (1, '')
    assert 'Traceback' not in complaint
    line = complaint.split('\n')[-2]
    assert str(cwd / 'data' / 'MNIST.npz') in line
    assert 'git checkout' in line and 'data/README.md' in line
    return line


@pytest.mark.parametrize('driver', DRIVERS)
def test_the_data_are_missing(copy, driver):
    """Every driver says what is missing and how to mend it."""
    line = check_one_line(copy / 'mains' / driver, copy)
    assert 'No such file' in line


def missing(lib):
    """Leave an array out."""
    del lib['Y_valid']


def too_few(lib):
    """Leave an image out."""
    lib['X_train'] = lib['X_train'][1:]


@pytest.mark.parametrize('damage, word', [
    (missing, 'Y_valid'), (too_few, '50000 train')])
def test_the_data_are_others(copy, mnist, damage, word):
    """An array that is not there, or not whole, is named."""
    lib = dict(mnist)
    damage(lib)
    np.savez(str(copy / 'data' / 'MNIST.npz'), **lib)
    assert word in check_one_line(copy / 'mains' / '2-main.py', copy)


@pytest.mark.parametrize('kept', [0, 100, 10 ** 6, -1])
def test_the_data_are_cut_short(copy, kept):
    """Wherever the file ends too early."""
    with open(os.path.join(ROOT, 'data', 'MNIST.npz'), 'rb') as file:
        (copy / 'data' / 'MNIST.npz').write_bytes(file.read()[:kept])
    check_one_line(copy / 'mains' / '2-main.py', copy)


def test_the_data_are_damaged_inside(copy):
    """A byte that was changed is found by the archive's checksum."""
    with open(os.path.join(ROOT, 'data', 'MNIST.npz'), 'rb') as file:
        content = bytearray(file.read())
    content[len(content) // 2] ^= 1
    (copy / 'data' / 'MNIST.npz').write_bytes(content)
    check_one_line(copy / 'mains' / '2-main.py', copy)


@pytest.mark.skipif(not os.path.isdir('/proc/self'), reason='needs Linux')
def test_a_folder_that_cannot_be_written():
    """The figures go to a temporary folder, which is named."""
    output, complaints, named = run([os.path.join(MAINS, '0-main.py')],
                                    '/proc')
    assert output == '(50000, 26, 26, 2)\n'
    assert len(named) == 3 and '/proc/0-main-1.png: ' in complaints
    for path in named:
        shutil.rmtree(os.path.dirname(path))


@pytest.mark.parametrize('driver, first', [
    ('4-main.py', 'After 0 epochs: '), ('5-main.py', 'Epoch 1/5'),
    ('lenet5_from_scratch.py', 'After 0 epochs: ')])
def test_ctrl_c_during_training(tmp_path, driver, first):
    """What was printed stays; there is one word and no traceback."""
    process = start(os.path.join(MAINS, driver), tmp_path)
    line = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, complaint = process.communicate()
    assert line.startswith(first)
    assert process.returncode in (-signal.SIGINT, 1)
    assert 'Traceback' not in rest + complaint
    assert complaint.split('\n')[-2] == 'Interrupted.'


def test_a_reader_that_has_seen_enough(tmp_path):
    """`./2-main.py | head -n 1` ends in silence."""
    process = start(os.path.join(MAINS, '2-main.py'), tmp_path)
    assert process.stdout.readline().startswith('(array([[[[-4.24205')
    process.stdout.close()
    assert process.stderr.read() == ''
    assert process.wait() in (-signal.SIGPIPE, 0)
    process.stderr.close()


def test_the_same_seed_gives_the_same_numbers(mnist):
    """Training from scratch twice ends at the same weights, to the bit."""
    def train():
        """Take 40 steps and return all parameters."""
        rng = np.random.RandomState(0)
        theta = scratch.initialize(rng)
        adam = scratch.Adam(theta)
        scratch.train_epoch(adam, mnist['X_train'][..., None],
                            mnist['Y_train'], rng.permutation(1280))
        return theta
    np.testing.assert_array_equal(train(), train())


@pytest.mark.parametrize('n', [2, 3])
def test_a_driver_prints_the_same_every_time(n):
    """Two runs differ in nothing."""
    driver = os.path.join(MAINS, '{}-main.py'.format(n))
    assert run([driver], '/') == run([driver], '/')
