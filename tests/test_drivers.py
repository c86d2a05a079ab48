#!/usr/bin/env python3
"""The drivers run as programs and print what the course prints."""
import ast
import os
import re
import subprocess
import sys

import numpy as np
import pytest

import rules
from conftest import (LOAD, MAINS, PRINTED, ROOT, TESTS, course, driver, run,
                      source, with_fewer_digits)

sys.path.append(os.path.join(TESTS, 'tools'))
import trained  # noqa: E402

FIGURES = {0: 3, 1: 4, 2: 0, 3: 0, 4: 1, 5: 1}
OWN = {'README.md': 'My school', 'supervised_learning/data/MNIST.npz': 'mine',
       'supervised_learning/cnn/1-pool_forward.py': 'def pool_forward(): ...',
       'supervised_learning/cnn/README.md': 'My networks'}


@pytest.mark.parametrize('command, cwd', [
    ('mains/2-main.py', ROOT), ('./2-main.py', MAINS), (driver(2), '/')])
def test_driver_2_from_anywhere(command, cwd):
    """It finds the task file and the data wherever it is started."""
    assert run([command], cwd)[:2] == (PRINTED[2], '')


def test_driver_3_with_the_numbers_of_its_transcript(tmp_path):
    """With 2 in place of 3, the driver prints the transcript to the byte."""
    changed = source(driver(3)).replace('// 3', '// 2').replace('3, 3', '2, 2')
    (tmp_path / '3-main.py').write_text(changed)
    output, _, _ = run([sys.executable, '3-main.py'], tmp_path,
                       PYTHONPATH=MAINS)
    assert output == course('3-transcript.txt') != PRINTED[3]


def statements(program):
    """Return a program's statements, without docstrings and our additions."""
    lines = []
    for line in program.split('\n'):
        code, _, mark = line.partition('  # ')
        mark = mark.replace('noqa: E402', '').strip(' #')
        if mark.startswith('instead of: '):
            assert code.count(LOAD) == 1
            line = code.replace(LOAD, mark[12:])
        elif mark.startswith('added here: '):
            assert code.count(', ' + mark[12:]) == 1
            line = code.replace(', ' + mark[12:], '')
        if not mark.startswith('added') or mark.startswith('added here'):
            lines.append(line)
    tree = ast.parse('\n'.join(lines))
    for node in ast.walk(tree):
        if (isinstance(node, (ast.Module, ast.FunctionDef)) and
                ast.get_docstring(node)):
            del node.body[0]
    return [ast.dump(node) for node in tree.body]


@pytest.mark.parametrize('n', FIGURES)
def test_they_are_the_courses_drivers(n):
    """Every statement is the course's, except those marked as ours."""
    assert 0 < len(re.findall('# added|# instead', source(driver(n)))) <= 9
    assert (statements(source(driver(n))) ==
            statements(course(f'{n}-main.txt')))


@pytest.mark.parametrize('n', PRINTED)
def test_the_four_packages_print_the_published_output(n, tmp_path):
    """The output matches byte for byte; figures go to the current folder.

    What the rooms need besides is not imported; drivers 2 and 3 need NumPy
    alone. (.ci/run also starts them where nothing else is installed.)
    """
    refused = ['tensorflow', 'matplotlib', 'pycodestyle'] * (n in (2, 3))
    for room in 'tests', 'examples', 'benchmarks':
        refused += re.findall(r'^[\w-]+', source(
            room, 'requirements.txt'), re.MULTILINE)
    (tmp_path / 'refused').mkdir()
    for name in refused:
        (tmp_path / 'refused' / (name.replace('-', '_') + '.py')).write_text(
            'raise ImportError')
    output, complaints, named = run(
        [driver(n)], tmp_path, PYTHONPATH=str(tmp_path / 'refused'))
    assert 'pytest' in refused and output == PRINTED[n]
    assert named == [str(tmp_path / f'{n}-main-{i + 1}.png')
                     for i in range(FIGURES[n])]
    assert complaints.split('\n')[:-1] == named


@pytest.mark.parametrize('n', [4, 5])
def test_drivers_4_and_5(n, tmp_path):
    """They learn, predict 3 and save that digit; there is no bar."""
    output, complaints, named = run(
        [sys.executable, with_fewer_digits(driver(n), tmp_path, 1500)],
        tmp_path, PYTHONPATH=MAINS)
    reached = trained.accuracies(f'{n}-main.py', output)
    assert len(reached) == {4: 11, 5: 5}[n] and reached[-1] > .9
    probabilities = np.array(re.findall(
        r'\d\.\d+(?:e[-+]\d+)?', output[output.rindex('['):]), float)
    assert probabilities.shape == (10,) and probabilities.argmax() == 3
    assert abs(probabilities.sum() - 1) < 1e-5
    assert [os.path.basename(path) for path in named] == [f'{n}-main-1.png']
    assert '\b' not in output and '/1500' not in output + complaints


def whole_run(reached):
    """Return what `make run` prints of drivers 5 and 4, in short."""
    return '\n'.join(
        ['== mains/5-main.py'] +
        [f'Epoch {i}/5\n1563/1563 - 9s - accuracy: 0.9 - val_accuracy: '
         f'{reached if i == 3 else .981}' for i in range(1, 6)] +
        ['== mains/5-main.py took 88 s', '== mains/4-main.py'] +
        [f'After {i} epochs: 0.1 cost, 0.9 accuracy, 0.1 validation cost, '
         '0.986 validation accuracy' for i in range(11)] + [''])


@pytest.mark.parametrize('printed, complaint', [
    (whole_run(.985), ''),
    (whole_run(.984), '5-main.py: validation accuracies [0.981, 0.981, 0.984'),
    (whole_run(.985).replace('986', '98'), '4-main.py: validation acc'),
    (whole_run(.985).replace('y: 0.981\nEpoch 3', 'y: 0.97\nEpoch 3'),
     '5-main.py: validation accuracies [0.981, 0.97, 0.985'),
    (whole_run(.985).replace('After 7', 'Not 7'), '4-main.py: validation acc'),
    ('', '5-main.py: validation accuracies [], expected 5')],
    ids=['right', 'driver 5', 'driver 4', 'slow', 'no epoch 7', 'empty'])
def test_all_epochs_are_judged(printed, complaint):
    """A run in which a driver did not learn, or did not end, is refused."""
    result = subprocess.run([sys.executable, trained.__file__], input=printed,
                            stderr=subprocess.PIPE, universal_newlines=True)
    assert result.returncode == bool(complaint)
    assert complaint in result.stderr if complaint else not result.stderr


@pytest.mark.parametrize('own', [{}, OWN], ids=['empty', 'own files'])
def test_what_is_handed_in(tmp_path, mnist, own):
    """README's commands add what is missing, and change no file.

    The course's own drivers, unmodified, run beside the answers.
    """
    block, = re.findall(r'((?: {4}.*\n)*.*cp -.*\n(?: {4}.*\n)*)',
                        source('README.md'))
    os.symlink(ROOT, str(tmp_path / 'cnn-answers'))
    mine = tmp_path / 'mine'
    for name, content in own.items():
        (mine / name).parent.mkdir(parents=True, exist_ok=True)
        (mine / name).write_text(content)
    mine.mkdir(exist_ok=True)
    subprocess.run(['sh', '-c', block], cwd=str(mine), check=not own)
    assert all((mine / name).read_text() == own[name] for name in own)
    folder = mine / 'supervised_learning' / 'cnn'
    assert sorted(os.listdir(str(folder))) == [*rules.TASKS, 'README.md']
    assert own or all(os.access(str(folder / name), os.X_OK)
                      for name in rules.TASKS)
    for n in [] if own else FIGURES:
        if n == 4:      # they are ours, line by line, and ours learn
            np.savez(str(folder.parent / 'data' / 'MNIST.npz'),
                     **{name: array[:500] for name, array in mnist.items()})
        (folder / 'main.py').write_text(course(f'{n}-main.txt'))
        (folder / 'main.py').chmod(0o755)
        output, _, named = run(['./main.py'], folder, PYTHONPATH=MAINS,
                               MPLBACKEND='module://save_figures')
        assert len(named) == FIGURES[n]
        # today's NumPy adds this when it abbreviates an array
        assert n > 3 or output.replace(
            ', shape=(10, 28, 28, 1)', '') == PRINTED[n]
