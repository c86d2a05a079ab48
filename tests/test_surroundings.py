#!/usr/bin/env python3
"""In a hostile environment, drivers still print, or say plainly why not."""
import contextlib
import os
import pty
import re
import resource
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

import surroundings
from conftest import (MAINS, PRINTED, ROOT, TESTS, driver, pretended, run,
                      start, with_fewer_digits)

FEWER = '(500, 26, 26, 2)\n'       # what driver 0 prints for 500 digits
EXAMPLES = [os.path.join(ROOT, 'examples', name + '.py') for name in (
    'lenet5_from_scratch', 'distributed', 'beyond_memory')]


def complaint_of(program, cwd, **how):
    """Return the one line with which a program ends that must fail."""
    process = start(program, cwd=str(cwd), **how)
    complaint = process.communicate()[1]
    assert process.returncode == 1 and 'Traceback' not in complaint
    return complaint.split('\n')[-2]


@pytest.mark.parametrize('program', [driver(2)] + EXAMPLES)
def test_the_data_are_missing(tmp_path, program):
    """Every program says what is missing and how to repair it."""
    for room in 'mains', 'examples':
        shutil.copytree(os.path.join(ROOT, room), str(tmp_path / room))
    for name in os.listdir(ROOT):
        if name[0].isdigit():
            shutil.copy(os.path.join(ROOT, name), str(tmp_path))
    line = complaint_of(tmp_path / os.path.relpath(program, ROOT), tmp_path)
    assert line.startswith(str(tmp_path / 'data' / 'MNIST.npz') + ': ')
    assert 'git checkout' in line and 'data/README.md' in line


def check_refused(monkeypatch, path, words, *parts):
    """Assert that a file in place of MNIST.npz is refused in one line."""
    monkeypatch.setattr(surroundings, 'MNIST', str(path))
    with pytest.raises(SystemExit) as caught:
        surroundings.load_mnist(*parts)
    assert str(caught.value).startswith(str(path) + ': ')
    assert words in str(caught.value) and '\n' not in str(caught.value)


@pytest.mark.parametrize('name, change, words', [
    ('Y_valid', lambda Y: None, 'Y_valid is not a file'),
    ('X_test', lambda X: X[1:], 'float32 (9999, 28, 28)'),
    ('X_valid', lambda X: (X * 256).astype(np.uint8), 'X_valid is uint8'),
    ('X_valid', lambda X: X * 256, 'from 0.0 to 255.0, expected'),
    ('X_test', lambda X: np.where(X == X[9, 9, 9], np.nan, X), 'from nan to'),
    ('Y_test', lambda Y: np.where(Y == 7, 99, Y), 'from 0 to 99, expected'),
    ('Y_valid', lambda Y: Y * 1., 'Y_valid is float64')])
def test_the_data_are_others(tmp_path, monkeypatch, mnist, name, change,
                             words):
    """An array that is missing, or not as it must be, is named."""
    part = name[2:]
    lib = {key: mnist[key] for key in ('X_' + part, 'Y_' + part)}
    lib[name] = change(lib[name])
    np.savez(str(tmp_path / 'npz'), **{
        key: array for key, array in lib.items() if array is not None})
    check_refused(monkeypatch, tmp_path / 'npz.npz', words, part)


@pytest.mark.parametrize('damage', [
    lambda npz: b'', lambda npz: npz[:10 ** 6], lambda npz: npz[:-1],
    lambda npz: npz[:10 ** 7] + b'changed' + npz[10 ** 7 + 7:],
    lambda npz: npz.replace(b'\x00\x00\x08\x00', b'\x01\x00\x08\x00')],
    ids=['empty', 'cut', 'cut by 1', 'changed', 'password'])
def test_the_data_are_damaged(tmp_path, monkeypatch, damage):
    """A file that is cut, changed or cannot be read is reported."""
    with open(surroundings.MNIST, 'rb') as file:
        (tmp_path / 'npz').write_bytes(damage(file.read()))
    check_refused(monkeypatch, tmp_path / 'npz', '')


@pytest.mark.parametrize('make', [os.mkdir, os.mkfifo])
def test_the_data_are_no_file(tmp_path, monkeypatch, make):
    """A folder or a pipe is reported; nothing waits for the pipe."""
    make(str(tmp_path / 'npz'))
    check_refused(monkeypatch, tmp_path / 'npz', 'no such file')


def limit(kind, most):
    """Return a function that sets a limit, for a program that starts."""
    return lambda: resource.setrlimit(kind, (most, most))


def test_too_little_memory(tmp_path):
    """One line says so, and does not call the data damaged."""
    line = complaint_of(
        driver(2), tmp_path, env=dict(os.environ, OPENBLAS_NUM_THREADS='1'),
        preexec_fn=limit(resource.RLIMIT_AS, 250 << 20))
    assert 'memory' in line or 'allocate' in line
    assert 'git checkout' not in line


def test_a_full_output(tmp_path):
    """One line says so."""
    with open('/dev/full', 'w') as full:
        assert complaint_of(driver(3), tmp_path, stdout=full).endswith(
            'No space left on device')


@pytest.mark.parametrize('lines', [
    ['import contextlib, io', 'output = io.StringIO()',
     'with contextlib.redirect_stdout(output): drive()',
     'print(output.getvalue(), end="")'],
    ['import threading', 'thread = threading.Thread(target=drive)',
     'thread.start()', 'thread.join()'],
    ['import sys', 'sys.ps1 = ">>> "', 'drive()']],
    ids=['a string', 'a thread', 'a prompt'])
def test_inside_another_program(lines):
    """The output is the same; Ctrl-C is left to the other program."""
    code = '\n'.join([
        'import runpy, signal', 'def drive(): runpy.run_path('
        f'{driver(2)!r}, run_name="__main__")'] + lines + [
        'assert signal.getsignal(signal.SIGINT) == signal.default_int_handler'
    ])
    assert run([sys.executable, '-c', code], MAINS)[:2] == (PRINTED[2], '')


def drawn(folder, where='"$@"', **variables):
    """Run driver 0 for 500 digits; return output, complaints, PNG files.

    It starts in an empty folder, in which a shell does what `where` says.
    """
    (folder / 'driver').mkdir()
    program = with_fewer_digits(driver(0), folder / 'driver', 500)
    (folder / 'here').mkdir()
    return run(['sh', '-c', where, 'sh', sys.executable, program],
               folder / 'here', **dict(variables, PYTHONPATH=MAINS))


@pytest.mark.parametrize('backend', [
    '', 'TkAgg', 'nonsense', 'module://matplotlib_inline.backend_inline',
    'svg', 'template'])
def test_no_window(tmp_path, backend):
    """Whatever cannot open a window saves figures, and says so if asked for.
    """
    output, complaints, named = drawn(tmp_path, MPLBACKEND=backend)
    assert output == FEWER and len(named) == 3
    words = [line for line in complaints.split('\n')[:-1] if line not in named]
    assert len(words) == bool(backend) and backend in ''.join(words)


@pytest.mark.parametrize('closed', ['>&-', '2>&-', '>&- 2>&-'])
def test_a_stream_is_closed(closed, tmp_path):
    """The driver exits cleanly; a stream that is open gets all its output."""
    output, complaints, named = drawn(tmp_path, '"$@" ' + closed)
    assert output == ('' if closed.startswith('>') else FEWER)
    assert complaints.split('\n')[:-1] == named
    assert len(list((tmp_path / 'here').iterdir())) == 3
    output, complaints, _ = run(['sh', '-c', '"$0" ' + closed, driver(2)], '/')
    assert output == ('' if closed.startswith('>') else PRINTED[2])
    assert complaints == ''


@pytest.mark.parametrize('where', [
    'cd /proc && "$@"', 'mkdir gone && cd gone && rmdir ../gone && "$@"'],
    ids=['cannot be written', 'deleted'])
def test_a_folder_that_takes_no_figures(tmp_path, where):
    """The figures go to a temporary folder, which is named."""
    output, complaints, named = drawn(tmp_path, where, TMPDIR=str(tmp_path))
    assert output == FEWER and 'Traceback' not in complaints
    assert len(named) == 3 and len(complaints.split('\n')[:-1]) == 6


def test_a_full_disk_keeps_no_cut_figure(tmp_path):
    """A figure that does not fit leaves no file; an older figure stays."""
    (tmp_path / '0-main-1.png').write_text('of an earlier run')
    (tmp_path / 'driver').mkdir()
    process = start(
        with_fewer_digits(driver(0), tmp_path / 'driver', 500),
        cwd=str(tmp_path), preexec_fn=limit(resource.RLIMIT_FSIZE, 2000),
        env=dict(os.environ, TMPDIR=str(tmp_path), MPLBACKEND='',
                 PYTHONPATH=MAINS))
    output, complaints = process.communicate()
    assert (process.returncode, output) == (0, FEWER)
    assert complaints.count('0-main-2.png: this figure is not saved') == 1
    assert (tmp_path / '0-main-1.png').read_text() == 'of an earlier run'
    assert [name for _, _, names in os.walk(str(tmp_path))
            for name in names if name != '0-main.py'] == ['0-main-1.png']


@pytest.mark.parametrize('program, first', [
    (driver(4), r'After 0 epochs: .*\s.*\d/500\D'), (driver(5), 'Epoch 1/5'),
    (EXAMPLES[0], 'After 0 epochs: '), (driver(0), 'now')])
def test_ctrl_c(tmp_path, program, first):
    """The output so far stays; one word is added, and no traceback.

    On a terminal, driver 4 shows a bar. Driver 0 is still importing.
    """
    if program in (driver(4), EXAMPLES[0]):     # these read all digits first
        program = with_fewer_digits(program, tmp_path, 500)
    if program == driver(0):    # a package that takes its time
        (tmp_path / 'matplotlib').mkdir()
        (tmp_path / 'matplotlib' / '__init__.py').write_text(
            'import time; print("now"); time.sleep(60)')
    screen, terminal = pty.openpty()
    path = os.pathsep.join([MAINS, ROOT, str(tmp_path)])
    process = start(program, stdout=terminal, env=dict(
        os.environ, PYTHONPATH=path), cwd=str(tmp_path))
    shown = ''
    os.close(terminal)
    while not re.search(first, shown):
        shown += os.read(screen, 1000).decode(errors='replace')
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate()
    with contextlib.suppress(OSError):      # at the end of a terminal
        while True:
            shown += os.read(screen, 1000).decode(errors='replace')
    os.close(screen)
    assert process.returncode == -signal.SIGINT
    assert 'Traceback' not in shown + complaint
    assert complaint.split('\n')[-2] == 'Interrupted.'


def test_ctrl_c_that_is_ignored():
    """A driver under `nohup` goes on; what the tests start obeys again."""
    for module, ignored in ('surroundings', 'True'), ('conftest', 'False'):
        code = ('import signal, {0}; getattr({0}, "prepare", int)(); print('
                'signal.getsignal(signal.SIGINT) == signal.SIG_IGN)')
        found = subprocess.check_output(
            [sys.executable, '-c', code.format(module)], cwd=MAINS,
            env=dict(os.environ, PYTHONPATH=TESTS),
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
        assert found.decode() == ignored + '\n'


def test_a_reader_that_has_seen_enough():
    """`./2-main.py | head -n 1` ends silently."""
    with start(driver(2)) as process:
        assert process.stdout.readline().startswith('(array([[[[-4.24205')
        process.stdout.close()
        assert process.stderr.read() == ''
    assert process.returncode in (-signal.SIGPIPE, 0)


def test_keras_json(tmp_path):
    """Task 5 and the drivers do not depend on a user's settings of Keras."""
    (tmp_path / '.keras').mkdir()
    (tmp_path / '.keras' / 'keras.json').write_text(
        '{"image_data_format": "channels_first", "backend": "jax"}')
    code = '\n'.join([
        'import surroundings', 'surroundings.prepare()',
        'import tensorflow.keras as K', 'X = K.Input((28, 28, 1))',
        'assert K.backend.image_data_format() == "channels_first"',
        'model = __import__("5-lenet5").lenet5(X)',
        'assert model.count_params() == 61706'])
    run([sys.executable, '-c', code], MAINS, HOME=str(tmp_path))


@pytest.fixture
def make(tmp_path):
    """Return a function that runs make with a Python that only pretends."""
    shutil.copy(os.path.join(ROOT, 'Makefile'), str(tmp_path))
    for room in '.', 'check', 'my answer':
        (tmp_path / room).mkdir(exist_ok=True)
        (tmp_path / room / 'requirements.txt').write_text('')
    (tmp_path / 'check' / 'check.py').write_text('')

    def run_make(version, *arguments):
        """Return the exit code and what is printed."""
        result = subprocess.run(
            ['make', f'PYTHON={tmp_path}/a bin/python3', *arguments],
            cwd=str(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            universal_newlines=True, env=pretended(tmp_path, version))
        return result.returncode, result.stdout, result.stderr
    return run_make


@pytest.mark.parametrize('version, words', [
    ('3.14', 'is Python 3.14: '), ('2.7', 'is Python 2.7: '),
    ('', 'does not run here: ')])
def test_a_python_that_is_refused(make, tmp_path, version, words):
    """One line says so, besides make's own, and nothing is made."""
    code, printed, complaint = make(version, 'run')
    assert (code, printed, complaint.count('\n')) == (2, '', 2)
    assert words in complaint and not list(tmp_path.glob('.venv*'))


def test_a_broken_download_and_spaces(make, tmp_path):
    """One line says what failed; the next try succeeds. Spaces are kept."""
    (tmp_path / 'broken').write_text('')
    code, _, complaint = make('3.13', 'check', 'ANSWER=my answer')
    assert (code, complaint.count('\n')) == (2, 2) and 'no numpy' in complaint
    (tmp_path / 'broken').unlink()
    code, printed, complaint = make('3.13', 'check', 'ANSWER=my answer')
    assert (code, complaint) == (0, '')
    assert printed.endswith('<check/check.py><my answer>')
    assert make('3.13', 'check', 'ANSWER=. ..')[1].endswith('<.><..>')
    assert make('3.13', 'check')[1].endswith('<check/check.py><.>')
