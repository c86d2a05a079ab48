#!/usr/bin/env python3
"""The drivers run as programs and print what the course prints."""
import ast
import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from importlib import metadata

import numpy as np
import pytest

from conftest import ROOT, TESTS

MAINS = os.path.join(ROOT, 'mains')
FIGURES = {0: 3, 1: 4, 2: 0, 3: 0, 4: 1, 5: 1}
FOUR = ['numpy', 'tensorflow', 'matplotlib', 'pycodestyle']


def run(command, cwd, **variables):
    """Run a program to its end; return its output, complaints, PNG files.

    The program has no display. It must succeed, and each file that it names
    among its complaints must be a PNG file.
    """
    env = {name: value for name, value in os.environ.items()
           if name not in ('DISPLAY', 'WAYLAND_DISPLAY', 'MPLBACKEND')}
    env.update(variables)
    result = subprocess.run(
        command, cwd=str(cwd), env=env, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, universal_newlines=True)
    assert result.returncode == 0, result.stderr
    named = re.findall(r'^(/.*\.png)$', result.stderr, re.MULTILINE)
    for path in named:
        with open(path, 'rb') as file:
            assert file.read(8) == b'\x89PNG\r\n\x1a\n'
    return result.stdout, result.stderr, named


def driver(n):
    """Return the path of driver n."""
    return os.path.join(MAINS, '{}-main.py'.format(n))


def course(name):
    """Return one of the course's texts."""
    with open(os.path.join(TESTS, 'course', name)) as file:
        return file.read()


# what the course's listings print, according to the course; driver 3's
# transcript was made with other numbers than its listing, so the output of the
# listing is taken from an older page
PRINTED = {n: course('{}-transcript.txt'.format(name))
           for n, name in enumerate(['0', '1', '2', '3-listing'])}


def numbers(text):
    """Return all decimal numbers in a text."""
    return np.array(re.findall(r'-?\d+\.\d*(?:e[-+]\d+)?', text), float)


@pytest.mark.parametrize('command, cwd', [
    ('mains/2-main.py', ROOT), ('./2-main.py', MAINS),
    (os.path.join(MAINS, '2-main.py'), '/')])
def test_driver_2_from_anywhere(command, cwd):
    """It finds the task file and the data wherever it is started."""
    output, complaints, _ = run([command], cwd)
    assert (output, complaints) == (PRINTED[2], '')


def test_driver_3_with_the_numbers_of_its_transcript(tmp_path):
    """With 2 in place of 3, the driver prints the transcript to the byte."""
    with open(driver(3)) as file:
        listing = file.read()
    changed = listing.replace('// 3', '// 2').replace('(3, 3)', '(2, 2)')
    assert changed != listing
    (tmp_path / '3-main.py').write_text(changed)
    output, _, _ = run([sys.executable, '3-main.py'], tmp_path,
                       PYTHONPATH=MAINS)
    assert output == course('3-transcript.txt')


def without_additions(text):
    """Return the text of a driver without our additions."""
    lines = []
    for line in text.split('\n'):
        code, _, mark = line.partition('  # ')
        mark = mark.replace('noqa: E402', '').strip(' #')
        if mark.startswith('instead of: '):
            line = code.replace('surroundings.load_mnist()', mark[12:])
            assert line != code
        elif mark.startswith('added here: '):
            assert code.count(mark[12:]) == 1
            line = code.replace(', ' + mark[12:], '')
        elif mark.startswith('added'):
            continue
        lines.append(line)
    return '\n'.join(lines)


def statements(text):
    """Return a program's statements as text, without docstrings."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if (isinstance(node, (ast.Module, ast.FunctionDef)) and
                ast.get_docstring(node)):
            del node.body[0]
    return [ast.dump(node) for node in tree.body]


@pytest.mark.parametrize('n', FIGURES)
def test_they_are_the_courses_drivers(n):
    """Every statement is the course's, except those marked as ours."""
    with open(driver(n)) as file:
        text = file.read()
    assert 0 < text.count('# added') + text.count('# instead') <= 9
    assert (statements(without_additions(text)) ==
            statements(course('{}-main.txt'.format(n))))


def needed_by(names):
    """Return the names of these distributions and of all they depend on."""
    found = set()
    names = list(names)
    while names:
        name = re.sub('[-_.]+', '-', names.pop()).lower()
        if name in found:
            continue
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:   # for another platform
            continue
        found.add(name)
        names += [re.match(r'[\w.-]+', need).group() for need in needs
                  if 'extra ==' not in need]
    return found


@pytest.fixture(scope='session')
def the_four_alone(tmp_path_factory):
    """Return a folder of modules that refuse to be imported.

    They have the names of all modules of this environment, except those of the
    course's four packages and their dependencies.
    """
    allowed = needed_by(FOUR + ['keras', 'protobuf'])
    assert 'pytest' not in allowed and 'h5py' in allowed
    folder = tmp_path_factory.mktemp('refusing')
    ours, theirs = set(), set()
    for distribution in metadata.distributions():
        name = re.sub('[-_.]+', '-', distribution.metadata['Name']).lower()
        modules = {str(path).split('/')[0].split('.')[0]
                   for path in distribution.files or [] if
                   str(path).endswith('.py') and not str(path).startswith('.')}
        (theirs if name in allowed else ours).update(modules)
    assert 'pytest' in ours and 'tensorflow' in theirs
    for module in ours - theirs:
        (folder / (module + '.py')).write_text(
            'raise ModuleNotFoundError("No module named {!r}")'.format(module))
    return folder


@pytest.mark.parametrize('n', PRINTED)
def test_the_four_packages_print_the_published_output(n, the_four_alone,
                                                      tmp_path):
    """The output matches byte for byte; figures go to the current folder.

    Nothing else is imported; drivers 2 and 3 need NumPy alone.
    """
    assert (the_four_alone / 'pytest.py').exists()
    blocked, folder = [the_four_alone], tmp_path / 'folder'
    folder.mkdir()
    if n in (2, 3):
        for name in FOUR[1:]:
            (tmp_path / (name + '.py')).write_text('raise ImportError')
        blocked.append(tmp_path)
    output, complaints, named = run(
        [driver(n)], folder, PYTHONPATH=os.pathsep.join(map(str, blocked)))
    assert output == PRINTED[n]
    assert named == [str(folder / '{}-main-{}.png'.format(n, i + 1))
                     for i in range(FIGURES[n])]
    assert complaints.split('\n')[:-1] == named


def check_probabilities(lines):
    """Assert that the lines are a softmax that predicts 3, the first digit."""
    probabilities = numbers(''.join(lines))
    assert probabilities.shape == (10,) and probabilities.argmax() == 3
    assert abs(probabilities.sum() - 1) < 1e-5


def with_fewer_digits(n, folder):
    """Write driver n into a folder, for 5,000 digits; return its name.

    All 50,000 take minutes; tests/tools/trained.py judges what they give.
    """
    name, load = '{}-main.py'.format(n), 'lib = surroundings.load_mnist()'
    with open(driver(n)) as file:
        listing = file.read()
    assert listing.count(load) == 1
    (folder / name).write_text(listing.replace(
        load, 'lib = {name: array[:5000] for name, array in '
        'surroundings.load_mnist().items()}'))
    return name


def test_driver_4(tmp_path, the_four_alone):
    """It prints a line for each epoch, and the digit, but no bar."""
    output, complaints, named = run(
        [sys.executable, with_fewer_digits(4, tmp_path)], tmp_path,
        PYTHONPATH=os.pathsep.join([str(the_four_alone), MAINS]))
    lines = output.split('\n')
    line = re.compile(r'After (\d+) epochs: [\d.e-]+ cost, [\d.]+ accuracy, '
                      r'[\d.e-]+ validation cost, ([\d.]+) validation '
                      r'accuracy$')
    found = [line.match(text) for text in lines[:11]]
    assert [int(match.group(1)) for match in found] == list(range(11))
    accuracy = [float(match.group(2)) for match in found]
    assert accuracy[0] < .3 and accuracy[-1] > .93
    check_probabilities(lines[11:])
    assert named == [str(tmp_path / '4-main-1.png')]
    assert '/5000' not in output + complaints


def test_driver_5(tmp_path, the_four_alone):
    """It prints a line for each epoch, and the digit, but no bar."""
    output, _, named = run(
        [sys.executable, with_fewer_digits(5, tmp_path)], tmp_path,
        PYTHONPATH=os.pathsep.join([str(the_four_alone), MAINS]))
    lines = output.split('\n')
    assert lines[0:10:2] == ['Epoch %d/5' % (i + 1) for i in range(5)]
    accuracy = [float(re.search(r'val_accuracy: (\d\.\d+)', text).group(1))
                for text in lines[1:10:2]]
    assert accuracy[-1] > .93
    check_probabilities(lines[10:])
    assert named == [str(tmp_path / '5-main-1.png')]
    assert '\b' not in output


def whole_run(reached):
    """Return what `make run` prints of drivers 5 and 4, in short."""
    return '\n'.join(
        ['== mains/5-main.py'] +
        ['Epoch {}/5\n1563/1563 - 9s - accuracy: 0.9 - val_accuracy: {}'
         .format(i, reached if i == 3 else .981) for i in range(1, 6)] +
        ['== mains/5-main.py took 88 s', '== mains/4-main.py'] +
        ['After {} epochs: 0.1 cost, 0.9 accuracy, 0.1 validation cost, {} '
         'validation accuracy'.format(i, .986) for i in range(11)] + [''])


@pytest.mark.parametrize('printed, complaint', [
    (whole_run(.985), ''),
    (whole_run(.984), '5-main.py: validation accuracies [0.981, 0.981, 0.984'),
    (whole_run(.985).replace('986', '98'), '4-main.py: validation acc'),
    (whole_run(.985).replace('y: 0.981\nEpoch 3', 'y: 0.97\nEpoch 3'),
     '5-main.py: validation accuracies [0.981, 0.97, 0.985'),
    (whole_run(.985).replace('After 7', 'Not 7'), '4-main.py: epochs [0, 1'),
    ('', '5-main.py: epochs [] and 0 accuracies')],
    ids=['right', 'driver 5', 'driver 4', 'slow', 'no epoch 7', 'empty'])
def test_all_epochs_are_judged(printed, complaint):
    """A run in which a driver did not learn, or did not end, is refused."""
    result = subprocess.run(
        [sys.executable, os.path.join(TESTS, 'tools', 'trained.py')],
        input=printed, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        universal_newlines=True)
    assert result.stdout == printed
    assert result.returncode == bool(complaint)
    assert complaint in result.stderr if complaint else not result.stderr


@pytest.fixture
def course_folder(tmp_path):
    """Return a folder as checkers make it: task files and drivers in one."""
    folder = tmp_path / 'work'
    folder.mkdir()
    (tmp_path / 'data').mkdir()
    for name in os.listdir(ROOT):
        if re.match(r'\d-.*\.py$', name):
            shutil.copy(os.path.join(ROOT, name), str(folder))
    for n in range(6):
        target = folder / '{}-main.py'.format(n)
        target.write_text(course('{}-main.txt'.format(n)))
        target.chmod(0o755)
    return folder


@pytest.mark.parametrize('n', [0, 1, 2, 3])
def test_the_courses_own_drivers(course_folder, n):
    """Unmodified drivers find ../data/MNIST.npz; the backend saves figures."""
    os.symlink(os.path.join(ROOT, 'data', 'MNIST.npz'),
               str(course_folder.parent / 'data' / 'MNIST.npz'))
    output, _, named = run(
        ['./{}-main.py'.format(n)], course_folder, PYTHONPATH=MAINS,
        MPLBACKEND='module://save_figures')
    assert len(named) == FIGURES[n]
    # today's NumPy adds this when it abbreviates an array
    assert output.replace(', shape=(10, 28, 28, 1)', '') == PRINTED[n]


@pytest.mark.parametrize('n', [4, 5])
def test_the_courses_own_lenet_drivers(course_folder, mnist, n):
    """Unmodified drivers train on a tenth of the digits, and draw."""
    np.savez(str(course_folder.parent / 'data' / 'MNIST.npz'),
             **{name: array[:5000] for name, array in mnist.items()})
    output, _, named = run(
        ['./{}-main.py'.format(n)], course_folder, PYTHONPATH=MAINS,
        MPLBACKEND='module://save_figures')
    assert [os.path.basename(path) for path in named] == [
        '{}-main-1.png'.format(n)]
    if n == 4:
        assert re.findall(r'^After (\d+) epochs', output, re.MULTILINE) == [
            str(epoch) for epoch in range(11)]
        assert float(re.findall(r'(\d\.\d+) validation accuracy',
                                output)[-1]) > .93
    else:
        assert float(re.findall(r'val_accuracy: (\d\.\d+)',
                                output)[-1]) > .93


def on_a_terminal(command, cwd, until=None, **variables):
    """Run a program on a terminal, to its end or until it shows a text.

    Return what the terminal showed.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack('4H', 24, 80, 0, 0))
    process = subprocess.Popen(command, cwd=str(cwd), stdout=theirs,
                               stderr=theirs,
                               env=dict(os.environ, **variables))
    os.close(theirs)
    shown = b''
    try:
        while until is None or until not in shown:
            chunk = os.read(ours, 4096)
            if not chunk:
                break
            shown += chunk
    except OSError:  # Linux's error at the end of a terminal
        pass
    if until:
        process.terminate()
    os.close(ours)
    assert process.wait() == 0 or until in shown
    return shown.decode()


def test_driver_4_shows_a_person_a_bar(tmp_path):
    """On a terminal there is a progress bar; test_driver_4 sees none."""
    shown = on_a_terminal([sys.executable, with_fewer_digits(4, tmp_path)],
                          tmp_path, b'/5000', PYTHONPATH=MAINS)
    assert 'After 0 epochs: ' in shown
    assert re.search(r'\d+/5000', shown)


def test_a_backend_asked_for_is_kept(tmp_path):
    """A backend that the user names is kept, and nothing is saved."""
    _, _, named = run([driver(0)], tmp_path, MPLBACKEND='agg')
    assert named == [] and os.listdir(str(tmp_path)) == []


@pytest.mark.parametrize('backend', ['', 'TkAgg'])
def test_a_backend_that_cannot_open_a_window(tmp_path, backend):
    """Without a backend, or with one that needs a display, figures are saved.
    """
    output, complaints, named = run([driver(0)], tmp_path, MPLBACKEND=backend)
    assert output == PRINTED[0] and len(named) == FIGURES[0]
    words = [line for line in complaints.split('\n')[:-1]
             if line not in named]
    assert len(words) == bool(backend) and backend in ''.join(words)
