#!/usr/bin/env python3
"""The checker judges right, wrong and hostile answers correctly."""
import csv
import doctest
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
import types
import xml.etree.ElementTree
from pathlib import Path

import numpy as np
import pytest

from conftest import ROOT, TESTS

CHECK = os.path.join(ROOT, 'check')
sys.path.append(CHECK)
import cases  # noqa: E402
FILES = ['0-conv_forward.py', '1-pool_forward.py', '2-conv_backward.py',
         '3-pool_backward.py']
CONV, POOL, CONV_BACK, POOL_BACK = FILES
NO_WINDOW = 'y * sh:y * sh + kh, x * sw:x * sw + kw'
ONE = """window.ravel() == np.max(window)
                        mask[np.argmax(window) + 1:] = False
                        mask = mask.reshape(kh, kw)"""
# one mistake each: the file, the old text, the new text, the expected words
MISTAKES = [
    (CONV, 'activation(Z + b)', 'activation(Z)', 'bias is missing'),
    (CONV, 'activation(Z + b)', 'activation(Z) + b',
     'added after the activation'),
    (CONV, 'activation(Z + b)', 'Z + b', 'activation is missing'),
    (CONV, 'W[..., k]', 'W[::-1, ::-1, :, k]', 'turned by 180 degrees'),
    (CONV, 'sh, sw = stride', 'sw, sh = stride', 'strides are swapped'),
    (CONV, NO_WINDOW, 'y:y + kh, x:x + kw', 'stride is ignored'),
    (CONV, '_prev - 1) * s', "_prev - 1) + 0 * s", "'same' shrinks"),
    (POOL, 'np.mean(', 'np.sum(', 'not divided by kh * kw'),
    (POOL, 'np.max(window, axis=(1, 2))',
     'np.maximum(0, np.max(window, axis=(1, 2)))', 'below zero becomes 0'),
    (POOL, 'kh, kw = kernel_shape', 'kw, kh = kernel_shape',
     'Height and width of the window are exchanged'),
    (POOL, NO_WINDOW, 'y:y + kh, x:x + kw', 'stride is ignored'),
    (POOL, 'sh, sw = stride', 'sh, sw = kernel_shape',
     'as far apart as they are large'),
    (POOL, "'max':", "'avg':", 'average where the maximum is asked for'),
    (POOL, '    return A', '    A_prev[...] = 0\n    return A',
     'modifies its argument A_prev'),
    (CONV_BACK, 'dA_pad[:, top:top + h_prev, left:left + w_prev]', 'dA_pad',
     'zeros are not cropped'),
    (CONV_BACK, 'dA_pad[:, top:top + h_prev, left:left + w_prev]',
     'dA_pad[:, top:-top, left:-left]', 'empty where ph is 0'),
    (CONV_BACK, '+= W[..., k]', '+= W[::-1, ::-1, :, k]',
     'turned by 180 degrees'),
    (CONV_BACK, 'columns] += W', 'columns] = W', '`=` where `+=` belongs'),
    (CONV_BACK, 'dW[..., k] +=', 'dW[..., k] =', '`=` where `+=` belongs'),
    (CONV_BACK, 'return dA_prev, dW, db', 'return dA_prev, dW / m, db / m',
     'divided by m'),
    (CONV_BACK, 'return dA_prev, dW, db', 'return dW, dA_prev, db',
     'in another order'),
    (CONV_BACK, ', keepdims=True', '', 'db lost its shape'),
    (CONV_BACK, 'sh, sw = stride', 'sw, sh = stride', 'strides are swapped'),
    (POOL_BACK, 'window == np.max(window)', ONE, 'Only one of the pixels'),
    (POOL_BACK, 'mask * dA', 'mask / mask.sum() * dA', 'share the gradient'),
    (POOL_BACK, '+=', '=', '`=` where `+=` belongs'),
    (POOL_BACK, 'dA[i, y, x, k] / (kh * kw)', 'dA[i, y, x, k]',
     'here it gets dA'),
]


def judge(*args):
    """Run the checker; return its exit code, its output and its results."""
    path = '{}.json'.format(args[0])
    result = subprocess.run(
        [sys.executable, os.path.join(CHECK, 'check.py'), *map(str, args),
         '--json', path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        universal_newlines=True)
    with open(path) as file:
        tests = json.load(file)['tests']
    return result.returncode, result.stdout, tests


def judge_each(folders, *args):
    """Judge several folders in one run; return what it prints, and a list.

    The list has, for each folder, the results and all that they say. One run
    for several is quicker, as the right results are computed only once.
    """
    code, text, tests = judge(*folders, *args)
    found = []
    for folder in folders:
        begin = '{}, '.format(folder)
        ones = [dict(test, name=test['name'][len(begin):]) for test in tests
                if test['name'].startswith(begin)]
        found.append((ones, '\n'.join(test['output'] for test in ones)))
    assert code == any(failing(ones) for ones, _ in found)
    return text, found


def one_line(text):
    """Return a text as one line, as the checker may wrap it anywhere."""
    return ' '.join(text.split())


def failing(tests):
    """Return the names of the cases that fail."""
    return [test['name'] for test in tests if test['status'] != 'passed']


def change(path, old, new):
    """Replace a text in a file; it must be there."""
    text = path.read_text()
    assert old in text, old
    path.write_text(text.replace(old, new))


def answer(folder, file=None, old=None, new=None):
    """Write an answer to tasks 0 to 3, with one change; return its folder."""
    shutil.copytree(os.path.join(TESTS, 'answers'), str(folder),
                    ignore=shutil.ignore_patterns('__pycache__'))
    if file:
        change(folder / file, old, new)
    return folder


def ours(folder, file, *changes):
    """Copy one of our files, with (old, new) changes; return its folder."""
    folder.mkdir()
    shutil.copy(os.path.join(ROOT, file), str(folder))
    for old, new in changes:
        change(folder / file, old, new)
    return folder


def test_ours_is_right(tmp_path):
    """Our answers to all six tasks pass within 90 s."""
    start = time.perf_counter()
    folder = tmp_path / 'ours'
    folder.mkdir()
    for file in FILES + ['4-lenet5.py', '5-lenet5.py']:
        shutil.copy(os.path.join(ROOT, file), str(folder))
    code, text, tests = judge(folder)
    assert (code, failing(tests)) == (0, []), text
    assert len(tests) > 200 and text.count(' ok ') == 6
    assert 'Note' not in text
    points = [sum(test['name'][0] == n for test in tests) for n in '012345']
    assert min(points[:4]) >= 65 and max(points[:4]) <= 100
    assert points[4:] == [15, 15]
    assert time.perf_counter() - start < 90


def test_loops_are_right(tmp_path):
    """Nested loops for tasks 0 to 3 pass within 20 s, with a note on float64.
    """
    start = time.perf_counter()
    code, text, tests = judge(answer(tmp_path / 'loops'), '--only', '0-3')
    assert (code, failing(tests)) == (0, []), text
    assert 'Their dtype is float64' in one_line(text)
    assert time.perf_counter() - start < 20


def test_each_mistake_is_recognised(tmp_path):
    """Each mistake is blamed in its own file, and named.

    An answer has at most one mistake in each file, so that each of its files
    must be found right or wrong by itself. Of each file one right version is
    enough.
    """
    answers, expected = [], []
    for part in range(9):
        folder, mistakes = answer(tmp_path / 'answer{}'.format(part)), {}
        for file in FILES:
            ones = [mistake for mistake in MISTAKES if mistake[0] == file]
            if part < len(ones):
                _, old, new, mistakes[file] = ones[part]
                change(folder / file, old, new)
            elif part > len(ones):
                (folder / file).unlink()
        answers.append((folder, mistakes))
        expected.append([
            'wrong' if file in mistakes else
            'ok' if (folder / file).exists() else 'missing' for file in FILES])
    assert sum(len(mistakes) for _, mistakes in answers) == len(MISTAKES)
    text, found = judge_each([folder for folder, _ in answers], '--only',
                             '0-3')
    for (folder, mistakes), right, (tests, _) in zip(answers, expected, found):
        verdicts = re.search('^{} +(.*)'.format(re.escape(str(folder))), text,
                             re.MULTILINE).group(1).split()
        assert verdicts == right
        for file in mistakes:
            wrong = [test['output'] for test in tests if
                     test['status'] != 'passed' and test['name'].startswith(
                         '{}: '.format(file))]
            assert any(mistakes[file] in output for output in wrong), wrong[0]
            # the terminal shows each answer's own failures
            assert '{}, {}: '.format(folder, file) in one_line(text)


def test_pages_show_what_is_printed(tmp_path):
    """The page shows the output for three mistakes; only speed may differ.

    README shows a part of it.
    """
    folder = answer(tmp_path / 'my-cnn')
    for file, old, new, _ in (MISTAKES[7], MISTAKES[15], MISTAKES[23]):
        change(folder / file, old, new)
    code, text, _ = judge(folder, '--only', '0-3')
    part, shown = [
        page.read_text(encoding='utf-8').split('```text\n')[1].split('```')[0]
        for page in (Path(ROOT) / 'README.md', Path(CHECK) / 'README.md')]
    assert code == 1 and part in shown
    speed = r'ours is \S+ times'
    assert re.sub(speed, '', shown) == re.sub(speed, '', text)


def hostile(folder, body, top='', only='0'):
    """Write a right answer to task 0 that does something else first."""
    answer(folder, CONV, '    m, h_prev', textwrap.indent(
        textwrap.dedent(body).strip() or 'pass', '    ') + '\n    m, h_prev')
    text = (folder / CONV).read_text()
    (folder / CONV).write_text(text.replace(
        'import numpy as np\n', 'import numpy as np\n' + top))
    return folder


# what an answer does at stride (2, 2); what the checker says about it
LOSSES = {
    'loops for ever': ('while True:\n    pass', 'no result after 1 s'),
    'leaves Python': ('raise SystemExit(3)', 'SystemExit: 3'),
    'ends its process': ('__import__("os")._exit(3)', 'exit code 3'),
    'crashes': ('import os\nos.kill(os.getpid(), 11)', 'SIGSEGV'),
    'takes memory': ('np.ones(2 ** 30)', 'MemoryError'),
    'takes memory bit by bit': (
        'a = []\nwhile True:\n    a.append(bytes(2 ** 26))', 'MemoryError'),
    'reads': ('input()', 'EOFError'),
    'recurses': ('f = lambda n: f(n)\nf(0)', 'RecursionError'),
    'raises': ('raise KeyError(stride)', 'KeyError: (2, 2) (0-conv_forward.'
               'py, line 9)'),
}


def test_a_loss_is_one_cases(tmp_path):
    """Only the cases at stride (2, 2) fail, and they say what happened."""
    folders = [hostile(tmp_path / what, 'if stride == (2, 2):\n' +
                       textwrap.indent(body, '    '))
               for what, (body, _) in LOSSES.items()]
    _, found = judge_each(folders, '--only', '0', '--limit', '1', '--memory',
                          '1.5')
    for folder, (tests, output), (_, said) in zip(folders, found,
                                                  LOSSES.values()):
        lost = [name for name in failing(tests) if 'rules' not in name]
        assert lost == ['0-conv_forward.py: ' + name for name in (
            'stride 2', 'stride 2, the last windows do not fit',
            'stride 2, same', 'stride 2, same, odd number of zeros')], folder
        assert said in output
    # the last answer's call can be pasted, and fails as the checker says
    line = output.split('Try it: ')[1].split('\n')[0]
    result = subprocess.run([sys.executable, '-c', line], cwd=str(folder),
                            stderr=subprocess.PIPE)
    assert b'KeyError: (2, 2)' in result.stderr


# what an answer returns; what the checker says of it
ODD_RESULTS = {
    'None': 'result is NoneType None, expected an array.',
    '[[1.]]': 'result is list [[1.0]], expected an array.',
    'Z + 0j': 'result holds complex128, expected real numbers.',
    'Z.astype(object)': 'result is ndarray: array(',
    'object()': 'result is object: <object object',
    'Z[0]': 'result has the shape (3, 3, 1), expected (1, 3, 3, 1).',
    'Z * np.nan': 'result[0, 0, 0, 0] is nan, expected '}


def test_odd_results_are_described(tmp_path):
    """Whatever is returned, the case fails and the checker does not."""
    folders = [answer(tmp_path / str(n), CONV, 'activation(Z + b)', value)
               for n, value in enumerate(ODD_RESULTS)]
    _, found = judge_each(folders, '--only', '0')
    for (tests, output), (value, said) in zip(found, ODD_RESULTS.items()):
        assert failing(tests) and said in output, value


# what else an answer does when it is imported, and when it is called
ODD_ANSWERS = {
    'prints': ('print("hello")\n', 'print(A_prev)'),
    'floods': ('', 'for _ in range(1000):\n    print("a" * 10000)'),
    'warns': ('', '__import__("warnings").warn("this")'),
    'closes': ('import sys\nsys.stdout.close()\n', ''),
    'seeds': ('np.random.seed(1)\n', 'np.seterr(all="raise")'),
    'starts a thread': (
        'import threading\n', 'threading.Thread('
        'target=threading.Event().wait, daemon=True).start()'),
    'imports a neighbour': (
        'pool_forward = __import__("1-pool_forward").pool_forward\n', ''),
    'deletes itself': ('', '__import__("os").path.exists(__file__) and '
                       '__import__("os").remove(__file__)')}


def test_odd_answers_may_be_right(tmp_path):
    """Every result is right; at most, rules are broken."""
    folders = [hostile(tmp_path / what, body, top)
               for what, (top, body) in ODD_ANSWERS.items()]
    before = [(folder / CONV).read_text() for folder in folders]
    text, found = judge_each(folders, '--only', '0')
    for what, (tests, _) in zip(ODD_ANSWERS, found):
        assert all('rules' in name for name in failing(tests)), what
    assert len(text) < 10000
    assert [(folder / CONV).read_text() for folder in folders] == before


# what a file does instead of being imported; what the checker says of it
NO_IMPORT = [
    ('def f(:\n', 'SyntaxError'), ('import nothing_such\n', 'nothing_such'),
    ('import time\ntime.sleep(60)\n', 'no result after 1 s'),
    ('raise SystemExit\n', 'SystemExit'), ('1 / 0\n', 'line 4'),
    ('\0\n', 'null bytes')]


def test_a_file_that_cannot_be_imported(tmp_path):
    """The checker says so once and quickly, and judges the other files."""
    folders = [hostile(tmp_path / str(n), '', top)
               for n, (top, _) in enumerate(NO_IMPORT)]
    start = time.perf_counter()
    text, found = judge_each(folders, '--only', '0,1', '--limit', '1')
    assert time.perf_counter() - start < 40
    for (tests, output), (_, said) in zip(found, NO_IMPORT):
        assert said in output
        assert not any(name.startswith('1') for name in failing(tests))
    assert text.count('cannot be imported') == len(folders)


def test_many_endless_loops_end(tmp_path):
    """After three endless loops, each other case gets only one second."""
    folder = hostile(tmp_path / 'answer', 'while m_is_large(A_prev):\n'
                     '    pass',
                     'm_is_large = lambda A: len(A) > 2\n')
    start = time.perf_counter()
    code, text, tests = judge(folder, '--only', '0', '--limit', '2')
    lost = [name for name in failing(tests) if 'rules' not in name]
    assert code == 1 and 3 < len(lost) < 20
    assert 'no result after 2 s' in text
    assert 'no result after 1 s' in json.dumps(tests)
    assert time.perf_counter() - start < 40


def test_rules_are_judged(tmp_path):
    """Each rule that a file breaks is named, and no other."""
    folder = answer(tmp_path / 'answer')
    code = (folder / CONV).read_text().replace('#!/usr/bin/env', '#!/usr/bin')
    (folder / CONV).write_text(code.rstrip())
    os.chmod(str(folder / CONV), 0o644)
    code = (folder / POOL).read_text().replace(
        'import numpy as np', 'import numpy as np\nimport math')
    (folder / POOL).write_text(code.replace(
        '"""Return the maximum or the average of each window."""', 'pass'))
    code = (folder / CONV_BACK).read_text()
    (folder / CONV_BACK).write_text(code.replace('"same"', '"valid"'))
    (folder / POOL_BACK).unlink()
    _, text, tests = judge(folder, '--only', '0-3')
    assert [name.split(': ', 1) for name in failing(tests)
            if 'rules' in name] == [
        [CONV, 'rules: the first line is #!/usr/bin/env python3'],
        [CONV, 'rules: the file is executable'],
        [CONV, 'rules: the file ends with a new line'],
        [CONV, 'rules: pycodestyle'],
        [POOL, 'rules: module, classes and functions have documentation'],
        [POOL, 'rules: only what the task allows is imported'],
        [CONV_BACK, "rules: the function and its arguments are the task's"],
        [POOL_BACK, 'rules: the file is there']]
    assert 'W292' in text and 'chmod +x 0-conv_forward.py' in text
    assert "'import math', allowed is 'import numpy as np'" in text
    assert 'There is no docstring for: pool_forward.' in text
    assert '3-pool_backward.py  missing' in text


def test_windows_line_ends_are_named(tmp_path):
    """The message gives the reason, which is invisible in most editors."""
    folder = answer(tmp_path / 'answer')
    text = (folder / CONV).read_text()
    (folder / CONV).write_bytes(text.replace('\n', '\r\n').encode())
    _, text, _ = judge(folder, '--only', '0')
    assert 'Save the file with Unix line ends' in one_line(text)


def test_reports(tmp_path):
    """JUnit's XML and the table hold the results of two answers."""
    one = answer(tmp_path / 'one')
    two = answer(tmp_path / 'two', POOL, 'np.mean(', 'np.sum(')
    (two / POOL_BACK).unlink()
    code, text, tests = judge(
        one, two, '--only', '1,3', '--junitxml', tmp_path / 'junit.xml',
        '--csv', tmp_path / 'table.csv')
    assert code == 1
    with open(str(tmp_path / 'table.csv')) as file:
        assert list(csv.reader(file)) == [
            ['answer', '1-pool_forward', '3-pool_backward'],
            [str(one), 'ok', 'ok'], [str(two), 'wrong', 'missing']]
    found = xml.etree.ElementTree.parse(str(tmp_path / 'junit.xml'))
    assert len(found.findall('.//testcase')) == len(tests)
    assert len(found.findall('.//failure')) == len(failing(tests))
    assert all(set(test) == {'name', 'status', 'score', 'max_score',
                             'output'} for test in tests)


def test_short_calls_are_timed_often():
    """The first calls of a fresh process are slow; none of them may count."""
    calls = []

    def brief():
        """Take 5 ms in each of the first five calls."""
        calls.append(brief)
        time.sleep(.005 if len(calls) <= 5 else 0)

    worker = importlib.import_module('worker')
    found = worker.duration(types.SimpleNamespace(brief=brief), 'brief()')
    assert found < .005


def test_a_reader_may_leave(tmp_path):
    """With `| head -1`, the judging ends as usual, and reports are written."""
    folder = answer(tmp_path / 'answer', POOL, 'np.mean(', 'np.sum(')
    command = '{} {} {} --only 1 --json {} 2>{}; echo $? >{}'.format(
        sys.executable, os.path.join(CHECK, 'check.py'), folder,
        *(tmp_path / name for name in ('json', 'errors', 'code')))
    shown = subprocess.check_output(['sh', '-c', '({}) | head -1'.format(
        command)])
    assert shown.split() == [b'rules', b'cases']
    assert (tmp_path / 'code').read_text() == '1\n'
    assert (tmp_path / 'errors').read_text() == ''
    assert json.loads((tmp_path / 'json').read_text())['tests']


@pytest.mark.parametrize('args, said', [
    (['nowhere'], 'nowhere is no folder'),
    ([TESTS], 'holds none of 0-conv_forward.py'),
    ([ROOT, '--only', '7'], 'there are tasks 0 to 5'),
    ([ROOT, '--only', 'x'], 'invalid'),
    ([ROOT, '--limit', '-1'], 'not positive'),
    ([ROOT, '--json', '/no/where'], '/no is no folder to write into'),
    ([ROOT, '--csv', ROOT], 'is a folder')])
def test_wrong_commands_are_refused(args, said):
    """A wrong command is refused in one line, besides argparse's usage."""
    result = subprocess.run(
        [sys.executable, os.path.join(CHECK, 'check.py')] + args,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        universal_newlines=True)
    assert result.returncode and said in result.stderr
    assert 'Traceback' not in result.stderr


@pytest.mark.parametrize('name', ['answer', 'cases', 'check', 'lenet',
                                  'mistakes', 'rules', 'questions'])
def test_examples_in_docstrings(name):
    """The examples in the checker's docstrings are true."""
    assert not doctest.testmod(importlib.import_module(name),
                               optionflags=doctest.ELLIPSIS).failed


def arguments(file, call):
    """Return the arguments of a call, by name."""
    return cases.evaluate(call, {
        CONV: lambda A_prev, W, b, activation, padding='same',
        stride=(1, 1): locals(),
        POOL: lambda A_prev, kernel_shape, stride=(1, 1), mode='max':
        locals(),
        CONV_BACK: lambda dZ, A_prev, W, b, padding='same', stride=(1, 1):
        locals(),
        POOL_BACK: lambda dA, A_prev, kernel_shape, stride=(1, 1), mode='max':
        locals()}[file])


def every_case(also):
    """Return (file, case) for each case with `also` as a second source."""
    return [pytest.param(file, case, id='{}: {}'.format(file, case.name))
            for file in FILES for case in cases.cases(file)
            if also in case.also]


def with_tensorflow(dZ=None, dA=None, activation=None, **given):
    """Return TensorFlow's result for a call, in the form of a definition's."""
    import tensorflow as tf
    A_prev, stride = tf.constant(given['A_prev'].astype(float)), given[
        'stride']
    gradient = dA if dZ is None else dZ
    with tf.GradientTape() as tape:
        tape.watch(A_prev)
        if 'W' in given:
            W, b = (tf.constant(given[name].astype(float)) for name in 'Wb')
            tape.watch([W, b])
            Z = tf.nn.conv2d(A_prev, W, stride,
                             given['padding'].upper()) + b
        else:
            pool = {'max': tf.nn.max_pool2d, 'avg': tf.nn.avg_pool2d}[
                given['mode']]
            Z = pool(A_prev, given['kernel_shape'], stride, 'VALID')
        if gradient is not None:
            cost = tf.reduce_sum(Z * gradient.astype(float))
    if gradient is None:
        Z = Z.numpy()
        return activation(Z) if activation else Z
    if 'W' in given:
        return tuple(part.numpy() for part in tape.gradient(
            cost, (A_prev, W, b)))
    return tape.gradient(cost, A_prev).numpy()


@pytest.mark.parametrize('file, case', every_case(cases.TENSORFLOW))
def test_tensorflow_gives_the_same(file, case):
    """TensorFlow agrees in each case for which the checker says so."""
    right = cases.right(file, case.call)
    found = with_tensorflow(**arguments(file, case.call))
    for one, other in zip(*(part if isinstance(part, tuple) else (part,)
                            for part in (right, found))):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('file, case', every_case(cases.DIFFERENCES))
def test_finite_differences_give_the_same(file, case):
    """In random directions, gradients are the slopes of sum(outputs * dZ)."""
    given = arguments(file, case.call)
    names = ['A_prev', 'W', 'b'] if file == CONV_BACK else ['A_prev']
    gradient = given.pop('dZ' if file == CONV_BACK else 'dA')
    forward = cases.conv_forward
    if file == CONV_BACK:
        given['activation'] = np.positive
    else:
        forward = cases.pool_forward
    right = cases.right(file, case.call)
    right = right if isinstance(right, tuple) else (right,)
    rng = np.random.RandomState(0)
    for name, exact in zip(names, right):
        direction, step = rng.randn(*given[name].shape), 1e-3
        costs = [(forward(**dict(given, **{
            name: given[name] + sign * step * direction})) * gradient).sum()
            for sign in (1, -1)]
        difference = (costs[0] - costs[1]) / (2 * step)
        np.testing.assert_allclose((exact * direction).sum(), difference,
                                   rtol=1e-5, atol=1e-5 * max(
                                       1, np.abs(exact).max()))


@pytest.mark.parametrize('file, case', every_case(cases.PUBLISHED))
def test_the_course_published_the_same(file, case):
    """The definition gives what the course's page shows, up to rounding."""
    with open(os.path.join(TESTS, 'course', {
            CONV_BACK: '2-transcript.txt',
            POOL_BACK: '3-listing-transcript.txt'}[file])) as page:
        published = page.read()
    # NumPy 2 adds the shape of an array that is not printed whole
    ours = re.sub(r', shape=\([^)]*\)', '', str(cases.right(file,
                                                            case.call)))
    one, other = (np.array(re.findall(r'-?\d+\.\d*(?:e[-+]\d+)?', text),
                           float) for text in (published, ours))
    assert one.size > 20
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


GRAPH, KERAS = '4-lenet5.py', '5-lenet5.py'
# the mistakes of three networks; each is described on its own
NETWORKS = [
    [(GRAPH, 'scale=2.0', 'scale=1.0', 'scale=1.0, the default'),
     (GRAPH, 'entropy(y, logits)', 'entropy(y, y_pred)',
      'the loss is given the softmax'),
     (GRAPH, 'AdamOptimizer()', 'AdamOptimizer(0.01)',
      'the learning rate is 0.01, expected the default, 0.001')],
    [(GRAPH, 'A, 120, 84, tf.nn.relu', 'A, 120, 84',
      'the fully connected layer of 84 has no ReLU')],
    [(KERAS, "'he_normal'}", "'glorot_uniform'}", "Glorot's, the default"),
     (KERAS, ", metrics=['accuracy']", '', 'the accuracy is no metric')],
]


def test_each_mistake_in_a_network_is_recognised(tmp_path):
    """The checker describes the mistake correctly."""
    folders = [ours(tmp_path / str(n), mistakes[0][0],
                    *[mistake[1:3] for mistake in mistakes])
               for n, mistakes in enumerate(NETWORKS)]
    _, found = judge_each(folders, '--only', '4,5')
    for mistakes, (tests, _) in zip(NETWORKS, found):
        wrong = [test['output'] for test in tests
                 if test['status'] != 'passed' and
                 test['name'].startswith(mistakes[0][0])]
        assert len(wrong) >= len(mistakes)
        for _, _, _, said in mistakes:
            assert any(said in output for output in wrong), wrong


def test_networks_as_students_write_them(tmp_path):
    """They pass, but task 4 only where TensorFlow still has tf.layers."""
    import tensorflow
    layers = tuple(map(int, tensorflow.__version__.split('.')[:2])) < (2, 16)
    code, text, tests = judge(answer(tmp_path / 'answer'), '--only', '4,5')
    assert code == (0 if layers else 1)
    assert not [name for name in failing(tests) if name.startswith('5')]
    if not layers:
        assert 'Judge this file with PYTHON=python3.8.' in one_line(text)
        assert len(failing(tests)) == 6     # all questions that run it


# a dozen of the changes that tools/mutate.py makes
MUTANTS = [
    (CONV, 'zeros - zeros // 2', 'zeros + zeros // 2'),
    (CONV, 'wide[:, j * sw:j * sw + kw, :, j] = W', 'pass'),
    (CONV, 'copies[part] = pixels', 'copies[part] = 0 * pixels'),
    (CONV, '[:, :, :w_new]', '[:, :, :w_new + 1]'),
    (POOL, 'flat[s * c:s', 'flat[s + c:s'),
    (POOL, 'down = combine(down, pixels[:, r:stop + r:sh])', 'pass'),
    (CONV_BACK, 'dkernels += multiply', 'dkernels -= multiply'),
    (CONV_BACK, 'if y.start == 0:', 'if i.start == 0:'),
    (CONV_BACK, 'zeros - zeros // 2', 'zeros + zeros // 2'),
    (POOL_BACK, '[i:i + n], kh * kw', '[i:i + n], kh + kw'),
    (POOL_BACK, 'held *= chosen', 'pass'),
    (POOL_BACK, 'last - j >= first', 'last - j > first'),
]


def test_small_changes_of_ours_are_noticed(tmp_path):
    """The checker notices a dozen changes of the mutation run."""
    folders = [ours(tmp_path / str(n), file, (old, new))
               for n, (file, old, new) in enumerate(MUTANTS)]
    _, found = judge_each(folders, '--only', '0-3', '--limit', '5')
    for (tests, _), mutant in zip(found, MUTANTS):
        assert any(name.startswith(mutant[0]) and 'rules' not in name
                   for name in failing(tests)), mutant
