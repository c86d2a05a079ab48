#!/usr/bin/env python3
"""More images than memory holds go through the layers, block by block."""
import glob
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

from conftest import ROOT

pytestmark = pytest.mark.xdist_group('beyond')
beyond_memory = __import__('beyond_memory')
conv_forward = __import__('0-conv_forward').conv_forward
pool_forward = __import__('1-pool_forward').pool_forward
PROGRAM = os.path.join(ROOT, 'examples', 'beyond_memory.py')
TIMES = 14      # copies of the test digits: 419 MiB
LIMIT = 400     # MiB


def start(folder, *arguments, **how):
    """Start the program, with a folder of its own for temporary files.

    A shell starts it, because the peak memory of a Linux process starts from
    what its parent was using. Without the shell, that would include all of
    TensorFlow.
    """
    (folder / 'tmp').mkdir(exist_ok=True)
    command = [sys.executable, PROGRAM, '--examples', str(TIMES * 10000),
               '--limit', str(LIMIT)] + list(arguments)
    return subprocess.Popen(
        ['sh', '-c', '"$@"; exit $?', 'sh'] + command, cwd=str(folder),
        env=dict(os.environ, TMPDIR=str(folder / 'tmp')),
        stderr=subprocess.PIPE, universal_newlines=True,
        start_new_session=True, **dict({'stdout': subprocess.PIPE}, **how))


def processes(session):
    """Return the command lines of all processes of a session."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            if os.getsid(int(pid)) == session:
                with open('/proc/{}/cmdline'.format(pid)) as file:
                    found.append(file.read())
        except OSError:     # it has just ended
            pass
    return list(filter(None, found))    # an ended process has no line


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    """Return folder, output, complaints of two runs; they leave no process."""
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
    """The images exceed the limit, the peak does not; nothing else is printed.
    """
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
    """Every digit has the same features as in a single call, up to rounding.

    A matrix product may sum its last rows in another order, and the blocks end
    at other rows. Threads and workers compute the same blocks, so they agree
    bit for bit.
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


def wait_for(folder, table):
    """Wait until some blocks of a table exist in the working folder."""
    pattern = str(folder / '*' / '*' / (table + '.zarr') / '**')
    end = time.time() + 60
    while len(glob.glob(pattern, recursive=True)) < 9:
        assert time.time() < end
        time.sleep(.01)


WRITING, AT_ONCE, BLOCKS = 'writing', 'at once', 'block by block'


@pytest.mark.parametrize('arguments, phase, signum, word', [
    ([], WRITING, signal.SIGINT, 'Interrupted.\n'),
    ([], AT_ONCE, signal.SIGINT, 'Interrupted.\n'),
    ([], BLOCKS, signal.SIGINT, 'Interrupted.\n'),
    ([], BLOCKS, signal.SIGTERM, 'Terminated.\n'),
    (['--folder', 'new'], BLOCKS, signal.SIGINT, 'Interrupted.\n'),
    (['--workers', '2'], AT_ONCE, signal.SIGINT, 'Interrupted.\n'),
    (['--workers', '2'], BLOCKS, signal.SIGINT, 'Interrupted.\n'),
    (['--workers', '2'], BLOCKS, signal.SIGTERM, 'Terminated.\n')])
def test_an_early_end(tmp_path, arguments, phase, signum, word):
    """An early end leaves no process and no file.

    The signal reaches every process, as it does on a terminal.
    """
    process = start(tmp_path, '--examples', '50000', *arguments)
    if phase == WRITING:
        wait_for(tmp_path, 'images')
    else:
        process.stdout.readline()
    if phase == BLOCKS:
        wait_for(tmp_path, 'features')
    os.killpg(process.pid, signum)
    complaints = process.communicate()[1]
    assert complaints == word
    assert process.returncode != 0
    assert processes(process.pid) == []
    assert os.listdir(str(tmp_path)) == ['tmp']
    assert os.listdir(str(tmp_path / 'tmp')) == []


def test_no_process_outlives_the_first(tmp_path):
    """The others end even if the first has no time to end them."""
    process = start(tmp_path, '--examples', '50000', '--workers', '2')
    process.stdout.readline()
    found = psutil.Process(process.pid).children(recursive=True)
    found[0].kill()
    process.communicate()
    assert len(found) > 1 and processes(process.pid) == []


def test_an_interrupt_that_is_ignored(tmp_path):
    """SIGINT stays ignored if the caller ignores it, by `nohup` or a trap."""
    process = start(tmp_path, '--examples', '1000', preexec_fn=lambda:
                    signal.signal(signal.SIGINT, signal.SIG_IGN))
    process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    output, complaints = process.communicate()
    assert (process.returncode, complaints) == (0, '')
    assert 'Block by block' in output


@pytest.mark.parametrize('arguments, most, lines', [
    (['--folder', 'new'], 50000, 0), ([], 400000, 2),
    (['--folder', '.'], 400000, 2), (['--workers', '2'], 400000, 2)])
def test_a_full_disk(tmp_path, arguments, most, lines):
    """One line names the folder; only the program's own files are removed."""
    def full():
        """Limit the size of files, as a full disk does."""
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    (tmp_path / 'other').write_text('other')
    process = start(tmp_path, '--examples', '2000', *arguments,
                    preexec_fn=full)
    output, complaints = process.communicate()
    assert process.returncode == 1 and output.count('\n') == lines
    name = arguments[1] if '--folder' in arguments else 'the temporary folder'
    assert complaints == name + ': File too large\n'
    assert sorted(os.listdir(str(tmp_path))) == ['other', 'tmp']
    assert (tmp_path / 'other').read_text() == 'other'
    assert os.listdir(str(tmp_path / 'tmp')) == []


def test_an_output_stream_that_is_full(tmp_path):
    """One line says so, and no file is left."""
    with open('/dev/full', 'w') as stream:
        process = start(tmp_path, '--examples', '1000', '--folder', 'new',
                        stdout=stream)
        complaints = process.communicate()[1]
    assert process.returncode == 1
    assert complaints == 'standard output: No space left on device\n'
    assert os.listdir(str(tmp_path)) == ['tmp']


@pytest.mark.parametrize('arguments', [[], ['--folder', 'new']])
def test_more_examples_than_the_disk_holds(tmp_path, arguments):
    """They are refused before anything is written."""
    process = start(tmp_path, '--examples', '99999999999', *arguments)
    output, complaints = process.communicate()
    assert (process.returncode, output) == (1, '')
    # 784 and 14 * 14 * 6 numbers of 4 bytes
    assert re.match(r'--examples 99999999999: needs up to 747680664 MiB, but '
                    r'only \d+ MiB are free in [^\n]+\n$', complaints)
    assert os.listdir(str(tmp_path)) == ['tmp']
    assert os.listdir(str(tmp_path / 'tmp')) == []


@pytest.mark.parametrize('name, file', [
    ('images.zarr', '.'), ('features.zarr', 'file')])
def test_what_is_there_is_not_written_over(tmp_path, name, file):
    """An existing file or folder is named and left unchanged."""
    path = tmp_path / name / file
    path.parent.mkdir(exist_ok=True)
    path.write_text('mine')
    process = start(tmp_path, '--folder', '.')
    output, complaints = process.communicate()
    assert (process.returncode, output) == (2, '')
    assert complaints.split('\n')[-2].endswith(
        "argument --folder: './{}' exists already: remove it or name another "
        'folder'.format(name))
    assert path.read_text() == 'mine'


@pytest.mark.parametrize('folder', ['no/folder', '/proc'])
def test_a_folder_that_cannot_be_written(tmp_path, folder):
    """One line names the folder."""
    process = start(tmp_path, '--folder', folder)
    output, complaints = process.communicate()
    assert (process.returncode, output) == (1, '')
    assert complaints == folder + ': No such file or directory\n'


@pytest.mark.parametrize('arguments, complaint', [
    (['--limit', '9'], 'argument --limit: 9 is less than 256'),
    (['--limit', '99999999999999'],
     'argument --limit: 99999999999999 is more than 8796093022207'),
    (['--examples', '0'], 'argument --examples: 0 is less than 1'),
    (['--folder', 'file'], "argument --folder: 'file' is not a folder, "
                           'expected one or a new name'),
    (['--folder', ''], "argument --folder: '' is not a folder, expected one "
                       'or a new name'),
    (['--workers', 'two'], "argument --workers: invalid whole number value: "
                           "'two'")])
def test_options_that_cannot_be(tmp_path, arguments, complaint, monkeypatch,
                                capsys):
    """Invalid options are refused in one line."""
    (tmp_path / 'file').write_text('mine')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'argv', ['beyond_memory.py'] + arguments)
    with pytest.raises(SystemExit) as ended:
        beyond_memory.main()
    output, complaints = capsys.readouterr()
    assert (ended.value.code, output) == (2, '')
    assert complaints.split('\n')[-2].endswith(complaint)
    assert (tmp_path / 'file').read_text() == 'mine'
