#!/usr/bin/env python3
"""In a hostile environment, drivers still print, or say plainly why not."""
import contextlib
import io
import os
import resource
import runpy
import shutil
import signal
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from conftest import ROOT, TESTS
from test_drivers import MAINS, PRINTED, driver, run, with_fewer_digits

scratch = __import__('lenet5_from_scratch')
PROGRAMS = [driver(n) for n in range(6)] + [
    os.path.join(ROOT, 'examples', name) for name in (
        'lenet5_from_scratch.py', 'distributed.py', 'beyond_memory.py')]


@pytest.fixture
def copy(tmp_path):
    """Return a copy of the repository in which the data may be damaged."""
    for room in 'mains', 'examples':
        shutil.copytree(os.path.join(ROOT, room), str(tmp_path / room))
    (tmp_path / 'data').mkdir()
    for name in os.listdir(ROOT):
        if name[0].isdigit():
            shutil.copy(os.path.join(ROOT, name), str(tmp_path))
    return tmp_path


def start(program, cwd, **how):
    """Start a program that must fail or be interrupted."""
    return subprocess.Popen(
        [sys.executable, str(program)], cwd=str(cwd), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, universal_newlines=True, **how)


def check_one_line(copy, program='mains/2-main.py'):
    """Assert that a program ends with code 1 and a line about MNIST.npz."""
    process = start(copy / program, copy)
    output, complaint = process.communicate()
    assert (process.returncode, output) == (1, '')
    assert 'Traceback' not in complaint
    line = complaint.split('\n')[-2]
    assert line.count(str(copy / 'data' / 'MNIST.npz')) == 1
    assert line.count('"') == 0 and line.count("'") % 2 == 0
    assert 'git checkout' in line and 'data/README.md' in line
    return line


@pytest.mark.parametrize('program', PROGRAMS)
def test_the_data_are_missing(copy, program):
    """Every program says what is missing and how to repair it."""
    line = check_one_line(copy, os.path.relpath(program, ROOT))
    assert ': No such file or directory. ' in line


def missing(lib):
    """Leave an array out."""
    del lib['Y_valid']


def too_few(lib):
    """Leave an image out."""
    lib['X_train'] = lib['X_train'][1:]


def bytes_of_pixels(lib):
    """Store the pixels as bytes."""
    lib['X_train'] = (lib['X_train'] * 256).astype(np.uint8)


def doubles(lib):
    """Store the pixels with double precision."""
    lib['X_test'] = lib['X_test'].astype(np.float64)


def too_bright(lib):
    """Scale the pixels to 0 to 255."""
    lib['X_valid'] = lib['X_valid'] * np.float32(256)


def not_a_number(lib):
    """Set one pixel to NaN."""
    lib['X_train'] = lib['X_train'].copy()
    lib['X_train'][9, 9, 9] = np.nan


def no_digit(lib):
    """Set one label to a number that is not a digit."""
    lib['Y_train'] = np.where(np.arange(50000) == 7, 99, lib['Y_train'])


def float_labels(lib):
    """Store the labels as float64."""
    lib['Y_test'] = lib['Y_test'].astype(float)


@pytest.mark.parametrize('damage, words', [
    (missing, 'Y_valid'), (too_few, 'X_train has the shape'),
    (bytes_of_pixels, 'X_train is uint8, expected float32'),
    (doubles, 'X_test is float64, expected float32'),
    (too_bright, 'X_valid lies between 0.0 and 255.0, expected 0 to 1'),
    (not_a_number, 'X_train lies between nan and nan'),
    (no_digit, 'Y_train lies between 0 and 99, expected 0 to 9'),
    (float_labels, 'Y_test is float64, expected integers')])
def test_the_data_are_others(copy, mnist, damage, words):
    """An array that is missing, or not as it must be, is named."""
    lib = dict(mnist)
    damage(lib)
    np.savez(str(copy / 'data' / 'MNIST.npz'), **lib)
    assert words in check_one_line(copy)


@pytest.fixture(scope='module')
def npz():
    """Return the bytes of MNIST.npz."""
    with open(os.path.join(ROOT, 'data', 'MNIST.npz'), 'rb') as file:
        return file.read()


@pytest.mark.parametrize('kept', [0, 100, 10 ** 6, -1])
def test_the_data_are_cut_short(copy, npz, kept):
    """A file that is cut off anywhere is reported."""
    (copy / 'data' / 'MNIST.npz').write_bytes(npz[:kept])
    check_one_line(copy)


def test_the_data_are_damaged_inside(copy, npz):
    """The archive's checksum reveals a changed byte."""
    content = bytearray(npz)
    content[len(content) // 2] ^= 1
    (copy / 'data' / 'MNIST.npz').write_bytes(content)
    check_one_line(copy)


def test_the_data_are_encrypted(copy, npz):
    """An archive that needs a password is reported."""
    content = bytearray(npz)
    content[content.index(b'PK\x01\x02') + 8] |= 1
    (copy / 'data' / 'MNIST.npz').write_bytes(content)
    assert 'encrypted' in check_one_line(copy)


@pytest.mark.parametrize('header', [
    b"\x93NUMPY\x01\x00\x10\x00{'descr': (((   \n", b'\x93NUMPY\x09\x09',
    b'no array'])
def test_the_data_have_a_broken_header(copy, header):
    """An array that NumPy cannot read is reported, even in a sound archive."""
    with zipfile.ZipFile(str(copy / 'data' / 'MNIST.npz'), 'w') as archive:
        archive.writestr('X_train.npy', header)
    check_one_line(copy)


def test_the_data_are_a_folder(copy):
    """A folder with the name of the file is reported."""
    (copy / 'data' / 'MNIST.npz').mkdir()
    assert 'Is a directory' in check_one_line(copy)


def test_importing_changes_nothing():
    """Only `prepare` changes paths, signals, hooks and printing."""
    code = '\n'.join([
        'import os, signal, sys, numpy as np',
        'def state(): return repr((',
        '    sys.path, sys.excepthook, sys.stdout.line_buffering,',
        '    dict(os.environ), np.get_printoptions(), [signal.getsignal(n)',
        '    for n in (signal.SIGINT, signal.SIGPIPE, signal.SIGTERM)]))',
        'before = state()',
        'import surroundings',
        'assert state() == before',
        'assert "matplotlib" not in sys.modules',
        'surroundings.prepare()',
        'assert state() != before'])
    run([sys.executable, '-c', code], MAINS)


@pytest.mark.parametrize('n', [0, 2, 3])
def test_standard_output_is_a_string(n, tmp_path, monkeypatch):
    """A driver also runs in a notebook or `contextlib.redirect_stdout`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(MAINS)
    monkeypatch.setenv('MPLBACKEND', 'agg')
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGPIPE)]
    output = io.StringIO()
    options = np.get_printoptions()
    try:
        with contextlib.redirect_stdout(output):
            runpy.run_path(driver(n), run_name='__main__')
    finally:
        options.pop('override_repr', None)
        np.set_printoptions(**options)
    assert output.getvalue() == PRINTED[n]
    # the host keeps its own signal handlers
    assert before == [signal.getsignal(n)
                      for n in (signal.SIGINT, signal.SIGPIPE)]


def test_in_a_thread():
    """A driver also runs in a thread, where it cannot handle signals."""
    code = '\n'.join([
        'import runpy, threading',
        'thread = threading.Thread(target=runpy.run_path, args=[{!r}],',
        '                          kwargs=dict(run_name="__main__"))',
        'thread.start()', 'thread.join()']).format(driver(2))
    output, complaints, _ = run([sys.executable, '-c', code], MAINS)
    assert (output, complaints) == (PRINTED[2], '')


def test_at_a_prompt():
    """A driver run by `%run` or `exec` leaves Ctrl-C to the prompt."""
    code = '\n'.join([
        'import runpy, signal, sys', 'sys.ps1 = ">>> "',
        'runpy.run_path({!r}, run_name="__main__")',
        'assert signal.getsignal(signal.SIGINT) == signal.default_int_handler'
    ]).format(driver(2))
    assert run([sys.executable, '-c', code], MAINS)[0] == PRINTED[2]


@pytest.mark.parametrize('n', [0, 2])
@pytest.mark.parametrize('closed', ['>&-', '2>&-', '>&- 2>&-'])
def test_a_stream_is_closed(n, closed, tmp_path):
    """The driver exits cleanly; a stream that is open gets all its output."""
    output, complaints, named = run(
        ['sh', '-c', '"$0" {}'.format(closed), driver(n)], tmp_path)
    assert output == ('' if closed.startswith('>') else PRINTED[n])
    assert complaints.split('\n')[:-1] == named
    assert len(os.listdir(str(tmp_path))) == (3 if n == 0 else 0)


def check_saved_elsewhere(output, complaints, named):
    """Assert that driver 0 named the folder and saved its figures."""
    assert output == PRINTED[0] and 'Traceback' not in complaints
    assert len(named) == 3 and len(complaints.split('\n')[:-1]) == 6
    for path in named:
        shutil.rmtree(os.path.dirname(path))


@pytest.mark.skipif(not os.path.isdir('/proc/self'), reason='needs Linux')
def test_a_folder_that_cannot_be_written():
    """The figures go to a temporary folder, which is named."""
    result = run([driver(0)], '/proc')
    assert '/proc/0-main-1.png: ' in result[1]
    check_saved_elsewhere(*result)


def test_a_folder_that_was_deleted(tmp_path):
    """The figures go to a temporary folder, which is named."""
    check_saved_elsewhere(*run(
        ['sh', '-c', 'mkdir gone && cd gone && rmdir ../gone && "$0"',
         driver(0)], tmp_path))


def test_a_full_disk_keeps_no_cut_figure(tmp_path):
    """A figure that does not fit leaves no file; an older figure stays."""
    (tmp_path / 'tmp').mkdir()
    (tmp_path / '0-main-1.png').write_text('of an earlier run')
    process = start(
        driver(0), tmp_path, env=dict(
            os.environ, TMPDIR=str(tmp_path / 'tmp'), MPLBACKEND=''),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE,
                                              (2000, 2000)))
    output, complaints = process.communicate()
    assert (process.returncode, output) == (0, PRINTED[0])
    assert complaints.count('0-main-2.png: this figure is not saved') == 1
    assert (tmp_path / '0-main-1.png').read_text() == 'of an earlier run'
    found = [name for _, _, names in os.walk(str(tmp_path)) for name in names]
    assert found == ['0-main-1.png']


@pytest.mark.parametrize('program, first', [
    (driver(4), 'After 0 epochs: '), (driver(5), 'Epoch 1/5'),
    (PROGRAMS[6], 'After 0 epochs: ')])
def test_ctrl_c_during_training(tmp_path, program, first):
    """The output so far stays; one word is added, and no traceback."""
    if program == driver(4):    # its first line comes after all digits
        program = with_fewer_digits(4, tmp_path)
    process = start(program, tmp_path, env=dict(os.environ, PYTHONPATH=MAINS))
    line = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, complaint = process.communicate()
    assert line.startswith(first)
    assert process.returncode == -signal.SIGINT
    assert 'Traceback' not in rest + complaint
    assert complaint.split('\n')[-2] == 'Interrupted.'


def ignore():
    """Ignore SIGINT, as `nohup make test &` does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def test_these_tests_hold_where_sigint_is_ignored():
    """Programs that tests start obey Ctrl-C again; a driver ignores it."""
    code = ('import signal{}; '
            'print(signal.getsignal(signal.SIGINT) == signal.SIG_IGN)')
    for importing, ignored in (
            ('', 'True'), (', surroundings; surroundings.prepare()', 'True'),
            (', conftest', 'False')):
        found = subprocess.check_output(
            [sys.executable, '-c', code.format(importing)], cwd=MAINS,
            env=dict(os.environ, PYTHONPATH=TESTS), preexec_fn=ignore)
        assert found.decode() == ignored + '\n'


def test_a_reader_that_has_seen_enough(tmp_path):
    """`./2-main.py | head -n 1` ends silently."""
    process = start(driver(2), tmp_path)
    assert process.stdout.readline().startswith('(array([[[[-4.24205')
    process.stdout.close()
    assert process.stderr.read() == ''
    assert process.wait() in (-signal.SIGPIPE, 0)
    process.stderr.close()


def test_the_same_seed_gives_the_same_numbers(mnist):
    """Training from scratch twice gives the same weights, bit for bit."""
    def train():
        """Take 40 steps and return all parameters."""
        rng = np.random.RandomState(0)
        theta = scratch.initialize(rng)
        adam = scratch.Adam(theta)
        scratch.train_epoch(adam, mnist['X_train'][..., None],
                            mnist['Y_train'], rng.permutation(1280))
        return theta
    np.testing.assert_array_equal(train(), train())


@pytest.mark.parametrize('epochs', ['-1', '0', 'many'])
def test_epochs_that_cannot_be(tmp_path, epochs):
    """Invalid epochs are refused in one line, before anything is drawn."""
    result = subprocess.run(
        [PROGRAMS[6], '--epochs', epochs], cwd=str(tmp_path),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        universal_newlines=True)
    assert (result.returncode, result.stdout) == (2, '')
    assert 'argument --epochs' in result.stderr.split('\n')[-2]
    assert os.listdir(str(tmp_path)) == []
