#!/usr/bin/env python3
"""More images than memory holds go through the layers, block by block."""
import contextlib
import os
import re
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
import zarr
from dask.distributed import Client

import beyond_memory
from conftest import ROOT

pytestmark = pytest.mark.xdist_group('beyond')
PROGRAM = os.path.join(ROOT, 'examples', 'beyond_memory.py')
COUNT = 140000, 14      # images: 419 MiB, the test digits so many times
LIMIT = 400             # MiB, the least


def start(folder, *arguments, **how):
    """Start the program, with a folder of its own for temporary files.

    A shell starts it, because the peak memory of a Linux process starts from
    what its parent was using. Without the shell, that would include all of
    TensorFlow.
    """
    (folder / 'tmp').mkdir(exist_ok=True)
    return subprocess.Popen(
        ['sh', '-c', '"$@"; exit $?', 'sh', sys.executable, PROGRAM,
         '--limit', str(LIMIT)] + list(arguments), cwd=str(folder),
        env=dict(os.environ, TMPDIR=str(folder / 'tmp')),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        universal_newlines=True, start_new_session=True, **how)


def left(folder, process):
    """Return which files are left, when no process of the session is."""
    for other in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            if os.getsid(other.pid) == process.pid:
                other.wait(10)      # a program may print before it has ended
    return [str(path.relative_to(folder)) for path in folder.glob('*/*')]


def test_the_result_is_that_of_the_whole(tmp_path, mnist):
    """The images exceed the limit, the peak does not, and nothing is lost.

    Every digit has the same features as in a single call, up to rounding: a
    matrix product may sum its last rows in another order, and the blocks end
    at other rows.
    """
    process = start(tmp_path, '--examples', str(COUNT[0]), '--folder', 'new')
    output, complaints = process.communicate()
    assert (process.returncode, complaints) == (0, '')
    images, peak = map(int, re.match(
        r'On disk: \(140000, 28, 28, 1\) float32, (\d+) MiB; the limit of '
        r'memory: 400 MiB\nAll at once: Unable to allocate .*\n'
        r'Block by block: \(140000, 14, 14, 6\) float32; peak memory: (\d+) '
        r'MiB\n$', output).groups())
    assert peak < LIMIT < images
    assert sorted(left(tmp_path, process)) == ['new/features.zarr',
                                               'new/images.zarr']
    expected = beyond_memory.first_layers(mnist['X_test'][..., None])
    found = zarr.open(str(tmp_path / 'new' / 'features.zarr'), mode='r')
    assert found.shape == (COUNT[0],) + expected.shape[1:]
    for i in range(COUNT[1]):
        part = found[i * len(expected):(i + 1) * len(expected)]
        assert (abs(part - expected) <= 1e-5 + 1e-5 * expected).all()


@pytest.mark.parametrize('table, arguments, signum, word', [
    ('images', [], signal.SIGINT, 'Interrupted.\n'),
    ('', [], signal.SIGINT, 'Interrupted.\n'),
    ('features', [], signal.SIGTERM, 'Terminated.\n'),
    ('features', ['--folder', 'new'], signal.SIGINT, 'Interrupted.\n')])
def test_an_early_end(tmp_path, table, arguments, signum, word):
    """While a table is written, or after a line: no process, no file stays.

    The signal reaches every process, as it does on a terminal.
    """
    process = start(tmp_path, '--examples', '50000', *arguments)
    if not table:
        process.stdout.readline()
    end = time.time() + 100
    while table and len(list(tmp_path.rglob(table + '.zarr/**/*'))) < 9:
        assert time.time() < end
        time.sleep(.01)
    os.killpg(process.pid, signum)
    assert process.communicate()[1] == word
    assert process.returncode != 0 and left(tmp_path, process) == []


def test_a_cluster_computes_the_same(tmp_path, rng):
    """The recipe needs no change to run on the workers of a cluster."""
    images = rng.rand(6, 28, 28, 1).astype(np.float32)
    source, target = str(tmp_path / 'images'), str(tmp_path / 'features')
    zarr.open(source, mode='w', shape=images.shape, chunks=(2, 28, 28, 1),
              dtype=images.dtype)[...] = images
    with Client(n_workers=2, dashboard_address=None,
                local_directory=str(tmp_path)):
        beyond_memory.recipe(source, target)
    np.testing.assert_allclose(
        zarr.open(target, mode='r')[...], beyond_memory.first_layers(images),
        rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('most, lines', [(50000, 0), (400000, 2)])
def test_a_full_disk(tmp_path, most, lines):
    """One line names the folder; the program's own files are removed."""
    (tmp_path / 'other').write_text('other')
    process = start(
        tmp_path, '--examples', '2000', '--folder', 'new', preexec_fn=lambda:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)))
    output, complaints = process.communicate()
    assert process.returncode == 1 and output.count('\n') == lines
    assert re.match(str(tmp_path) + r'/\w+/new: .*File too large\n$',
                    complaints)
    assert left(tmp_path, process) == []
    assert sorted(os.listdir(str(tmp_path))) == ['other', 'tmp']


@pytest.mark.parametrize('arguments, code, complaint', [
    (['--limit', '9'], 2, '--limit: 9 is not from 400 to 2**40'),
    (['--limit', '9' * 30], 2, 'is not from 400 to 2**40'),
    (['--examples', '0'], 2, '--examples: 0 is not from 1 to 2**40'),
    (['--examples', 'two'], 2, "--examples: invalid int value: 'two'"),
    (['--folder', ''], 2, "--folder: '' is not a new name"),
    (['--folder', 'mine'], 2, "--folder: 'mine' is not a new name"),
    (['--folder', '/no/folder'], 1, 'No such file or directory')])
def test_options_that_cannot_be(tmp_path, arguments, code, complaint):
    """They are refused in one line, and what is there stays."""
    (tmp_path / 'mine').write_text('mine')
    process = start(tmp_path, *arguments)
    output, complaints = process.communicate()
    assert (process.returncode, output) == (code, '')
    assert complaint in complaints.split('\n')[-2]
    assert 'Traceback' not in complaints
    assert (tmp_path / 'mine').read_text() == 'mine'
    assert left(tmp_path, process) == []
