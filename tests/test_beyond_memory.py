#!/usr/bin/env python3
"""More images than memory holds go through the layers, block by block."""
import os
import re
import signal
import subprocess
import sys

import numpy as np
import pytest
import zarr

from conftest import ROOT

pytestmark = pytest.mark.xdist_group('beyond')
beyond_memory = __import__('beyond_memory')
conv_forward = __import__('0-conv_forward').conv_forward
pool_forward = __import__('1-pool_forward').pool_forward
PROGRAM = os.path.join(ROOT, 'examples', 'beyond_memory.py')
TIMES = 14      # the digits over and over: 419 MiB
LIMIT = 400     # MiB


def start(folder, *arguments, **how):
    """Start the program, with a folder of its own for what is temporary.

    A shell starts it, as Linux counts a process's peak from what that which
    started it had in use: that would be this one, with all of TensorFlow.
    """
    (folder / 'tmp').mkdir()
    command = [sys.executable, PROGRAM, '--examples', str(TIMES * 10000),
               '--limit', str(LIMIT)] + list(arguments)
    return subprocess.Popen(
        ['sh', '-c', '"$@"; exit $?', 'sh'] + command, cwd=str(folder),
        env=dict(os.environ, TMPDIR=str(folder / 'tmp')),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        universal_newlines=True, start_new_session=True, **how)


def processes(session):
    """Return the command lines of all processes of a session."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            if os.getsid(int(pid)) == session:
                with open('/proc/{}/cmdline'.format(pid)) as file:
                    found.append(file.read())
        except OSError:     # it has ended meanwhile
            pass
    return list(filter(None, found))    # one that has ended has no line


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    """Return folder, output, complaints of both runs; no process is left."""
    runs = []
    for arguments in [], ['--workers', '2']:
        folder = tmp_path_factory.mktemp('beyond')
        process = start(folder, '--folder', str(folder), *arguments)
        output, complaints = process.communicate()
        assert process.returncode == 0, complaints
        assert processes(process.pid) == []
        runs.append((folder, output, complaints))
    return runs


@pytest.mark.parametrize('run', [0, 1], ids=['threads', 'workers'])
def test_what_is_printed(finished, run):
    """They do not fit at once, the peak is below, and nothing else is said."""
    folder, output, complaints = finished[run]
    assert complaints == ''
    match = re.match(
        r'On disk: \(140000, 28, 28, 1\) float32, (\d+) MiB; the limit of '
        r'memory: 400 MiB\nAll at once: Unable to allocate .*\n'
        r'Block by block: \(140000, 14, 14, 6\) float32, (\d+) MiB; peak '
        r'memory: (\d+) MiB\n$', output)
    images, features, peak = map(int, match.groups())
    assert peak < LIMIT < images < features
    assert sorted(os.listdir(str(folder))) == ['features.zarr', 'images.zarr',
                                               'tmp']
    assert os.listdir(str(folder / 'tmp')) == []


def test_the_result_is_that_of_the_whole(finished, mnist):
    """Every digit's features are those of the digits in one call.

    To rounding only: a matrix product may add in another order in its last
    rows, and the blocks end elsewhere. Threads and workers compute the same
    blocks, so they agree to the bit.
    """
    A = conv_forward(mnist['X_test'][..., None], beyond_memory.W,
                     beyond_memory.b, lambda Z: np.maximum(Z, 0), 'same')
    expected = pool_forward(A, (2, 2), (2, 2))
    ours, cluster = [zarr.open(str(folder / 'features.zarr'), mode='r')
                     for folder, _, _ in finished]
    assert ours.shape == cluster.shape == (140000, 14, 14, 6)
    assert ours.chunks == cluster.chunks == (beyond_memory.BLOCK, 14, 14, 6)
    for i in range(0, 140000, 10000):
        part = ours[i:i + 10000]
        np.testing.assert_allclose(part, expected, rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(part, cluster[i:i + 10000])


@pytest.mark.parametrize('arguments', [[], ['--workers', '2']])
def test_ctrl_c(tmp_path, arguments):
    """As on a terminal it reaches every process; none is left, nor a file."""
    process = start(tmp_path, *arguments)
    process.stdout.readline()
    process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    output, complaints = process.communicate()
    assert (output, complaints) == ('', 'Interrupted.\n')
    assert process.returncode != 0
    assert processes(process.pid) == []
    assert os.listdir(str(tmp_path / 'tmp')) == []


@pytest.mark.parametrize('arguments, complaint', [
    (['--limit', '9'], 'argument --limit: 9 is less than 256'),
    (['--examples', '0'], 'argument --examples: 0 is less than 1'),
    (['--workers', 'two'], "argument --workers: invalid whole number value: "
                           "'two'")])
def test_numbers_that_cannot_be(tmp_path, arguments, complaint):
    """They are refused in one line."""
    process = start(tmp_path, *arguments)
    output, complaints = process.communicate()
    assert (process.returncode, output) == (2, '')
    assert complaint in complaints.split('\n')[-2]
